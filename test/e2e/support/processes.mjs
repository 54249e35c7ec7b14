// Engine processes, seen from outside.
import { execFileSync } from 'node:child_process';
import { untilTrue } from '../../../scripts/n8n/client.mjs';

/** Pids of the engine processes that a process started. */
export function enginesOf(pid) {
	return processes()
		.filter(
			({ parent, command }) => parent === pid && /dinomaly-engine|engine\/process\.js/.test(command),
		)
		.map((found) => found.pid);
}

/** Waits until none of the processes lives. */
export function untilGone(pids, timeoutMs) {
	const what = `engine processes ${pids.join(', ')} to be gone`;
	return untilTrue(what, timeoutMs, () => pids.every((pid) => !isAlive(pid)));
}

export function isAlive(pid) {
	return processes().some((found) => found.pid === pid && !found.command.includes('<defunct>'));
}

function processes() {
	const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args=']).toString().trim().split('\n');
	return lines.map((line) => {
		const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
		return { pid: Number(pid), parent: Number(parent), command };
	});
}

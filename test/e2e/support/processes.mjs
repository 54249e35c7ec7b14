// Engine processes, seen from outside.
import { execFileSync } from 'node:child_process';
import { untilTrue } from '../../../scripts/n8n/client.mjs';

/** Why engine processes cannot be seen here; false when they can. */
export const noPs = process.platform === 'win32' && 'processes are looked up with ps, which Windows has not';
/** An engine notices after three seconds at most that its host is gone (src/engine/watchdog.ts); a busy machine lets it wait. */
export const GONE_MS = 30_000;

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

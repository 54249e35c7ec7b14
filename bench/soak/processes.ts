import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Tally } from './tally';

/** Every process that the soak starts inherits it; its value is the soak's own. */
export const MARK = 'DINOMALY_SOAK';

/** A closed engine exits within two seconds, or is killed. */
const GONE_WITHIN_MS = 10_000;

export interface MarkedProcess {
	readonly pid: number;
	readonly parent: number;
	readonly command: string;
}

/** Living processes that were started, however indirectly, by the soak of this mark, without the soak itself. */
export function markedProcesses(mark: string): MarkedProcess[] {
	const found: MarkedProcess[] = [];
	for (const name of readdirSync('/proc')) {
		const pid = Number(name);
		if (!Number.isInteger(pid) || pid === process.pid) continue;
		try {
			if (!readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(`${MARK}=${mark}`))
				continue;
			const stat = statFields(pid);
			if (stat.state !== 'Z') found.push({ pid, parent: stat.parent, command: stat.command });
		} catch {
			// gone meanwhile, or another user's
		}
	}
	return found;
}

/** Every process must be gone a moment after the engine was closed. */
export async function checkNoneLeft(tally: Tally, mark: string): Promise<void> {
	for (let waited = 0; markedProcesses(mark).length > 0 && waited < GONE_WITHIN_MS; waited += 100)
		await pause(100);
	for (const { pid, command } of markedProcesses(mark))
		tally.broke('processes', `process ${String(pid)} (${command}) is left at the end`);
}

/** A process that nobody has waited for yet is no longer alive. */
export function isAlive(pid: number): boolean {
	try {
		return statFields(pid).state !== 'Z';
	} catch {
		return false;
	}
}

/** Resident memory in MB; undefined when the process is gone. */
export function residentMb(pid: number): number | undefined {
	try {
		const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
		return line === null ? undefined : Number(line[1]) / 1000;
	} catch {
		return undefined;
	}
}

/** How many files, sockets and pipes a process holds open. */
export function openFiles(pid: number): number | undefined {
	try {
		return readdirSync(`/proc/${String(pid)}/fd`).length;
	} catch {
		return undefined;
	}
}

/** Fields of proc(5), stat: the command's name is in brackets and may hold any letter. */
function statFields(pid: number): {
	readonly command: string;
	readonly state: string;
	readonly parent: number;
} {
	const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
	const end = text.lastIndexOf(')');
	const [state, parent] = text.slice(end + 2).split(' ');
	return { command: text.slice(text.indexOf('(') + 1, end), state, parent: Number(parent) };
}

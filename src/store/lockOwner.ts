import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode } from '../files/diskError';

/** The process that holds a lock. */
export interface LockOwner {
	readonly token: string;
	readonly pid: number;
	readonly host: string;
	/** ISO 8601. */
	readonly since: string;
	/** Tells a process from a later one with the same number; Linux only. */
	readonly birth?: string;
	/** Where the number means something: containers can share a host name and yet number their own processes; Linux only. */
	readonly pidSpace?: string;
}

/** This process as the owner of one new lock. */
export function describeThisProcess(): LockOwner {
	return {
		token: randomUUID(),
		pid: process.pid,
		host: hostname(),
		since: new Date().toISOString(),
		birth: birthOf(process.pid),
		pidSpace: pidSpace(),
	};
}

/** Reads the owner from a lock file; undefined while the file is being written, or when it is gone or damaged. */
export async function readOwner(path: string): Promise<LockOwner | undefined> {
	try {
		const owner = JSON.parse(await readFile(path, 'utf8')) as Partial<LockOwner> | null;
		const whole =
			typeof owner?.pid === 'number' &&
			typeof owner.host === 'string' &&
			typeof owner.token === 'string';
		return whole ? (owner as LockOwner) : undefined;
	} catch {
		return undefined;
	}
}

/** Whether the owner is known to have ended; false as well when it cannot be seen from here. */
export function hasEnded({ pid, host, birth, pidSpace: space }: LockOwner): boolean {
	if (host !== hostname() || space !== pidSpace()) return false;
	try {
		process.kill(pid, 0);
	} catch (error) {
		return errorCode(error) === 'ESRCH'; // a process of another user may not be signalled, but lives
	}
	return birth !== undefined && birth !== birthOf(pid);
}

/** Start time of a process in ticks since boot (proc(5), stat field 22): a restarted container deals the same numbers again. */
function birthOf(pid: number): string | undefined {
	if (process.platform !== 'linux') return undefined;
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
		return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
	} catch {
		return undefined;
	}
}

function pidSpace(): string | undefined {
	if (process.platform !== 'linux') return undefined;
	try {
		return readlinkSync('/proc/self/ns/pid');
	} catch {
		return undefined;
	}
}

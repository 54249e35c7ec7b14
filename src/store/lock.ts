import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import { createFile, removeUnfinished } from '../files/createFile';
import { explainWriteError, whenMissing } from '../files/diskError';
import { startHeartbeat } from './heartbeat';
import { describeThisProcess, hasEnded, readOwner, type LockOwner } from './lockOwner';

export interface LockOptions {
	/** What is locked, as the user knows it: "the training of model "bolts"". */
	readonly what: string;
	/** How long to wait for another holder before STORE_BUSY. */
	readonly waitMs?: number;
	/** A holder that gave no sign of life for this long is taken to be gone. */
	readonly staleAfterMs?: number;
	/** How often a holder gives a sign of life. */
	readonly heartbeatMs?: number;
}

export interface Lock {
	/** Whether it is still ours: false once another process took it for stale and over. */
	isHeld(): Promise<boolean>;
	/** Gives it back; a second call does nothing. */
	release(): Promise<void>;
}

interface Entry {
	readonly generation: number;
	readonly file: string;
	readonly free: boolean;
}

/** Six heartbeats missed: the machine is gone or asleep. A process that ended on this machine is noticed at once. */
const STALE_AFTER_MS = 60_000;
const HEARTBEAT_MS = 10_000;
const POLL_MS = 25;
/** A file without an owner's line for this long was left by a process that died before it wrote that. */
const STARTING_MS = 5_000;
/** So many numbers stay taken after their use: whoever acts on a listing that is older than that finds it out by listing again. */
const KEPT_NUMBERS = 32;
const ENTRY = /^([0-9]{1,15})\.(held|free)$/;

/**
 * Takes the advisory lock that lives in `folder` (made when absent), across processes and machines that share the folder; throws
 * STORE_BUSY naming the holder.
 *
 * The folder holds numbered files, of which the highest counts. To take the lock is to create the next number, which the file system
 * grants to one process only; it may be tried when the highest number is marked free, or held by a process that is gone. Numbers never go
 * down, and a number that was used stays taken for a while: a listing may miss a file that is renamed at that moment, and who then tries a
 * former number anew finds it.
 */
export async function acquireLock(folder: string, options: LockOptions): Promise<Lock> {
	const { waitMs = 0, staleAfterMs = STALE_AFTER_MS, heartbeatMs = HEARTBEAT_MS } = options;
	const deadline = Date.now() + waitMs;
	await makeFolder(folder);
	for (;;) {
		const newest = await newestEntry(folder);
		const holder = await livingHolder(folder, newest, staleAfterMs);
		if (holder === undefined) {
			const lock = await claim(folder, (newest?.generation ?? 0) + 1, heartbeatMs);
			if (lock !== undefined) return lock;
		} else if (Date.now() >= deadline) {
			throw busy(options.what, holder, join(folder, newest?.file ?? ''));
		}
		await pause(POLL_MS * (0.5 + Math.random()));
	}
}

/** Runs `action` while holding the lock. */
export async function withLock<T>(
	folder: string,
	options: LockOptions,
	action: () => Promise<T>,
): Promise<T> {
	const lock = await acquireLock(folder, options);
	try {
		return await action();
	} finally {
		await lock.release();
	}
}

/** Creates entry `generation`; undefined when another process was faster. */
async function claim(folder: string, generation: number, heartbeatMs: number): Promise<Lock | undefined> {
	const held = join(folder, `${generation}.held`);
	const owner = describeThisProcess();
	if (!(await createFile(held, JSON.stringify(owner)))) return undefined;
	// A listing that was read long ago, or in the middle of a renaming, may have missed this number or a higher one.
	const isUsed = (await whenMissing(stat(freed(held)), undefined)) !== undefined;
	if (isUsed || (await newestEntry(folder))?.generation !== generation) {
		await rm(held, { force: true });
		return undefined;
	}
	await settleOlder(folder, generation);
	return startHolding(held, owner, heartbeatMs);
}

function startHolding(held: string, owner: LockOwner, heartbeatMs: number): Lock {
	const stopHeartbeat = startHeartbeat(held, heartbeatMs);
	return {
		isHeld: async () => (await readOwner(held))?.token === owner.token,
		release: async () => {
			stopHeartbeat();
			await whenMissing(rename(held, freed(held)), undefined); // missing: released before, or taken over
		},
	};
}

async function livingHolder(
	folder: string,
	entry: Entry | undefined,
	staleAfterMs: number,
): Promise<string | undefined> {
	if (entry === undefined || entry.free) return undefined;
	const path = join(folder, entry.file);
	const found = await whenMissing(stat(path), undefined);
	if (found === undefined) return undefined; // freed or overtaken since it was listed: claiming the next number will tell
	const silentMs = Date.now() - found.mtimeMs;
	if (silentMs > staleAfterMs) return undefined;
	const owner = await readOwner(path);
	if (owner === undefined) return silentMs > STARTING_MS ? undefined : 'a process that is just starting';
	if (hasEnded(owner)) return undefined;
	return `process ${owner.pid} on ${owner.host} since ${owner.since}`;
}

async function newestEntry(folder: string): Promise<Entry | undefined> {
	let newest: Entry | undefined;
	for (const entry of await listEntries(folder)) {
		if (newest === undefined || entry.generation > newest.generation) newest = entry;
	}
	return newest;
}

/** Takes the lock from holders that are gone, and lets go of numbers that nobody can still be about to use. */
async function settleOlder(folder: string, generation: number): Promise<void> {
	for (const entry of await listEntries(folder)) {
		if (entry.generation >= generation) continue;
		const path = join(folder, entry.file);
		if (!entry.free) await whenMissing(rename(path, freed(path)), undefined);
		else if (entry.generation <= generation - KEPT_NUMBERS) await rm(path, { force: true });
	}
	await removeUnfinished(folder);
}

/** The name of a lock's file once its holder has let go. */
function freed(held: string): string {
	return held.replace(/held$/, 'free');
}

async function listEntries(folder: string): Promise<Entry[]> {
	const entries: Entry[] = [];
	for (const file of await readdir(folder)) {
		const match = ENTRY.exec(file);
		if (match !== null) entries.push({ generation: Number(match[1]), file, free: match[2] === 'free' });
	}
	return entries;
}

async function makeFolder(folder: string): Promise<void> {
	try {
		await mkdir(folder, { recursive: true });
	} catch (error) {
		throw await explainWriteError(error, folder);
	}
}

function busy(what: string, holder: string, path: string): DinomalyError {
	return new DinomalyError('STORE_BUSY', `Expected ${what} to be free, found it in use by ${holder}`, {
		hint: `Wait until it has ended; if that process is gone for certain, delete ${path} and try again.`,
	});
}

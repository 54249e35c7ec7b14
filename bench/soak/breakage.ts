import { spawn } from 'node:child_process';

/** Ways to break a promise on purpose, which shows that its check can fail (`--break NAME`, more than once for several). */
export const BREAKAGES = [
	'lostItem',
	'doubledItem',
	'wrongScore',
	'strangeError',
	'silentCall',
	'otherSeed',
	'lostCheckpoint',
	'otherMetric',
	'hostMemory',
	'engineMemory',
	'openFiles',
	'orphan',
	'leftFile',
	'leftKey',
	'noKills',
] as const;

export type Breakage = (typeof BREAKAGES)[number];

/** Throws when one of the names is none of them. */
export function checkBreakages(names: readonly string[]): ReadonlySet<Breakage> {
	const known: readonly string[] = BREAKAGES;
	const strange = names.find((name) => !known.includes(name));
	if (strange !== undefined)
		throw new Error(`Expected one of ${BREAKAGES.join(', ')} after --break, found "${strange}"`);
	return new Set(names as Breakage[]);
}

/** Leaves a process behind for a while that lost its parent. */
export function leaveOrphan(): void {
	spawn('sh', ['-c', 'sleep 30 &'], { detached: true, stdio: 'ignore' }).unref();
}

import { setTimeout as pause } from 'node:timers/promises';
import type { Engine } from '../../src/engine/host';
import type { Random } from '../../src/random';
import type { Calls } from './calls';
import type { SoakData } from './data';
import type { Expected } from './expected';
import type { Breakage } from './breakage';
import type { Tally } from './tally';
import type { Workshop } from './workerPool';

/** What all parts of the load share. */
export interface Soak {
	readonly engine: Engine;
	readonly calls: Calls;
	readonly data: SoakData;
	readonly expected: Expected;
	readonly tally: Tally;
	/** Random numbers of one part of the load. */
	readonly random: (part: string) => Random;
	/** Fires when no new work is to begin; what has begun comes to its end. */
	readonly over: AbortSignal;
	readonly durationMs: number;
	readonly breakages: ReadonlySet<Breakage>;
	/** Absent where an engine beside the host computes. */
	readonly workshop?: Workshop;
}

/** Waits, or less when the soak is over. */
export async function rest({ over }: Pick<Soak, 'over'>, ms: number): Promise<void> {
	await pause(ms, undefined, { signal: over }).catch(() => undefined);
}

/** Between the two numbers. */
export function between(random: Random, least: number, most: number): number {
	return least + (most - least) * random.next();
}

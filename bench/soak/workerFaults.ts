import { setTimeout as pause } from 'node:timers/promises';
import { between, rest, type Soak } from './context';
import { gapOf, isQuiet, KILLS, STOPS } from './faults';
import type { Workshop } from './workerPool';

export const WORKERS = 2;
const REDIS_RESTARTS = { times: 12, leastGapMs: 25_000 };
const KILLED_SHARE = 0.5;
const ENGINE_KILLED_SHARE = 0.3;
const DOWN_MS = [0, 6000] as const;
/** Beyond 20 seconds another worker may take what it has in hand. */
const PAUSED_MS = [2000, 30_000] as const;
const REDIS_AWAY_MS = [0, 8000] as const;

/** Kills a worker, or its engine, or tells it to stop, now and then. */
export async function runWorkerKills(soak: Soak, { pool, mark }: Workshop): Promise<void> {
	const random = soak.random('worker kills');
	const began = Date.now();
	const gap = gapOf(KILLS, soak.durationMs);
	for (;;) {
		await rest(soak, between(random, 0.8 * gap, 1.2 * gap));
		if (soak.over.aborted) return;
		const [which, lot, downMs] = [random.integer(WORKERS), random.next(), between(random, ...DOWN_MS)];
		if (isQuiet(soak, began) || soak.breakages.has('noKills')) continue;
		if (lot < KILLED_SHARE) await pool.kill(which, downMs);
		else if (lot < KILLED_SHARE + ENGINE_KILLED_SHARE) pool.killEngine(which, mark);
		else await pool.replace(which);
	}
}

/** Stops a worker with its engine for a while, so long now and then that its work is another's when it wakes. */
export async function runWorkerPauses(soak: Soak, { pool, mark }: Workshop): Promise<void> {
	const random = soak.random('worker pauses');
	const gap = gapOf(STOPS, soak.durationMs);
	for (;;) {
		await rest(soak, between(random, 0.8 * gap, 1.2 * gap));
		if (soak.over.aborted) return;
		await pool.pauseFor(random.integer(WORKERS), between(random, ...PAUSED_MS), mark);
	}
}

/** Restarts Redis now and then, every other time without what was in it. */
export async function runRedisRestarts(soak: Soak, { redis }: Workshop): Promise<void> {
	const { tally, over, durationMs } = soak;
	const random = soak.random('redis');
	const gap = gapOf(REDIS_RESTARTS, durationMs);
	for (let round = 0; ; round++) {
		await rest(soak, between(random, 0.8 * gap, 1.2 * gap));
		if (over.aborted) return;
		const forgets = round % 2 === 1;
		tally.count(forgets ? 'faults: Redis restarted without its data' : 'faults: Redis restarted');
		await redis.down({ forgets });
		await pause(between(random, ...REDIS_AWAY_MS));
		await redis.up();
	}
}

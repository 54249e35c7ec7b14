import { checkWorkersConnection } from '../../src/workers/connection';
import { closeDesks } from '../../src/workers/desk';
import { keysOf } from '../../src/workers/keys';
import { openRedis } from '../../src/workers/redis';
import type { Soak } from './context';
import type { SoakData } from './data';
import { RedisServer } from './redisServer';
import type { Tally } from './tally';
import { WORKERS } from './workerFaults';
import { WorkerPool, type Workshop } from './workerPool';

/** What BullMQ keeps of a queue that is empty. */
const KEPT_OF_QUEUES = /:(meta|events|id|stalled-check|marker|failed)$/;
/** What expires by itself: signs of life, cancellations, answers that were taken, and tasks that failed. */
const EXPIRES_AFTER_S = 2 * 3600;

/** Starts Redis and the workers. */
export async function openWorkshop({
	data,
	tally,
	mark,
}: {
	readonly data: SoakData;
	readonly tally: Tally;
	readonly mark: string;
}): Promise<Workshop> {
	const redis = await RedisServer.start(data.folder);
	const pool = await WorkerPool.start(WORKERS, { data, redis, tally });
	return { pool, redis, mark };
}

/** Tells the workers to stop, looks at what is left in Redis, and ends it. */
export async function closeWorkshop(
	{ pool, redis }: Workshop,
	{ tally, breakages }: Pick<Soak, 'tally' | 'breakages'>,
): Promise<void> {
	await pool.close();
	const left = await keysLeft(redis.url, { leavesOne: breakages.has('leftKey') });
	for (const key of left) tally.broke('leftovers', `${key} is left in Redis`);
	await closeDesks();
	await redis.down({ forgets: false });
}

/** Keys that nobody takes away and that do not expire. */
async function keysLeft(url: string, { leavesOne }: { readonly leavesOne: boolean }): Promise<string[]> {
	const connection = checkWorkersConnection({ url });
	const client = await openRedis(connection);
	const left: string[] = [];
	try {
		if (leavesOne) await client.set(`${connection.prefix}:left`, '');
		const keys = await client.keys(`${connection.prefix}:*`);
		// The next one that asks takes away who died without a word.
		const known = new Set([keysOf(connection.prefix).workers]);
		// Tasks that failed are kept for whoever looks late; the next one that fails takes away the oldest.
		for (const key of keys.filter((one) => one.endsWith(':failed')))
			for (const id of await client.zrange(key, 0, -1)) known.add(key.replace(/failed$/, id));
		for (const key of keys) {
			const seconds = await client.ttl(key);
			const isFleeting = seconds >= 0 && seconds <= EXPIRES_AFTER_S;
			if (!isFleeting && !known.has(key) && !KEPT_OF_QUEUES.test(key)) left.push(key);
		}
		return left;
	} finally {
		client.disconnect();
	}
}

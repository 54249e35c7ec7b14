import { describeWorkersConnection, type WorkersConnection } from './connection';
import { explainRedisError, openRedis, type Redis } from './redis';
import { listWorkers, type WorkerCard } from './registry';

/**
 * Reaches Redis and says in one sentence which workers are there, and what about the server will lose tasks. Throws QUEUE_UNREACHABLE or
 * QUEUE_REFUSED.
 */
export function tryWorkers(connection: WorkersConnection): Promise<string> {
	return ask(connection, async (redis) => {
		const workers = await listWorkers(redis, connection.prefix);
		const policy = /maxmemory_policy:(\S+)/.exec(await redis.info('memory'))?.[1];
		const found = workers.map(
			({ host, lanes, storeShown }) => `${host} (${lanes.join(', ')}; ${storeShown})`,
		);
		const where = describeWorkersConnection(connection);
		const here =
			found.length === 0
				? `Redis at ${where} answers; no engine worker is there yet`
				: `Redis at ${where} answers; workers: ${found.join(', ')}`;
		const isSafe = policy === undefined || policy === 'noeviction';
		return isSafe
			? here
			: `${here}. Set its maxmemory-policy to noeviction: with ${policy} it may forget tasks`;
	});
}

/** The workers that are there now, of whatever store. Throws QUEUE_UNREACHABLE or QUEUE_REFUSED. */
export function workersNow(connection: WorkersConnection): Promise<WorkerCard[]> {
	return ask(connection, (redis) => listWorkers(redis, connection.prefix));
}

/** One question to Redis, over a connection of its own. */
async function ask<Answer>(
	connection: WorkersConnection,
	question: (redis: Redis) => Promise<Answer>,
): Promise<Answer> {
	const redis = await openRedis(connection);
	try {
		return await question(redis);
	} catch (error) {
		throw explainRedisError(error, connection);
	} finally {
		redis.disconnect();
	}
}

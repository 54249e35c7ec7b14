import type * as Bullmq from 'bullmq';
import type * as Ioredis from 'ioredis';
import { DinomalyError, messageOf } from '../errors';
import { describeWorkersConnection, type WorkersConnection } from './connection';
import { hearAlert, tlsOptions } from './tls';
import { explainTlsFailure } from './tlsFailure';

export type Redis = Ioredis.Redis;

/** How long the first answer of a server may take. */
const CONNECT_MS = 10_000;
const LONGEST_PAUSE_MS = 2000;

/** BullMQ, loaded when it is first needed: most n8n never need it. */
export function bullmq(): typeof Bullmq {
	// eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded lazily; a dynamic import would be asynchronous everywhere
	return require('bullmq') as typeof Bullmq;
}

/** Options of every connection; it comes back by itself, and commands wait for it. */
export function redisOptions(connection: WorkersConnection): Bullmq.RedisOptions {
	const { host, port, user, password, database, tls } = connection;
	return {
		host,
		port,
		db: database,
		...(user !== '' && { username: user }),
		...(password !== '' && { password }),
		...(tls && { tls: tlsOptions(connection) }),
		maxRetriesPerRequest: null,
		connectTimeout: CONNECT_MS,
		retryStrategy: (attempt) => Math.min(LONGEST_PAUSE_MS, 100 * attempt),
		// After a fail-over the old connection leads to a server that takes no writes.
		reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
	};
}

/**
 * Connects, and makes sure that the server answers and takes what is needed of it. Throws QUEUE_UNREACHABLE or QUEUE_REFUSED within seconds; a
 * connection that was there once comes back by itself.
 */
export async function openRedis(connection: WorkersConnection): Promise<Redis> {
	// eslint-disable-next-line @typescript-eslint/no-require-imports -- as above
	const { Redis: Client } = require('ioredis') as typeof Ioredis;
	const client = new Client({ ...redisOptions(connection), lazyConnect: true });
	let lastError: unknown;
	const listen = (error: unknown): void => {
		lastError = error;
	};
	client.on('error', listen);
	try {
		await within(CONNECT_MS, firstAnswer(client), () => lastError);
		return client;
	} catch (error) {
		client.disconnect();
		const reason = lastError ?? error;
		throw explainRedisError((await alertBehind(reason, connection)) ?? reason, connection);
	}
}

/** What a TLS server said before it ended the connection, where all that came of it is the end. */
async function alertBehind(reason: unknown, connection: WorkersConnection): Promise<Error | undefined> {
	const isEnd = /ECONNRESET|EPIPE|Connection is closed/.test(messageOf(reason));
	return connection.tls && isEnd ? hearAlert(connection) : undefined;
}

/** The first try decides: an address that nothing listens on is most likely a wrong one. */
async function firstAnswer(client: Redis): Promise<void> {
	await client.connect();
	await client.ping();
}

async function within(ms: number, work: Promise<void>, reason: () => unknown): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => {
			reject(
				reason() instanceof Error
					? (reason() as Error)
					: new Error(`no answer within ${ms / 1000} s`),
			);
		}, ms);
	});
	try {
		await Promise.race([work, late]);
	} finally {
		clearTimeout(timer);
		work.catch(() => undefined); // it may still fail when nobody waits any more
	}
}

/**
 * One sentence on what Redis did. The error itself is not kept as the cause: its fields hold the command, and with it a password.
 */
export function explainRedisError(error: unknown, connection: WorkersConnection): DinomalyError {
	if (error instanceof DinomalyError) return error;
	const tlsFailure = explainTlsFailure(error, connection);
	if (tlsFailure !== undefined) return tlsFailure;
	const where = describeWorkersConnection(connection);
	const said = messageOf(error).replaceAll(connection.password || '\0', '***');
	if (/^(NOAUTH|WRONGPASS|NOPERM)|ERR (AUTH|invalid password)|DENIED/i.test(said))
		return new DinomalyError('QUEUE_REFUSED', `Expected ${where} to let us in, found "${said}"`, {
			hint: 'Check user and password; a user with limited rights needs all commands on keys that begin with the prefix, and INFO.',
		});
	if (/^OOM|maxmemory/i.test(said))
		return new DinomalyError('QUEUE_FULL', `Expected room in the memory of ${where}, found none`, {
			hint: 'Give Redis more memory (maxmemory), start more workers, or send fewer images at a time.',
		});
	return new DinomalyError('QUEUE_UNREACHABLE', `Expected Redis at ${where}, found "${said}"`, {
		hint: 'Check that the server runs, its address and port, and whether it wants TLS (the switch, or rediss:// in the URL).',
	});
}

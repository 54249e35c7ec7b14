import { randomUUID } from 'node:crypto';
import type { Queue, QueueEvents } from 'bullmq';
import type { WorkersConnection } from './connection';
import { keysOf, type Keys } from './keys';
import type { Pace } from './pace';
import { bullmq, openRedis, redisOptions, type Redis } from './redis';

/** What is heard of a task. */
export type TaskNews =
	| { readonly kind: 'progress'; readonly data: unknown }
	/** It has come to its end, one way or the other: look. */
	| { readonly kind: 'ended' };

export interface Counter {
	readonly queue: Queue;
	/** Calls the listener with the news of one task until the returned function is called. */
	listen(task: string, listener: (news: TaskNews) => void): () => void;
}

interface OpenCounter extends Counter {
	readonly events: QueueEvents;
}

/** Connections are kept this long without work, for the next execution. */
const IDLE_MS = 60_000;
/** By connection and pace; each copy of the package has its own, which only costs a few connections. */
const desks = new Map<string, Promise<Desk>>();

/**
 * What this process has open to one Redis: one connection for commands, one for the events of each queue in use, and its sign of life while it
 * waits for answers.
 */
export class Desk {
	/** Stands for this process where workers look whether anybody still waits. */
	readonly id = randomUUID();
	readonly redis: Redis;
	readonly keys: Keys;
	readonly connection: WorkersConnection;
	readonly pace: Pace;
	readonly #key: string;
	readonly #counters = new Map<string, Promise<OpenCounter>>();
	#users = 0;
	#idle: NodeJS.Timeout | undefined;
	#heartbeat: NodeJS.Timeout | undefined;

	private constructor(redis: Redis, key: string, { connection, pace }: Pick<Desk, 'connection' | 'pace'>) {
		this.redis = redis;
		this.#key = key;
		this.connection = connection;
		this.pace = pace;
		this.keys = keysOf(connection.prefix);
	}

	/** Runs `work` with the desk of a connection. Throws QUEUE_UNREACHABLE or QUEUE_REFUSED. */
	static async use<T>(
		connection: WorkersConnection,
		pace: Pace,
		work: (desk: Desk) => Promise<T>,
	): Promise<T> {
		const key = JSON.stringify([connection, pace]);
		const opening =
			desks.get(key) ??
			openRedis(connection).then((redis) => new Desk(redis, key, { connection, pace }));
		desks.set(key, opening);
		let desk: Desk;
		try {
			desk = await opening;
		} catch (error) {
			if (desks.get(key) === opening) desks.delete(key);
			throw error;
		}
		await desk.#enter();
		try {
			return await work(desk);
		} finally {
			desk.#leave();
		}
	}

	/** The queue of that name, with its events. */
	async counter(name: string): Promise<Counter> {
		const opening = this.#counters.get(name) ?? this.#openCounter(name);
		this.#counters.set(name, opening);
		try {
			return await opening;
		} catch (error) {
			if (this.#counters.get(name) === opening) this.#counters.delete(name);
			throw error;
		}
	}

	async close(): Promise<void> {
		desks.delete(this.#key);
		clearTimeout(this.#idle);
		clearInterval(this.#heartbeat);
		const open = await Promise.allSettled(this.#counters.values());
		for (const counter of open)
			if (counter.status === 'fulfilled') await counter.value.events.close().catch(ignore);
		this.redis.disconnect();
	}

	async #enter(): Promise<void> {
		clearTimeout(this.#idle);
		if (this.#users++ > 0) return;
		const { goneMs, signOfLifeMs } = this.pace;
		const say = (): Promise<unknown> => this.redis.set(this.keys.caller(this.id), '1', 'PX', goneMs);
		this.#heartbeat = setInterval(() => {
			say().catch(ignore); // Redis is away: said again when it is back
		}, signOfLifeMs);
		await say();
	}

	#leave(): void {
		if (--this.#users > 0) return;
		clearInterval(this.#heartbeat);
		this.#idle = setTimeout(() => void this.close(), IDLE_MS);
		this.#idle.unref();
	}

	async #openCounter(name: string): Promise<OpenCounter> {
		const { Queue, QueueEvents } = bullmq();
		const { prefix } = this.connection;
		const queue = new Queue(name, { connection: this.redis, prefix });
		queue.on('error', ignore); // what a command could not do, its caller hears
		// From what has happened so far: an event between now and the first look must not be missed.
		const [newest] = await this.redis.xrevrange(`${prefix}:${name}:events`, '+', '-', 'COUNT', 1);
		const events = new QueueEvents(name, {
			connection: redisOptions(this.connection),
			prefix,
			lastEventId: (newest as [string, string[]] | undefined)?.[0] ?? '0-0',
		});
		events.on('error', ignore); // it reconnects by itself, and callers look at their tasks now and then
		const listeners = new Map<string, (news: TaskNews) => void>();
		events.on('progress', ({ jobId, data }) => listeners.get(jobId)?.({ kind: 'progress', data }));
		events.on('completed', ({ jobId }) => listeners.get(jobId)?.({ kind: 'ended' }));
		events.on('failed', ({ jobId }) => listeners.get(jobId)?.({ kind: 'ended' }));
		return {
			queue,
			events,
			listen: (task, listener) => {
				listeners.set(task, listener);
				return () => listeners.delete(task);
			},
		};
	}
}

/** Ends all connections of this process; the next call opens them again. */
export async function closeDesks(): Promise<void> {
	for (const opening of [...desks.values()]) await (await opening).close();
}

function ignore(): void {
	// see where it is used
}

import type { Keys } from './keys';
import type { Pace } from './pace';
import type { Redis } from './redis';
import type { Task } from './task';

/** Why a worker stops working on a task before its end. */
export type Fate =
	/** Somebody cancelled it. */
	| 'cancelled'
	/** Nobody waits for it any more. */
	| 'forsaken'
	/** Another worker has it, or Redis has forgotten it. */
	| 'lost'
	/** This worker is told to end, and another one may have it. */
	| 'handedBack';

export interface TaskInHand {
	readonly task: Task;
	readonly signal: AbortSignal;
	readonly fate: Fate | undefined;
}

interface Entry {
	readonly task: Task;
	readonly controller: AbortController;
	fate: Fate | undefined;
	/** Since when its caller has been silent, in milliseconds since 1970. */
	silentSince: number | undefined;
}

/** The tasks that a worker works on, and who wants them to end. */
export class TasksInHand {
	readonly #entries = new Map<string, Entry>();
	readonly #redis: Redis;
	readonly #keys: Keys;
	readonly #pace: Pace;
	readonly #timer: NodeJS.Timeout;
	#isLooking = false;

	constructor(redis: Redis, keys: Keys, pace: Pace) {
		this.#redis = redis;
		this.#keys = keys;
		this.#pace = pace;
		this.#timer = setInterval(() => {
			if (this.#entries.size === 0 || this.#isLooking) return;
			this.#isLooking = true;
			this.#look()
				.catch(() => undefined) // Redis is away: looked again when it is back
				.finally(() => {
					this.#isLooking = false;
				});
		}, pace.watchMs);
	}

	/** Notes a task; `drop` it at its end. */
	take(task: Task): TaskInHand {
		const entry: Entry = {
			task,
			controller: new AbortController(),
			fate: undefined,
			silentSince: undefined,
		};
		this.#entries.set(task.id, entry);
		return {
			task,
			signal: entry.controller.signal,
			get fate() {
				return entry.fate;
			},
		};
	}

	drop(id: string): void {
		this.#entries.delete(id);
	}

	/** Ends the work on a task; the first reason counts. */
	end(id: string, fate: Fate): void {
		const entry = this.#entries.get(id);
		if (entry === undefined || entry.fate !== undefined) return;
		entry.fate = fate;
		entry.controller.abort();
	}

	/** Hands back all tasks that are of the given kind. */
	handBack(isMeant: (task: Task) => boolean): void {
		for (const { task } of this.#entries.values()) if (isMeant(task)) this.end(task.id, 'handedBack');
	}

	close(): void {
		clearInterval(this.#timer);
	}

	async #look(): Promise<void> {
		const entries = [...this.#entries.values()];
		const keys = this.#keys;
		const cancels = await this.#redis.mget(entries.map(({ task }) => keys.cancel(task.id)));
		const callers = await this.#redis.mget(entries.map(({ task }) => keys.caller(task.caller)));
		const now = Date.now();
		for (const [i, entry] of entries.entries()) {
			if (cancels[i] !== null) this.end(entry.task.id, 'cancelled');
			// A server that forgot everything gets the callers' signs of life again before their time is over.
			entry.silentSince = callers[i] === null ? (entry.silentSince ?? now) : undefined;
			if (entry.silentSince !== undefined && now - entry.silentSince > this.#pace.goneMs)
				this.end(entry.task.id, 'forsaken');
		}
	}
}

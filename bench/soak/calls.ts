import type { Engine } from '../../src/engine/host';
import { isAlive } from './processes';
import type { Tally } from './tally';
import type { Workshop } from './workerPool';

/** On a machine with much else to do a training waits long for those before it; nothing takes longer than this unless it hangs. */
const HANGS_AFTER_MS = 40 * 60_000;
/** Messages of a dead process may still be on their way for a second. */
const ANSWERED_WITHIN_MS = 10_000;
/** So many of those that computed must die before a score fails on engine workers. */
const LEAST_DEATHS = 2;

interface OpenCall {
	readonly pid: number | undefined;
	/** Lets its caller go on without an answer. */
	giveUp: (why: string) => void;
	/** When its process was first seen to be gone. */
	goneAt?: number;
}

/** How a call ended that did not succeed. */
export type Ending = 'died' | 'cancelled' | 'refused' | 'unexpected';

/** Calls to the engine under way, each with the process that it went to. */
export class Calls {
	readonly #open = new Set<OpenCall>();
	readonly #killed = new Set<number>();
	/** Which process a failed call was in. */
	readonly #failedIn = new WeakMap<object, number>();
	/** What a failed call was, and when it began. */
	readonly #begun = new WeakMap<object, { readonly what: string; readonly at: number }>();

	/** @param workshop where engine workers compute */
	constructor(
		private readonly engine: Engine,
		private readonly tally: Tally,
		private readonly workshop?: Workshop,
	) {}

	/** Runs one call; one that never ends breaks a promise and rejects. */
	async run<T>(what: string, start: () => Promise<T>): Promise<T> {
		const at = Date.now();
		const began = start();
		// Which worker has it nobody knows here.
		const pid = this.workshop === undefined ? this.engine.pid : undefined;
		const call: OpenCall = { pid, giveUp: () => undefined };
		const hangs = new Promise<never>((_, reject) => {
			call.giveUp = (why) => {
				this.#open.delete(call);
				this.tally.broke('answers', `a call (${what}) had no answer ${why}`);
				reject(new Error('no answer'));
			};
		});
		this.#open.add(call);
		this.tally.count(`calls: ${what}`);
		const overdue = setTimeout(call.giveUp, HANGS_AFTER_MS, `after ${HANGS_AFTER_MS / 60_000} minutes`);
		try {
			return await Promise.race([began, hangs]);
		} catch (error) {
			if (call.pid !== undefined) this.#failedIn.set(error as object, call.pid);
			this.#begun.set(error as object, { what, at });
			throw error;
		} finally {
			clearTimeout(overdue);
			this.#open.delete(call);
		}
	}

	/** Kills the engine's process as the system does when memory is short; its calls must be answered at once. */
	kill(pid: number): void {
		const held = [...this.#open].filter((call) => call.pid === pid);
		this.#killed.add(pid);
		process.kill(pid, 'SIGKILL');
		this.tally.count('faults: engine killed');
		this.tally.count('calls under way when their engine was killed', held.length);
	}

	/** A call whose process is gone must be answered at once, whatever ended it. */
	checkAnswered(): void {
		for (const call of this.#open) {
			if (call.pid === undefined || isAlive(call.pid)) continue;
			call.goneAt ??= Date.now();
			if (Date.now() - call.goneAt >= ANSWERED_WITHIN_MS) call.giveUp('10 s after its engine was gone');
		}
	}

	/** What a failure is; one that nothing was done to cause breaks a promise. */
	judge(what: string, error: unknown, stop?: AbortController): Ending {
		const { code, message } = error as { code?: string; message?: string };
		const pid = this.#failedIn.get(error as object);
		const wasKilled = pid !== undefined && this.#killed.has(pid);
		if (code === 'ENGINE_DIED' && (wasKilled || this.#diedOnWorkers(error))) return 'died';
		if (code === 'CANCELLED' && stop?.signal.aborted === true) return 'cancelled';
		if (code === 'QUEUE_UNREACHABLE' && this.#wasWithoutRedis(error)) return 'refused';
		this.tally.broke('errors', `${what} failed: ${code ?? ''} ${message ?? String(error)}`);
		return 'unexpected';
	}

	/** Scores and evaluations survive one death of what computed them, trainings are taken up by whoever asked. */
	#diedOnWorkers(error: unknown): boolean {
		const begun = this.#begun.get(error as object);
		if (begun === undefined || this.workshop === undefined) return false;
		return this.workshop.pool.deathsSince(begun.at) >= (begun.what === 'train' ? 1 : LEAST_DEATHS);
	}

	#wasWithoutRedis(error: unknown): boolean {
		const begun = this.#begun.get(error as object);
		return begun !== undefined && this.workshop?.redis.wasAwaySince(begun.at) === true;
	}
}

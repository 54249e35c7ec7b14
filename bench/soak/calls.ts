import type { Engine } from '../../src/engine/host';
import { isAlive } from './processes';
import type { Tally } from './tally';

/** On a machine with much else to do a training waits long for those before it; nothing takes longer than this unless it hangs. */
const HANGS_AFTER_MS = 40 * 60_000;
/** Messages of a dead process may still be on their way for a second. */
const ANSWERED_WITHIN_MS = 10_000;

interface OpenCall {
	readonly pid: number | undefined;
	/** Lets its caller go on without an answer. */
	giveUp: (why: string) => void;
	/** When its process was first seen to be gone. */
	goneAt?: number;
}

/** How a call ended that did not succeed. */
export type Ending = 'died' | 'cancelled' | 'unexpected';

/** Calls to the engine under way, each with the process that it went to. */
export class Calls {
	readonly #open = new Set<OpenCall>();
	readonly #killed = new Set<number>();
	/** Which process a failed call was in. */
	readonly #failedIn = new WeakMap<object, number>();

	constructor(
		private readonly engine: Engine,
		private readonly tally: Tally,
	) {}

	/** Runs one call; one that never ends breaks a promise and rejects. */
	async run<T>(what: string, start: () => Promise<T>): Promise<T> {
		const began = start();
		const call: OpenCall = { pid: this.engine.pid, giveUp: () => undefined };
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
		if (code === 'ENGINE_DIED' && wasKilled) return 'died';
		if (code === 'CANCELLED' && stop?.signal.aborted === true) return 'cancelled';
		this.tally.broke('errors', `${what} failed: ${code ?? ''} ${message ?? String(error)}`);
		return 'unexpected';
	}
}

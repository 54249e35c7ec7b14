import { EngineChild } from './child';
import { toWireError } from './protocol';
import type { JobEvent, JobName, JobTypes, Reply, WireError } from './protocol';

export interface RunOptions {
	readonly signal?: AbortSignal;
	readonly graceMs: number;
	readonly onEvent: (event: JobEvent) => void;
	readonly onLog?: (line: string) => void;
}

/**
 * The one engine of a host process: starts an engine process when there is work and none takes it, and ends it when there has been none
 * for a while. Speaks in replies instead of thrown errors, since its callers may belong to another copy of the package.
 */
export class SharedEngine {
	readonly #entry: string;
	readonly #idleMs: number;
	/** Every process that may still live, also those that were given up. */
	readonly #children = new Set<EngineChild>();
	#current: EngineChild | undefined;
	#idle: NodeJS.Timeout | undefined;
	#watchesExit = false;

	constructor(entry: string, idleMs: number) {
		this.#entry = entry;
		this.#idleMs = idleMs;
	}

	get pid(): number | undefined {
		return this.#current?.isOpen === true ? this.#current.pid : undefined;
	}

	/**
	 * Runs one job. When the signal fires, the job is asked to end; if it has not ended after `graceMs`, the caller gets CANCELLED and the
	 * engine process is killed, once it holds no other caller's job (until then new jobs go to a fresh one).
	 */
	async run<K extends JobName>(
		name: K,
		request: JobTypes[K]['request'],
		{ signal, graceMs, onEvent, onLog }: RunOptions,
	): Promise<Reply<JobTypes[K]['result']>> {
		if (signal?.aborted === true) return { ok: false, error: neverStarted(name) };
		let child: EngineChild;
		try {
			child = this.#liveChild();
		} catch (error) {
			return { ok: false, error: toWireError(error) };
		}
		clearTimeout(this.#idle);
		const job = child.start(name, request, { onEvent, onLog });
		let overdue: NodeJS.Timeout | undefined;
		const onAbort = (): void => {
			job.cancel();
			overdue = setTimeout(() => {
				job.abandon(abandoned(name, graceMs));
			}, graceMs);
		};
		signal?.addEventListener('abort', onAbort, { once: true });
		try {
			return await job.reply;
		} finally {
			signal?.removeEventListener('abort', onAbort);
			clearTimeout(overdue);
		}
	}

	async close(): Promise<void> {
		clearTimeout(this.#idle);
		this.#current = undefined;
		// A closing process keeps nothing alive by itself, and this promise has to be kept.
		const awake = setInterval(() => undefined, 1000);
		try {
			await Promise.all([...this.#children].map((child) => child.close(closed())));
		} finally {
			clearInterval(awake);
		}
	}

	#liveChild(): EngineChild {
		if (this.#current?.isOpen === true) return this.#current;
		const child: EngineChild = new EngineChild(this.#entry, () => {
			if (child === this.#current) this.#armIdle(child);
		});
		this.#current = child;
		this.#children.add(child);
		void child.gone.then(() => this.#children.delete(child));
		this.#killAtExit();
		return child;
	}

	#armIdle(child: EngineChild): void {
		clearTimeout(this.#idle);
		this.#idle = setTimeout(() => {
			void child.close(closed());
		}, this.#idleMs);
		this.#idle.unref();
	}

	/** No orphans: covers a normal exit and process.exit(); after a signal the engine notices the closed channel by itself. */
	#killAtExit(): void {
		if (this.#watchesExit) return;
		this.#watchesExit = true;
		process.once('exit', () => {
			for (const child of this.#children) child.kill();
		});
	}
}

const RESUME_HINT = 'A cancelled training carries on from its last checkpoint with Resume.';

function neverStarted(name: JobName): WireError {
	return {
		code: 'CANCELLED',
		message: `Expected to run the job "${name}", found that it was cancelled before it began`,
	};
}

function abandoned(name: JobName, graceMs: number): WireError {
	const seconds = String(graceMs / 1000);
	const message = `Expected the cancelled job "${name}" to end within ${seconds} s, found it still busy and gave its engine process up`;
	return { code: 'CANCELLED', message, hint: name === 'train' ? RESUME_HINT : undefined };
}

function closed(): WireError {
	const message = 'Expected the job to run to its end, found that the engine was closed';
	return { code: 'CANCELLED', message, hint: RESUME_HINT };
}

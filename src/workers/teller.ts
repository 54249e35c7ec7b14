import type { Job } from 'bullmq';
import type { JobEvent } from '../engine/protocol';
import { packValue } from './values';

/** Redis keeps every event for a while: more than these nobody reads. */
const EVERY_MS = 500;

/** Tells the caller of a task how far it is: what is worth knowing at once, the rest now and then, in order. */
export class Teller {
	readonly #job: Job;
	readonly #store: string;
	#waiting: JobEvent | undefined;
	#toldAt = -Infinity;
	#told: Promise<unknown> = Promise.resolve();

	/** @param store the worker's store folder, which the caller replaces by its own */
	constructor(job: Job, store: string) {
		this.#job = job;
		this.#store = store;
	}

	tell(event: JobEvent): void {
		const isNotice = event.kind === 'progress' && event.progress.notice !== undefined;
		if (isNotice || performance.now() - this.#toldAt >= EVERY_MS) {
			this.#send(event);
			return;
		}
		this.#waiting = event;
	}

	/** Tells what was held back; resolves when all has been said. */
	async end(): Promise<void> {
		if (this.#waiting !== undefined) this.#send(this.#waiting);
		await this.#told;
	}

	#send(event: JobEvent): void {
		this.#toldAt = performance.now();
		this.#waiting = undefined;
		const { text } = packValue(event, Infinity);
		this.#told = this.#told
			.then(() => this.#job.updateProgress({ text, store: this.#store }))
			.catch(() => undefined); // the task is gone: its end says so
	}
}

import { setImmediate as nextTick } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import type { BatchLimits } from './batchLimits';

/** A run with up to a quarter of its places empty takes less time than the several smaller ones in its stead. */
const LEAST_FILLED = 0.75;

/** Turns of the event loop without anything new after which nothing more is taken to have come. */
const QUIET_TURNS = 2;

interface Waiting<Item, Result> {
	readonly item: Item;
	readonly limits: BatchLimits;
	/** When it came, by `performance.now()`. */
	readonly since: number;
	readonly resolve: (result: Result) => void;
	readonly reject: (error: unknown) => void;
}

/**
 * Dynamic batching: items that different callers bring are computed together, one run at a time. What comes in during a run makes up the
 * next one. Only where more than now wait were there for the last run, or their number grew, are items held back, for others are likely
 * to come: a single caller never waits.
 */
export class Batcher<Item, Result> {
	private readonly waiting: Waiting<Item, Result>[] = [];
	private isBusy = false;
	private idleSince = 0;
	/** Items to wait for. */
	private expected = 1;
	/** Largest run that the device had room for. */
	private largest: number;
	private timer: NodeJS.Timeout | undefined;

	/**
	 * @param sizes of runs, ascending, from 1
	 * @param run computes items, of which there may be fewer than `size`, the size of the run
	 */
	constructor(
		private readonly sizes: readonly number[],
		private readonly run: (items: readonly Item[], size: number) => Promise<readonly Result[]>,
	) {
		this.largest = Math.max(...sizes);
	}

	async add(item: Item, limits: BatchLimits): Promise<Result> {
		return new Promise((resolve, reject) => {
			this.waiting.push({ item, limits, since: performance.now(), resolve, reject });
			this.consider();
		});
	}

	/** Starts a run, or sees to it that one starts when the first item may wait no longer. */
	private consider(): void {
		clearTimeout(this.timer);
		if (this.isBusy || this.waiting.length === 0) return;
		const together = this.together();
		const isFull = together === Math.min(this.waiting[0].limits.size, this.largest);
		const due = this.waiting
			.slice(0, together)
			.map(({ since, limits }) => Math.max(since, this.idleSince) + limits.waitMs);
		const dueIn = Math.min(...due) - performance.now();
		if (isFull || this.waiting.length >= this.expected || dueIn <= 0) {
			this.isBusy = true;
			void this.runNext(together);
			return;
		}
		this.timer = setTimeout(() => {
			this.consider();
		}, dueIn);
	}

	/** How many of those that wait may be computed together, all of whose limits allow it. */
	private together(): number {
		let most = this.largest;
		for (const [i, { limits }] of this.waiting.entries()) {
			most = Math.min(most, Math.max(1, limits.size));
			if (i > 0 && i + 1 > most) return i;
			if (i + 1 === most) return most;
		}
		return this.waiting.length;
	}

	private async runNext(together: number): Promise<void> {
		this.expected = this.nextExpected();
		const size = this.sizeFor(together);
		const batch = this.waiting.splice(0, Math.min(size, together));
		try {
			const results = await this.run(
				batch.map(({ item }) => item),
				size,
			);
			for (const [i, { resolve }] of batch.entries()) resolve(results[i]);
		} catch (error) {
			this.afterFailure(batch, size, error);
		}
		await this.letIn();
		this.isBusy = false;
		this.idleSince = performance.now();
		this.consider();
	}

	/** Takes in what came during the run, which held the thread: one caller after another, until none has come for two turns. */
	private async letIn(): Promise<void> {
		let quiet = 0;
		do {
			const before = this.waiting.length;
			await nextTick();
			quiet = this.waiting.length > before ? 0 : quiet + 1;
		} while (quiet < QUIET_TURNS && this.waiting.length < this.largest);
	}

	/** As many as now; where that is more than were expected, they are likely to become still more. */
	private nextExpected(): number {
		const count = this.waiting.length;
		if (count <= this.expected) return count;
		return Math.min(2 * count, this.waiting[0].limits.size, this.largest);
	}

	/** The largest size that is full enough, one for each item in the worst case. */
	private sizeFor(items: number): number {
		const fitting = this.sizes.filter((size) => size <= this.largest && items >= LEAST_FILLED * size);
		return Math.max(1, ...fitting);
	}

	/** A run may have been too large for the device: smaller ones come next, and only one alone fails. What is explained has another reason. */
	private afterFailure(batch: readonly Waiting<Item, Result>[], size: number, error: unknown): void {
		if (size === 1 || error instanceof DinomalyError) {
			for (const { reject } of batch) reject(error);
			return;
		}
		this.largest = Math.max(1, ...this.sizes.filter((smaller) => smaller < size));
		this.waiting.unshift(...batch);
	}
}

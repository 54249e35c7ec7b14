/** What the soak holds the engine to; each ends as one verdict. */
export const PROMISES = {
	items: 'every image asked for was answered once and rightly, or with its own error',
	errors: 'no call failed but by what was done to it',
	answers: 'every call came to its end, at once when its own engine was killed',
	trainings: 'every training ended with the undisturbed weights, however often it was cut off',
	evaluations: 'every evaluation gave the same metrics',
	memory: 'memory stayed flat',
	descriptors: 'the number of open files stayed flat',
	processes: 'no process was left behind',
	leftovers: 'no file was left behind',
	load: 'all kinds of load and of faults took place',
} as const;

export type Promised = keyof typeof PROMISES;

/** Sentences kept for each promise; the rest is counted. */
const KEPT = 10;

/** Counts what happened and keeps what broke a promise; its size does not grow with the length of the soak. */
export class Tally {
	readonly #counts = new Map<string, number>();
	readonly #broken = new Map<Promised, { count: number; sentences: string[] }>();

	count(what: string, by = 1): void {
		this.#counts.set(what, this.countOf(what) + by);
	}

	countOf(what: string): number {
		return this.#counts.get(what) ?? 0;
	}

	broke(promise: Promised, sentence: string): void {
		const known = this.#broken.get(promise) ?? { count: 0, sentences: [] };
		known.count++;
		if (known.sentences.length < KEPT) {
			known.sentences.push(sentence);
			console.error(`${new Date().toISOString().slice(11, 19)} BROKEN ${promise}: ${sentence}`);
		}
		this.#broken.set(promise, known);
	}

	brokenOf(promise: Promised): { readonly count: number; readonly sentences: readonly string[] } {
		return this.#broken.get(promise) ?? { count: 0, sentences: [] };
	}

	/** Sorted by name. */
	counts(): readonly (readonly [string, number])[] {
		return [...this.#counts].sort(([a], [b]) => a.localeCompare(b));
	}
}

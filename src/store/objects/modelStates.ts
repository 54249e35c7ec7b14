import type { Bucket } from './bucket';
import { ledgerKey, numberOf, versionsKey } from './keys';
import { LedgerObject, type Ledger } from './ledger';

/** A model as it is in the bucket at one moment. */
export interface ModelState {
	/** Ascending; number to the mark of its document. */
	readonly live: ReadonlyMap<number, string>;
	/** The highest number that is or was. */
	readonly last: number;
	readonly ledger: Ledger;
}

/** Readers ask the server again after this long: each image scored would ask it otherwise. */
const FRESH_MS = 1000;

/** What this process last saw of each model. */
export class ModelStates {
	readonly #seen = new Map<string, { readonly at: number; readonly state: Promise<ModelState> }>();

	constructor(private readonly bucket: Bucket) {}

	/** At most a second old, or of this very moment when `fresh`. A model that was never there has no versions. */
	of(name: string, { fresh = false } = {}): Promise<ModelState> {
		const known = this.#seen.get(name);
		if (!fresh && known !== undefined && Date.now() - known.at < FRESH_MS) return known.state;
		const state = this.#load(name);
		this.#seen.set(name, { at: Date.now(), state });
		state.catch(() => {
			if (this.#seen.get(name)?.state === state) this.forget(name);
		});
		return state;
	}

	/** To be said by who changed a model: what was seen of it holds no more. */
	forget(name: string): void {
		this.#seen.delete(name);
	}

	async #load(name: string): Promise<ModelState> {
		const start = versionsKey(name);
		// In this order: what a promotion names was there before it.
		const ledger = await new LedgerObject(this.bucket, ledgerKey(name)).read();
		const listed = (await this.bucket.list(start))
			.map(({ key, ...object }) => ({ ...object, number: numberOf(key.slice(start.length)) }))
			.filter(({ number }) => number > 0)
			.sort((a, b) => a.number - b.number);
		const live = new Map(
			listed.filter(({ bytes }) => bytes > 0).map(({ number, etag }) => [number, etag]),
		);
		const last = ledger.removed.reduce((a, b) => Math.max(a, b), listed.at(-1)?.number ?? 0);
		return { live: without(live, ledger), last, ledger };
	}
}

/** The versions that the ledger does not know as removed. */
export function without(live: ReadonlyMap<number, string>, { removed }: Ledger): ReadonlyMap<number, string> {
	return new Map([...live].filter(([number]) => !removed.includes(number)));
}

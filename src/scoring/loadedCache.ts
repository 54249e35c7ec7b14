/** What was loaded, for as long as somebody needs it. */
export interface Lease<T> {
	readonly value: T;
	/** Says that it is no longer needed; may be called more than once. */
	end(): void;
}

/** What work gives with something that is closed afterwards, whatever happens. */
export async function closing<M extends { close(): void }, R>(
	model: M,
	work: (model: M) => Promise<R>,
): Promise<R> {
	try {
		return await work(model);
	} finally {
		model.close();
	}
}

interface Entry<T> {
	readonly value: Promise<T>;
	users: number;
}

/**
 * Keeps what is slow to load. When there is more than the limit, what was asked for longest ago and nobody uses goes first; what is in use
 * stays, however many there are.
 */
export class LoadedCache<T extends { release(): Promise<void> }> {
	/** In the order in which they were last asked for. */
	private readonly entries = new Map<string, Entry<T>>();

	constructor(private readonly limit: number) {}

	/** The entry of a key, made when it is not there. What fails to be made is not kept. */
	async take(key: string, make: () => Promise<T>): Promise<Lease<T>> {
		const entry = this.entries.get(key) ?? { value: make(), users: 0 };
		this.entries.delete(key);
		this.entries.set(key, entry);
		entry.users++;
		try {
			const value = await entry.value;
			this.trim();
			return {
				value,
				end: once(() => {
					this.giveBack(entry);
				}),
			};
		} catch (error) {
			if (this.entries.get(key) === entry) this.entries.delete(key);
			throw error;
		}
	}

	private giveBack(entry: Entry<T>): void {
		entry.users--;
		this.trim();
	}

	private trim(): void {
		for (const [key, { value, users }] of this.entries) {
			if (this.entries.size <= this.limit) return;
			if (users > 0) continue;
			this.entries.delete(key);
			void value.then((loaded) => loaded.release()).catch(() => undefined);
		}
	}
}

function once(action: () => void): () => void {
	let isDone = false;
	return () => {
		if (isDone) return;
		isDone = true;
		action();
	};
}

import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DinomalyError } from '../errors';
import { renameSafely, writeFileAtomic } from '../files/atomicFile';
import { explainWriteError, whenMissing } from '../files/diskError';
import { checkSchema, readJson, type JsonFields } from './jsonFields';
import { acquireLock } from './lock';
import { realPathInside } from './paths';

/** What a document holds, and how it lies in its file. */
export interface DocumentFormat<T> {
	/** Newest layout that is understood; the file's `schemaVersion`. */
	readonly schemaVersion: number;
	/** A larger file is taken for damaged. */
	readonly maxBytes: number;
	/** What a document that does not exist yet holds. */
	readonly empty: () => T;
	/** Throws MODEL_INVALID for what is no such document. */
	readonly parse: (fields: JsonFields) => T;
	/** The fields of the file, `schemaVersion` left out. */
	readonly print: (value: T) => object;
}

export interface DocumentPlace {
	/** Folder that no link may lead out of. */
	readonly root: string;
	readonly path: string;
	readonly lock: string;
	/** The document as the user knows it: "the alarm memory "line-3"". */
	readonly what: string;
}

/** A pure step from what the document holds to what it shall hold; it may be run again when its lock was lost. */
export type Change<T, R> = (value: T) => { readonly value: T; readonly result: R };

export interface Changed<R> {
	readonly result: R;
	/** One sentence about a damaged file that was found and set aside. */
	readonly notice?: string;
}

/** A change that waits. The queue knows no types: whatever waits for one path has the same. */
interface Waiting {
	readonly apply: (value: unknown) => {
		readonly value: unknown;
		readonly settle: (notice?: string) => void;
	};
	readonly fail: (error: unknown) => void;
}

/** A change takes milliseconds: who waits this long waits for something that hangs. */
const LOCK_WAIT_MS = 20_000;
/** The lock is lost only when this process was asleep for a minute. */
const TRIES = 3;

/** Changes that wait for their turn in this process, by path: they go to the disk together. */
const queues = new Map<string, Waiting[]>();

/**
 * A small JSON document that executions, processes and machines change at the same time without losing a change: each reads, changes and
 * writes under the store's lock, and the file is replaced whole. Changes that meet in one process share a write.
 */
export class SharedDocument<T> {
	constructor(
		private readonly place: DocumentPlace,
		private readonly format: DocumentFormat<T>,
	) {}

	/** What the document holds now; nothing when there is none, or only a damaged one, which the notice tells. Throws MODEL_INVALID for a newer layout. */
	async read(): Promise<{ readonly value?: T; readonly notice?: string }> {
		const { value, damage } = await this.load();
		if (damage !== undefined) return { notice: `${damage}: ${this.place.what} is damaged` };
		return value === undefined ? {} : { value };
	}

	/**
	 * Changes the document and resolves when that is on the disk. Throws what `change` throws, and then leaves the document as it is;
	 * STORE_BUSY, DISK_FULL, CONFIG_INVALID where it cannot be written, MODEL_INVALID for a newer layout.
	 */
	async update<R>(change: Change<T, R>): Promise<Changed<R>> {
		return new Promise((resolve, reject) => {
			this.enqueue({
				apply: (value) => {
					const { value: changed, result } = change(value as T);
					return {
						value: changed,
						settle: (notice) => {
							resolve({ result, ...(notice !== undefined && { notice }) });
						},
					};
				},
				fail: reject,
			});
		});
	}

	private enqueue(waiting: Waiting): void {
		const queue = queues.get(this.place.path);
		if (queue !== undefined) {
			queue.push(waiting);
			return;
		}
		const opened = [waiting];
		queues.set(this.place.path, opened);
		void this.drain(opened);
	}

	private async drain(queue: Waiting[]): Promise<void> {
		while (queue.length > 0) {
			const batch = queue.splice(0);
			try {
				await this.commit(batch);
			} catch (error) {
				for (const { fail } of batch) fail(error);
			}
		}
		queues.delete(this.place.path);
	}

	private async commit(batch: readonly Waiting[]): Promise<void> {
		const { what, path, lock: folder } = this.place;
		for (let attempt = 1; attempt <= TRIES; attempt++) {
			const lock = await acquireLock(folder, { what, waitMs: LOCK_WAIT_MS });
			try {
				const found = await this.load();
				const notice = found.damage === undefined ? undefined : await this.setAside(found.damage);
				const { value, settle } = applyAll(batch, found.value ?? this.format.empty());
				if (!(await lock.isHeld())) continue;
				await this.removeUnfinished();
				const { schemaVersion } = this.format;
				await writeFileAtomic(
					path,
					`${JSON.stringify({ schemaVersion, ...this.format.print(value as T) })}\n`,
				);
				for (const one of settle) one(notice);
				return;
			} finally {
				await lock.release();
			}
		}
		throw new DinomalyError(
			'STORE_BUSY',
			`Expected to keep ${what} locked for a moment, found it taken over ${TRIES} times`,
			{
				hint: 'This process stood still for more than a minute each time: give the machine less to do, or more memory.',
			},
		);
	}

	private async load(): Promise<{ readonly value?: T; readonly damage?: string }> {
		const { root, path } = this.place;
		if ((await whenMissing(realPathInside(root, path), undefined)) === undefined) {
			await whenMissing(realPathInside(root, dirname(path)), undefined);
			return {};
		}
		let fields: JsonFields;
		try {
			fields = await readJson(path, this.format.maxBytes);
			fields.count('schemaVersion', { min: 1 });
		} catch (error) {
			return { damage: damageOf(error) };
		}
		checkSchema(fields, this.format.schemaVersion, path);
		try {
			return { value: this.format.parse(fields) };
		} catch (error) {
			return { damage: damageOf(error) };
		}
	}

	/** One damaged file is kept for whoever wants to know; it replaces the one before. */
	private async setAside(damage: string): Promise<string> {
		const { path, what } = this.place;
		const aside = path.replace(/(\.json)?$/, '.damaged$1');
		try {
			await rm(aside, { recursive: true, force: true });
			await renameSafely(path, aside);
		} catch (error) {
			throw await explainWriteError(error, path);
		}
		return `${damage}: ${what} was damaged, is kept as ${basename(aside)} and starts afresh`;
	}

	/** What a process that died while it wrote left behind: nobody else writes while we hold the lock. */
	private async removeUnfinished(): Promise<void> {
		const folder = dirname(this.place.path);
		const start = `.${basename(this.place.path)}.`;
		for (const name of await whenMissing(readdir(folder), []))
			if (name.startsWith(start) && name.endsWith('.tmp'))
				await rm(join(folder, name), { force: true });
	}
}

/** Applies changes one after the other; one that throws is failed and leaves no trace. */
function applyAll(
	batch: readonly Waiting[],
	start: unknown,
): { readonly value: unknown; readonly settle: readonly ((notice?: string) => void)[] } {
	let value = start;
	const settle: ((notice?: string) => void)[] = [];
	for (const { apply, fail } of batch) {
		try {
			const applied = apply(value);
			value = applied.value;
			settle.push(applied.settle);
		} catch (error) {
			fail(error);
		}
	}
	return { value, settle };
}

function damageOf(error: unknown): string {
	if (error instanceof DinomalyError) return error.message;
	throw error;
}

import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { removeTree, writeFileAtomic } from '../files/atomicFile';
import { whenMissing } from '../files/diskError';
import { Bucket } from '../store/objects/bucket';
import { requiredConnection } from '../store/objects/connections';
import { storeLayout } from '../store/paths';
import { isTaskId, type ParcelLabel } from './task';

/** Who put a parcel there. */
export type ParcelSide = 'request' | 'reply';

/** Where bytes lie while they are on their way: in the store, which both sides see. */
interface Shelf {
	put(key: string, bytes: Uint8Array): Promise<void>;
	get(key: string): Promise<Uint8Array | undefined>;
	/** Removes all whose key starts with the id of a task. */
	clear(task: string): Promise<void>;
	/** Ids of tasks and when their last parcel came, in milliseconds since 1970. */
	tasks(): Promise<Map<string, number>>;
}

const FOLDER = 'exchange';
/** Nobody waits for an answer that long with parcels on their way; what is older was left by a process that is gone. */
const LEFT_AFTER_MS = 24 * 60 * 60_000;

/** The large parts of tasks and answers, by reference to the store. */
export class Exchange {
	readonly #shelf: Shelf;

	/** @param store folder of the store, or of the local part of object storage that is connected */
	constructor(store: string) {
		const connection = requiredConnection(store);
		this.#shelf =
			connection === undefined
				? folderShelf(join(storeLayout(store).root, FOLDER))
				: bucketShelf(new Bucket(connection));
	}

	/** Puts parcels into the store and returns what the message says of them. */
	async send(task: string, side: ParcelSide, parcels: readonly Uint8Array[]): Promise<ParcelLabel[]> {
		const labels: ParcelLabel[] = [];
		for (const [index, bytes] of parcels.entries()) {
			await this.#shelf.put(keyOf(task, side, index), bytes);
			labels.push({ bytes: bytes.length, sha256: sha256(bytes) });
		}
		return labels;
	}

	/** Throws INPUT_MISSING for a parcel that is gone or not whole. */
	async receive(task: string, side: ParcelSide, labels: readonly ParcelLabel[]): Promise<Uint8Array[]> {
		const parcels: Uint8Array[] = [];
		for (const [index, label] of labels.entries()) {
			const bytes = await this.#shelf.get(keyOf(task, side, index));
			if (bytes?.length !== label.bytes || sha256(bytes) !== label.sha256)
				throw new DinomalyError(
					'INPUT_MISSING',
					`Expected the images of a task in the folder "${FOLDER}" of the model store, found ${bytes === undefined ? 'nothing' : 'another content'}`,
					{
						hint: 'n8n and the engine workers must see the same store: check the shared folder, then try again.',
					},
				);
			parcels.push(bytes);
		}
		return parcels;
	}

	/** Removes all parcels of a task. */
	async clear(task: string): Promise<void> {
		await this.#shelf.clear(task);
	}

	/** Removes what processes that died left behind. */
	async sweep(now = Date.now()): Promise<void> {
		for (const [task, changed] of await this.#shelf.tasks())
			if (now - changed > LEFT_AFTER_MS) await this.#shelf.clear(task);
	}
}

function folderShelf(folder: string): Shelf {
	return {
		put: (key, bytes) => writeFileAtomic(join(folder, key), bytes),
		get: (key) => whenMissing(readFile(join(folder, key)), undefined),
		clear: (task) => removeTree(join(folder, task)),
		tasks: async () => {
			const found = new Map<string, number>();
			for (const task of (await whenMissing(readdir(folder), [])).filter(isTaskId)) {
				const entry = await whenMissing(stat(join(folder, task)), undefined);
				if (entry !== undefined) found.set(task, entry.mtimeMs);
			}
			return found;
		},
	};
}

function bucketShelf(bucket: Bucket): Shelf {
	return {
		put: async (key, bytes) => {
			await bucket.put(`${FOLDER}/${key}`, bytes);
		},
		get: async (key) => (await bucket.get(`${FOLDER}/${key}`))?.bytes,
		clear: async (task) => {
			await bucket.delete((await bucket.list(`${FOLDER}/${task}/`)).map(({ key }) => key));
		},
		tasks: async () => {
			const found = new Map<string, number>();
			for (const { key, modified } of await bucket.list(`${FOLDER}/`)) {
				const [, task] = key.split('/');
				if (isTaskId(task)) found.set(task, Math.max(found.get(task) ?? 0, modified.getTime()));
			}
			return found;
		},
	};
}

/** The id of a task is checked where a task comes in. */
function keyOf(task: string, side: ParcelSide, index: number): string {
	return `${task}/${side}-${index}`;
}

function sha256(bytes: Uint8Array): string {
	return createHash('sha256').update(bytes).digest('hex');
}

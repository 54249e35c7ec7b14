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

interface Lying {
	/** When the last of it came, in milliseconds since 1970. */
	readonly changed: number;
	/** Whether images of a training are among it, which may wait and run for days. */
	readonly hasImages: boolean;
}

/** Where bytes lie while they are on their way: in the store, which both sides see. */
interface Shelf {
	put(key: string, bytes: Uint8Array): Promise<void>;
	get(key: string): Promise<Uint8Array | undefined>;
	/** Removes all whose key starts with the id of a task. */
	clear(task: string): Promise<void>;
	/** Ids of tasks and what lies there of them. */
	tasks(): Promise<Map<string, Lying>>;
}

export const EXCHANGE_FOLDER = 'exchange';
/** Nobody waits for an answer that long with parcels on their way; what is older was left by a process that is gone. */
const LEFT_AFTER_MS = 24 * 60 * 60_000;
/** A training that has died so late after it was sent finds no images any more. */
const IMAGES_LEFT_AFTER_MS = 7 * LEFT_AFTER_MS;
/** Of a task's images, below the folder of the task. */
export const IMAGES_FOLDER = 'images';

/** The large parts of tasks and answers, by reference to the store. */
export class Exchange {
	readonly #shelf: Shelf;
	/** On this machine, beside a store in object storage: images of trainings that were fetched. */
	readonly #fetched: Shelf | undefined;

	/** @param store folder of the store, or of the local part of object storage that is connected */
	constructor(store: string) {
		const connection = requiredConnection(store);
		const here = folderShelf(join(storeLayout(store).root, EXCHANGE_FOLDER));
		this.#shelf = connection === undefined ? here : bucketShelf(new Bucket(connection));
		this.#fetched = connection === undefined ? undefined : here;
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
					`Expected the images of a task in the folder "${EXCHANGE_FOLDER}" of the model store, found ${bytes === undefined ? 'nothing' : 'another content'}`,
					{
						hint: 'n8n and the engine workers must see the same store: check the shared folder, then try again.',
					},
				);
			parcels.push(bytes);
		}
		return parcels;
	}

	/** Puts one image of a training there, by its number. */
	async putImage(task: string, index: number, bytes: Uint8Array): Promise<void> {
		await this.#shelf.put(`${task}/${IMAGES_FOLDER}/${String(index)}`, bytes);
	}

	async getImage(task: string, index: number): Promise<Uint8Array | undefined> {
		return this.#shelf.get(`${task}/${IMAGES_FOLDER}/${String(index)}`);
	}

	/** Removes all parcels of a task. */
	async clear(task: string): Promise<void> {
		await this.#shelf.clear(task);
	}

	/** Removes what processes that died left behind. */
	async sweep(now = Date.now()): Promise<void> {
		for (const shelf of [this.#shelf, this.#fetched])
			for (const [task, { changed, hasImages }] of (await shelf?.tasks()) ?? [])
				if (now - changed > (hasImages ? IMAGES_LEFT_AFTER_MS : LEFT_AFTER_MS))
					await shelf?.clear(task);
	}
}

function folderShelf(folder: string): Shelf {
	return {
		put: (key, bytes) => writeFileAtomic(join(folder, key), bytes),
		get: (key) => whenMissing(readFile(join(folder, key)), undefined),
		clear: (task) => removeTree(join(folder, task)),
		tasks: async () => {
			const found = new Map<string, Lying>();
			for (const task of (await whenMissing(readdir(folder), [])).filter(isTaskId)) {
				const entry = await whenMissing(stat(join(folder, task)), undefined);
				const images = await whenMissing(stat(join(folder, task, IMAGES_FOLDER)), undefined);
				if (entry !== undefined)
					found.set(task, { changed: entry.mtimeMs, hasImages: images !== undefined });
			}
			return found;
		},
	};
}

function bucketShelf(bucket: Bucket): Shelf {
	return {
		put: async (key, bytes) => {
			await bucket.put(`${EXCHANGE_FOLDER}/${key}`, bytes);
		},
		get: async (key) => (await bucket.get(`${EXCHANGE_FOLDER}/${key}`))?.bytes,
		clear: async (task) => {
			await bucket.delete((await bucket.list(`${EXCHANGE_FOLDER}/${task}/`)).map(({ key }) => key));
		},
		tasks: async () => {
			const found = new Map<string, Lying>();
			for (const { key, modified } of await bucket.list(`${EXCHANGE_FOLDER}/`)) {
				const [, task, kind] = key.split('/');
				if (!isTaskId(task)) continue;
				const { changed = 0, hasImages = false } = found.get(task) ?? {};
				found.set(task, {
					changed: Math.max(changed, modified.getTime()),
					hasImages: hasImages || kind === IMAGES_FOLDER,
				});
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

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DinomalyError } from '../errors';
import { removeTree } from '../files/atomicFile';
import { explainWriteError } from '../files/diskError';
import { EXCHANGE_FOLDER, IMAGES_FOLDER, type Exchange } from './exchange';
import type { ParcelLabel } from './task';

/** A folder of images that goes along with its task: the list of its files, as JSON, which may be too long for a message. */
export interface SentImages {
	readonly inExchange: Uint8Array;
}

interface SentFile extends ParcelLabel {
	/** Below the folder, with forward slashes. */
	readonly path: string;
}

/** Files on their way at a time. */
const AT_ONCE = 8;
const SEGMENT = /^[^/\\\p{Cc}]{1,255}$/u;

/** Puts all files of a folder into the exchange. `signal` ends it between two files. */
export async function sendImages(
	exchange: Exchange,
	{
		task,
		folder,
		signal,
	}: { readonly task: string; readonly folder: string; readonly signal?: AbortSignal },
): Promise<SentImages> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const paths = entries
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.sort();
	const files: SentFile[] = [];
	await eachOf(paths, async (path, index) => {
		if (signal?.aborted === true) throw cancelled();
		const bytes = await readFile(path);
		await exchange.putImage(task, index, bytes);
		const below = path.slice(folder.length + 1).replaceAll('\\', '/');
		files[index] = { path: below, bytes: bytes.length, sha256: sha256(bytes) };
	});
	return { inExchange: Buffer.from(JSON.stringify(files)) };
}

/** Whether the data of a training are images that came along. */
export function areSentImages(data: unknown): data is SentImages {
	return typeof data === 'object' && data !== null && 'inExchange' in data;
}

/** Writes them into `folder`, which must not be there. Throws INPUT_MISSING for one that is gone or another, and CONFIG_INVALID for a list that is none. */
export async function receiveImages(
	exchange: Exchange,
	{ inExchange }: SentImages,
	{
		task,
		folder,
		signal,
	}: { readonly task: string; readonly folder: string; readonly signal: AbortSignal },
): Promise<void> {
	const files = parseList(inExchange);
	await eachOf(files, async ({ path, bytes, sha256: expected }, index) => {
		if (signal.aborted) throw cancelled();
		const found = await exchange.getImage(task, index);
		if (found?.length !== bytes || sha256(found) !== expected)
			throw new DinomalyError(
				'INPUT_MISSING',
				`Expected the image ${path} of a training in the object storage of the model store, found ${found === undefined ? 'nothing' : 'another content'}`,
				{ hint: 'Train again: images that went along with a training are kept for a week.' },
			);
		const target = join(folder, ...path.split('/'));
		try {
			await mkdir(dirname(target), { recursive: true });
			await writeFile(target, found, { flag: 'wx' });
		} catch (error) {
			throw await explainWriteError(error, target);
		}
	});
}

/**
 * Runs `work` with a folder for the images of a task on this machine, which goes afterwards. Each run has one of its own: a worker that lost its task
 * while it slept may wake beside the one that has it now. The last folder is named as the caller's, which models remember.
 */
export async function inImagesFolder<T>(
	{ storeRoot, task }: { readonly storeRoot: string; readonly task: string },
	work: (folder: string) => Promise<T>,
): Promise<T> {
	const ofTask = join(storeRoot, EXCHANGE_FOLDER, task);
	const own = join(ofTask, IMAGES_FOLDER, randomUUID());
	try {
		return await work(join(own, IMAGES_FOLDER));
	} finally {
		await removeTree(own);
		// Somebody else's may lie beside it.
		for (const folder of [dirname(own), ofTask]) await rmdir(folder).catch(() => undefined);
	}
}

/** Some at a time; when one fails no other begins, and all have ended when this one has. */
async function eachOf<T>(
	items: readonly T[],
	work: (item: T, index: number) => Promise<void>,
): Promise<void> {
	let next = 0;
	const line = async (): Promise<void> => {
		for (let index = next++; index < items.length; index = next++) {
			await work(items[index], index).catch((error: unknown) => {
				next = items.length;
				throw error;
			});
		}
	};
	const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, line));
	for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

function parseList(bytes: unknown): SentFile[] {
	let list: unknown;
	try {
		list = JSON.parse(Buffer.from(bytes as Uint8Array).toString('utf8'));
	} catch {
		list = undefined;
	}
	if (Array.isArray(list) && list.every(isSentFile)) return list;
	throw new DinomalyError(
		'CONFIG_INVALID',
		'Expected a list of the images that came along with a training, found something else',
		{ hint: 'Give the engine workers a prefix of their own in Redis.' },
	);
}

/** Its path stays below the folder. */
function isSentFile(file: unknown): file is SentFile {
	const { path, bytes, sha256: hash } = (file ?? {}) as Partial<Record<keyof SentFile, unknown>>;
	return (
		typeof path === 'string' &&
		path.split('/').every((part) => SEGMENT.test(part) && part !== '.' && part !== '..') &&
		Number.isInteger(bytes) &&
		typeof hash === 'string'
	);
}

function cancelled(): DinomalyError {
	return new DinomalyError(
		'CANCELLED',
		'Expected to train on engine workers, found that it was cancelled while its images were on their way',
	);
}

function sha256(bytes: Uint8Array): string {
	return createHash('sha256').update(bytes).digest('hex');
}

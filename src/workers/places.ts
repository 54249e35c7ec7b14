import { realpath } from 'node:fs/promises';
import { isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { DinomalyError } from '../errors';
import { whenMissing } from '../files/diskError';
import { connectionOf } from '../store/objects/connections';
import { storeLayout } from '../store/paths';
import type { RemoteJob } from './lanes';

type Fields = Readonly<Record<string, unknown>>;

/** A folder or file below the store, with forward slashes: the store's own path differs from machine to machine. */
interface PlaceInStore {
	readonly inStore: string;
}

/** A folder of the worker that n8n may name, and what n8n calls it. */
export interface DataFolder {
	readonly name: string;
	readonly folder: string;
}

export interface Workplace {
	readonly store: string;
	readonly dataFolders: readonly DataFolder[];
	/** What it is called in messages. */
	readonly host: string;
	/** For encoders that need leave to be downloaded; it never travels. */
	readonly hubToken?: string;
}

/** Fields of requests that hold a path. */
const PATH_FIELDS: Readonly<Record<RemoteJob, readonly string[]>> = {
	score: [],
	lossCurve: [],
	evaluate: ['data'],
	train: ['data', 'encoder'],
};

/** A request as it travels: without the store's own path, without secrets, without the caller's cache. Throws CONFIG_INVALID for what cannot. */
export function toPlaces(name: RemoteJob, request: Fields): Fields {
	const { store, hub, ...rest } = request;
	// It holds a token, which must not lie in Redis; nor is there anything left for a worker to compute.
	if (rest.servedBy !== undefined)
		throw new DinomalyError(
			'CONFIG_INVALID',
			'Expected either engine workers or an inference server to score, found both',
			{ hint: 'Switch one of the two off under Options.' },
		);
	const place = (value: unknown): unknown => placeOf(value, String(store));
	const moved: Record<string, unknown> = { ...rest };
	delete moved.cacheDir; // a worker keeps features in its own store
	for (const field of PATH_FIELDS[name]) if (field in moved) moved[field] = place(moved[field]);
	if (name === 'score')
		moved.images = (rest.images as readonly Fields[]).map((image) => withPlace(image, place));
	if (typeof hub === 'object' && hub !== null && 'endpoint' in hub) moved.hub = { endpoint: hub.endpoint };
	return moved;
}

/** The folder with images of items, when it is a training's and the store is in object storage: no other machine sees it, so they go along. */
export function imagesToSend(name: RemoteJob, { store, data }: Fields): string | undefined {
	if (name !== 'train' || typeof data !== 'string' || !isAbsolute(data)) return undefined;
	if (connectionOf(String(store)) === undefined) return undefined;
	return isOutside(relative(storeLayout(String(store)).root, data)) ? undefined : resolve(data);
}

/** The request on the worker's machine. Throws CONFIG_INVALID for a folder that it may not read, INPUT_MISSING for one that is not there. */
export async function fromPlaces(name: RemoteJob, request: Fields, workplace: Workplace): Promise<Fields> {
	const local: Record<string, unknown> = { ...request, store: workplace.store };
	for (const field of PATH_FIELDS[name])
		if (field in local) local[field] = await localPath(local[field], workplace);
	if (name === 'score')
		local.images = await Promise.all(
			(request.images as readonly Fields[]).map(async (image) =>
				'file' in image ? { ...image, file: await imagePath(image.file, workplace) } : image,
			),
		);
	if (name === 'train' && workplace.hubToken !== undefined)
		local.hub = { ...(request.hub as object | undefined), token: workplace.hubToken };
	return local;
}

function withPlace(image: Fields, place: (value: unknown) => unknown): Fields {
	return 'file' in image ? { ...image, file: place(image.file) } : image;
}

function placeOf(value: unknown, store: string): unknown {
	if (typeof value !== 'string' || !isAbsolute(value)) return value;
	const { root } = storeLayout(store);
	const way = relative(root, value);
	if (isOutside(way)) return value;
	if (connectionOf(store) === undefined)
		return { inStore: way.split(sep).join('/') } satisfies PlaceInStore;
	throw new DinomalyError(
		'CONFIG_INVALID',
		'Expected files in a folder that the engine workers see too, found some on this machine beside a store in object storage',
		{
			hint: 'Put them into a folder that both see and name it with --data, or compute without engine workers.',
		},
	);
}

async function localPath(value: unknown, workplace: Workplace): Promise<unknown> {
	const place = placeOnWorker(value, workplace);
	return place === undefined ? value : await checkedPath(place, workplace.host);
}

/** An image that is not there is left to the engine, which says so of this image alone. */
async function imagePath(value: unknown, workplace: Workplace): Promise<unknown> {
	const place = placeOnWorker(value, workplace);
	if (place === undefined) return value;
	try {
		return await checkedPath(place, workplace.host);
	} catch (error) {
		const isMissing = error instanceof DinomalyError && error.code === 'INPUT_MISSING';
		if (isMissing && !isOutside(place.way)) return resolve(place.folder, place.way);
		throw error;
	}
}

/** The worker's folder that a path is in, and the way from there; undefined for what is no path. Throws CONFIG_INVALID for a folder that it may not read. */
function placeOnWorker(
	value: unknown,
	{ store, dataFolders, host }: Workplace,
): { readonly folder: string; readonly way: string } | undefined {
	if (isPlace(value)) return { folder: storeLayout(store).root, way: normalize(value.inStore) };
	// The name of an encoder in the catalogue, for example. Paths of the other system's kind are seen as such too.
	if (typeof value !== 'string' || !/[\\/]/.test(value)) return undefined;
	for (const { name, folder } of dataFolders) {
		const way = relative(name, value);
		if (!isOutside(way)) return { folder, way };
	}
	const known = dataFolders.map(({ name }) => name).join(', ');
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected a folder that the engine worker on ${host} may read, found ${value.slice(0, 200)}`,
		{
			hint: `It reads ${known === '' ? 'the model store only' : `${known} and the model store`}: start it with --data ${value.slice(0, 200)}, or with --data ${value.slice(0, 200)}=FOLDER where it has the same files elsewhere.`,
		},
	);
}

/** Links followed: nothing outside of the folder is read because a link in it or a name in a message leads there. */
async function checkedPath(
	{ folder, way }: { readonly folder: string; readonly way: string },
	host: string,
): Promise<string> {
	const path = resolve(folder, way);
	const real = await whenMissing(realpath(path), undefined);
	if (real === undefined)
		throw new DinomalyError(
			'INPUT_MISSING',
			`Expected ${path} on the engine worker ${host}, found nothing there`,
			{
				hint: 'n8n and the engine workers must see the same folders: mount it on the worker too, or name it with --data NAME=FOLDER.',
			},
		);
	if (!isOutside(relative(await realpath(folder), real))) return path;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected ${path} to lie inside ${folder}, found that it leads elsewhere`,
		{
			hint: 'Put the files themselves there instead of a link.',
		},
	);
}

/** Replaces the worker's store folder by the caller's in all texts of an answer, so that messages and paths lead somewhere. */
export function withOwnStore(value: unknown, theirs: string, ours: string): unknown {
	if (theirs === ours || theirs === '') return value;
	return mapTexts(value, (text) => text.replaceAll(theirs, ours));
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
	if (typeof value === 'string') return map(value);
	if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
	if (Array.isArray(value)) return value.map((part) => mapTexts(part, map));
	return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapTexts(part, map)]));
}

function isPlace(value: unknown): value is PlaceInStore {
	return typeof value === 'object' && value !== null && typeof (value as PlaceInStore).inStore === 'string';
}

function isOutside(way: string): boolean {
	return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

/** `FOLDER`, or `NAME=FOLDER` where n8n knows it by another path. Throws USAGE. */
export function parseDataFolder(given: string, path: (given: string) => string): DataFolder {
	const at = given.indexOf('=');
	const name = at < 0 ? path(given) : given.slice(0, at);
	const folder = at < 0 ? name : path(given.slice(at + 1));
	if (isAbsolute(name) && given.slice(at + 1) !== '') return { name: join(name), folder };
	throw new DinomalyError(
		'USAGE',
		`Expected --data to be a folder, or NAME=FOLDER with the absolute path that n8n has, found "${given}"`,
	);
}

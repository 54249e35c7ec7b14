import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { DinomalyError } from '../errors';

/** Where things lie in a store folder. */
export interface StoreLayout {
	readonly root: string;
	readonly models: string;
	/** Unfinished trainings, one folder for each model name. */
	readonly training: string;
	readonly featureCache: string;
	readonly encoders: string;
	/** Models that are being written and not yet whole, and those being deleted; beside the models, since a rename stays on one disk. */
	readonly staging: string;
	readonly locks: string;
	/** What alarms remember from one execution to the next. */
	readonly alarms: string;
}

/** Folder of a store that holds, for each object storage in use, what of it lies on this machine. */
export const OBJECT_STORAGE_FOLDER = 'object-storage';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The store that is used when none is named: DINOMALY_STORE, else the folder `dinomaly` beside n8n's own data, so that it lies on
 * the volume that people already back up.
 */
export function defaultStore(environment: Environment = process.env): string {
	const chosen = environment.DINOMALY_STORE;
	// Object storage is named there too; what of it lies on this machine lies in the ordinary place.
	if (chosen !== undefined && chosen !== '' && !chosen.startsWith('s3://')) return resolve(chosen);
	const userFolder = environment.N8N_USER_FOLDER;
	return resolve(
		userFolder === undefined || userFolder === '' ? homedir() : userFolder,
		'.n8n',
		'dinomaly',
	);
}

/** The folders of the store at `root`; creates nothing. */
export function storeLayout(root: string): StoreLayout {
	const absolute = resolve(root);
	// Encoders and what they computed are the same for all stores: the local parts of object storage share those of their home.
	const parent = dirname(absolute);
	const shared = basename(parent) === OBJECT_STORAGE_FOLDER ? dirname(parent) : absolute;
	return {
		root: absolute,
		models: join(absolute, 'models'),
		training: join(absolute, 'training'),
		featureCache: join(shared, 'cache', 'features'),
		encoders: join(shared, 'encoders'),
		staging: join(absolute, 'models', '.staging'),
		locks: join(absolute, 'locks'),
		alarms: join(absolute, 'alarms'),
	};
}

/**
 * The real path behind an existing `path`, links followed; throws MODEL_INVALID when it leaves `root`, so that a link planted in a
 * store or in a folder to import cannot make us read or write elsewhere.
 */
export async function realPathInside(root: string, path: string): Promise<string> {
	const [realRoot, realPath] = await Promise.all([realpath(root), realpath(path)]);
	const way = relative(realRoot, realPath);
	if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
		throw new DinomalyError(
			'MODEL_INVALID',
			`Expected ${path} to lie inside ${root}, found a link that leads to ${realPath}`,
			{
				hint: 'Put the files themselves there instead of a link.',
			},
		);
	}
	return realPath;
}

import { scryptSync } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { DinomalyError } from '../../errors';
import { OBJECT_STORAGE_FOLDER } from '../paths';
import type { StoreConnection } from './connection';

/** n8n may load the package twice: what both copies must know hangs on something global. */
const REGISTRY = Symbol.for('n8n-nodes-dinomaly.storeConnections');
const TAG_BYTES = 8;

/** What is known in this process: local folder to connection, and identity to local folder. */
interface Registry {
	readonly connections: Map<string, StoreConnection>;
	readonly folders: Map<string, string>;
}

/**
 * Makes this process know a connection, and returns the folder that stands for the store from now on: copies of models, checkpoints and
 * the like lie in it. Everything that takes a store folder takes this one; `home` is the store of this machine that it lies in.
 *
 * Who holds other keys gets another folder, so that nobody reads or writes with the keys of somebody else.
 */
export function connectStore(connection: StoreConnection, home: string): string {
	const { folders } = registry();
	const { endpoint, region, bucket, prefix, accessKeyId, secretAccessKey, pathStyle } = connection;
	const place = JSON.stringify([endpoint, region, bucket, prefix, accessKeyId, pathStyle]);
	const identity = JSON.stringify([home, place, secretAccessKey]);
	// Slow to compute on purpose: the folder's name is no secret and must not help to guess one.
	const name =
		folders.get(identity) ?? `${bucket}-${scryptSync(secretAccessKey, place, TAG_BYTES).toString('hex')}`;
	folders.set(identity, name);
	const folder = resolve(home, OBJECT_STORAGE_FOLDER, name);
	rememberConnection(folder, connection);
	return folder;
}

/** Takes over what another process made known. */
export function rememberConnection(folder: string, connection: StoreConnection): void {
	const { connections } = registry();
	const known = connections.get(folder);
	if (known === undefined || JSON.stringify(known) !== JSON.stringify(connection))
		connections.set(folder, connection);
}

/** The connection of the store that a folder is the local part of; undefined for an ordinary folder, or when it is not known here. */
export function connectionOf(folder: string): StoreConnection | undefined {
	return registry().connections.get(resolve(folder));
}

/** Whether a folder is the local part of object storage whose keys this process does not have. */
export function lacksConnection(folder: string): boolean {
	return isLocalPart(folder) && connectionOf(folder) === undefined;
}

/** As `connectionOf`, but throws STORE_UNREACHABLE for the local part of object storage whose keys this process does not have. */
export function requiredConnection(folder: string): StoreConnection | undefined {
	const found = connectionOf(folder);
	if (found !== undefined || !isLocalPart(folder)) return found;
	throw new DinomalyError(
		'STORE_UNREACHABLE',
		`Expected to know the keys of the object storage that ${folder} belongs to, found none in this process`,
		{
			hint: 'Run a node that has the credential S3 Model Store, or name the store as s3://bucket/prefix.',
		},
	);
}

function isLocalPart(folder: string): boolean {
	return basename(dirname(resolve(folder))) === OBJECT_STORAGE_FOLDER;
}

function registry(): Registry {
	const holder = globalThis as { [REGISTRY]?: Registry };
	return (holder[REGISTRY] ??= { connections: new Map(), folders: new Map() });
}

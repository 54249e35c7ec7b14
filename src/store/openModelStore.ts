import { resolve } from 'node:path';
import { FolderStore } from './folderStore';
import type { ModelStore } from './modelStore';
import type { StoreConnection } from './objects/connection';
import { requiredConnection } from './objects/connections';
import { ObjectStore } from './objects/objectStore';

/** Kept, because they remember which copies were checked, and what the server said a moment ago. */
const objectStores = new WeakMap<StoreConnection, ObjectStore>();

/**
 * The models of the store that a folder stands for: those in it, or those of the object storage that it is the local part of
 * (`connectStore`). Throws STORE_UNREACHABLE when this process does not know how to reach that.
 */
export function openModelStore(folder: string): ModelStore {
	const connection = requiredConnection(folder);
	if (connection === undefined) return new FolderStore(folder);
	const store = objectStores.get(connection) ?? new ObjectStore(resolve(folder), connection);
	objectStores.set(connection, store);
	return store;
}

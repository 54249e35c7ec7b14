import { readdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import { FolderStore } from '../../src/store/folderStore';
import type { Soak } from './context';
import type { SoakData } from './data';
import { trainRequest } from './expected';

/** Names of what is there only while something is written. */
const TEMPORARY = /\.tmp$|\.new$|^\.unfinished-|^\.doomed-|\.partial$/;

const LONG_AGO_MS = 3 * 86_400_000;

/** Temporary files and folders of the store, and everything in the folder for temporary files, by path below the soak's folder. */
export async function leftFiles({ folder, store }: SoakData): Promise<string[]> {
	const found: string[] = [];
	for (const name of await list(store)) {
		const [area, second] = name.split(path.sep);
		const isStaged = area === 'models' && second === '.staging' && name.split(path.sep).length === 3;
		const isOnTheWay = area === 'exchange' && name.split(path.sep).length === 2;
		if (isStaged || isOnTheWay || TEMPORARY.test(path.basename(name)))
			found.push(path.join('store', name));
	}
	for (const name of await list(temporaryFolder(folder))) found.push(path.join('tmp', name));
	return found;
}

/**
 * What killed processes left behind is taken away by those that come later, once it is old enough to be nobody's. It is made old here,
 * a training follows, and then there must be nothing left.
 */
export async function sweepLeftovers({ data, engine, tally, workshop }: Soak): Promise<void> {
	const left = await leftFiles(data);
	tally.count('files that killed processes left behind', left.length);
	for (const name of left) console.log(`left behind: ${name}`);
	const longAgo = new Date(Date.now() - LONG_AGO_MS);
	for (const name of left) await utimes(path.join(data.folder, name), longAgo, longAgo);
	// What callers and workers sent each other goes when a worker starts.
	await workshop?.pool.replace(0);
	for (const model of ['line-0', 'last']) await engine.train(trainRequest(data, model));
	await new FolderStore(data.store).removeModel('last', { force: true });
	for (const name of await leftFiles(data)) tally.broke('leftovers', `${name} is left behind for good`);
}

/** The system's place for temporary files, of this soak alone. */
export function temporaryFolder(folder: string): string {
	return path.join(folder, 'tmp');
}

async function list(folder: string): Promise<string[]> {
	return readdir(folder, { recursive: true }).catch(() => []);
}

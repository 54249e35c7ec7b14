import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors';
import { writeFileAtomic } from '../files/atomicFile';
import { whenMissing } from '../files/diskError';
import { storeLayout } from '../store/paths';
import { recoverJobs, type Workshop } from './detached';

/** n8n is busy starting; and the engine of a process that was killed needs a moment to go. */
const FIRST_LOOK_MS = 10_000;
/** How long a training stands still at most when another process on this machine that worked on it was killed. */
const LOOK_EVERY_MS = 20_000;
/** Executions that wait are told soon. */
const TELL_EVERY_MS = 10_000;
/** n8n may have loaded the package twice. */
const WATCHED = Symbol.for('n8n-nodes-dinomaly.watchedStores');

/** Looks after the jobs of a store, and of those that it knows of, for as long as this process lives, without keeping it alive. */
export function watchStores(home: string, workshop: Workshop, firstLookMs = FIRST_LOOK_MS): void {
	const watched = watchedStores();
	if (watched.has(home)) return;
	watched.add(home);
	const look = (): void => {
		void recoverAll(home, workshop);
	};
	setTimeout(() => {
		look();
		setInterval(look, workshop.engine === undefined ? TELL_EVERY_MS : LOOK_EVERY_MS).unref();
	}, firstLookMs).unref();
}

/** Recovers the jobs of a store and of those that were noted in it; a store that cannot be read is named and passed over. */
export async function recoverAll(home: string, workshop: Workshop): Promise<void> {
	for (const store of new Set([home, ...(await notedStores(home))])) {
		try {
			await recoverJobs(store, workshop);
		} catch (error) {
			workshop.log(`cannot look after the trainings in ${store}: ${messageOf(error)}`);
		}
	}
}

/** Remembers in `home` that jobs in `store` may have to be recovered: after a restart nobody names that store. */
export async function noteStore(home: string, store: string): Promise<void> {
	const [first, other] = [storeLayout(home).root, storeLayout(store).root];
	if (first === other) return;
	const name = `${createHash('sha256').update(other).digest('hex').slice(0, 16)}.json`;
	const path = join(notesFolder(first), name);
	if ((await whenMissing(readFile(path, 'utf8'), undefined)) !== undefined) return;
	await writeFileAtomic(path, JSON.stringify({ store: other }));
}

async function notedStores(home: string): Promise<string[]> {
	const folder = notesFolder(storeLayout(home).root);
	const stores: string[] = [];
	for (const name of await whenMissing(readdir(folder), [])) {
		if (!/^[0-9a-f]{16}\.json$/.test(name)) continue;
		const { store } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { store?: unknown };
		if (typeof store === 'string') stores.push(store);
	}
	return stores;
}

function notesFolder(root: string): string {
	return join(root, 'jobs', 'stores');
}

function watchedStores(): Set<string> {
	const holder = globalThis as { [WATCHED]?: Set<string> };
	return (holder[WATCHED] ??= new Set());
}

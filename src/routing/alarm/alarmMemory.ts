import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { whenMissing } from '../../files/diskError';
import { isName, validateName } from '../../store/names';
import { storeLayout } from '../../store/paths';
import { SharedDocument } from '../../store/sharedDocument';
import { ALARM_BOOK, type AlarmBook } from './alarmBook';

/** Whose memory it is: one node's, or that of all who name it. */
export type MemoryOwner =
	| { readonly workflow: string; readonly node: string }
	/** A name that people give, safe as a file's. */
	| { readonly name: string };

export interface AlarmMemory {
	/** Tells one memory from another. */
	readonly path: string;
	readonly book: SharedDocument<AlarmBook>;
}

const JSON_FILE = /^(?!\.)(.+)(?<!\.damaged)\.json$/;

/**
 * The alarm memory of an owner in a store; test runs have one of their own, apart from production's. Nothing is made before something is
 * entered. Throws CONFIG_INVALID for a name that cannot be a file's.
 */
export function alarmMemory(
	store: string,
	owner: MemoryOwner,
	{ isTest = false }: { readonly isTest?: boolean } = {},
): AlarmMemory {
	const { root, alarms, locks } = storeLayout(store);
	const below =
		'name' in owner
			? join('named', validateName(owner.name, 'file'))
			: join('workflows', safeName(owner.workflow), safeName(owner.node));
	const path = join(alarms, isTest ? 'test' : 'production', `${below}.json`);
	const id = createHash('sha256').update(relative(root, path)).digest('hex').slice(0, 32);
	const what = 'name' in owner ? `the alarm memory "${owner.name}"` : 'the alarm memory of this node';
	const place = { root, path, lock: join(locks, `alarms-${id}`), what };
	return { path, book: new SharedDocument(place, ALARM_BOOK) };
}

/** The memories of all nodes of a workflow, those of test runs left out. */
export async function alarmMemoriesOf(store: string, workflow: string): Promise<AlarmMemory[]> {
	const folder = join(storeLayout(store).alarms, 'production', 'workflows', safeName(workflow));
	const names = await whenMissing(readdir(folder), []);
	return names
		.sort()
		.map((name) => JSON_FILE.exec(name)?.[1])
		.filter((node) => node !== undefined)
		.map((node) => alarmMemory(store, { workflow, node }));
}

/** Ids of n8n are safe as they are; whatever else comes is hashed. */
function safeName(id: string): string {
	if (isName(id, 'file') && !id.endsWith('.damaged')) return id;
	return createHash('sha256').update(id).digest('hex').slice(0, 32);
}

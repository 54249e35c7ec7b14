import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { createFile } from '../files/createFile';
import { explainWriteError, whenMissing } from '../files/diskError';
import { describeConnection } from '../store/objects/connection';
import { requiredConnection } from '../store/objects/connections';
import { storeLayout } from '../store/paths';

const FILE = '.store-id';
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * What two machines know a store by that they see under different paths: a mark in the folder, made when it is first asked for, or the name of
 * the bucket. Throws MODEL_INVALID for a mark that somebody changed, DISK_FULL or CONFIG_INVALID where none can be made.
 */
export async function storeIdentity(store: string): Promise<string> {
	const connection = requiredConnection(store);
	if (connection !== undefined) return describeConnection(connection);
	const { root } = storeLayout(store);
	const path = join(root, FILE);
	const known = await readMark(path);
	if (known !== undefined) return known;
	try {
		await mkdir(root, { recursive: true });
	} catch (error) {
		throw await explainWriteError(error, root);
	}
	await createFile(path, `${randomUUID()}\n`); // false: another process was faster, and its mark counts
	const made = await readMark(path);
	if (made !== undefined) return made;
	throw damaged(path);
}

async function readMark(path: string): Promise<string | undefined> {
	const text = await whenMissing(readFile(path, 'utf8'), undefined);
	if (text === undefined) return undefined;
	if (ID.test(text.trim())) return `folder ${text.trim()}`;
	throw damaged(path);
}

function damaged(path: string): DinomalyError {
	return new DinomalyError(
		'MODEL_INVALID',
		`Expected the mark of a model store in ${path}, found something else`,
		{
			hint: 'Delete this file: the next use makes a new one. Restart the engine workers of this store then.',
		},
	);
}

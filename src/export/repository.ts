import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DinomalyError } from '../errors';
import { removeTree, writeFileAtomic } from '../files/atomicFile';
import { explainWriteError, whenMissing } from '../files/diskError';
import { CARD_FILE } from '../store/card';
import type { OpenedModel } from '../store/modelStore';
import { isVersion } from '../store/names';
import { EXPORTED_FOLDER } from '../store/exportedFolder';
import { repositoryReadme } from './readme';
import type { RepositoryEntry } from './repositoryEntry';
import { CONFIG_FILE, tensorLines, tritonConfig } from './tritonConfig';

const MODEL_FILE = 'model.onnx';
const RECORD_FILE = 'export.json';

/**
 * Puts an exported version into a folder of models that inference servers load: `<name>/<version>/model.onnx`, `<name>/config.pbtxt`, a page
 * for people, and below `<name>/dinomaly/<version>` the model itself, for import. The model comes last, so that a server that watches the
 * folder finds all else in place. A configuration that is there and fits is kept, with whatever was added to it.
 *
 * @returns the model's folder
 * @throws CONFIG_INVALID when versions are there that take or give something else
 */
export async function writeRepository(repository: string, entry: RepositoryEntry): Promise<string> {
	const { opened, name, bytes, precision, check, preprocessing } = entry;
	const folder = path.join(repository, name);
	const config = await chosenConfig(folder, entry);
	const record = {
		schemaVersion: 1,
		model: opened.name,
		version: opened.version,
		precision,
		preprocessing,
		check,
	};
	try {
		await copyModel(opened, path.join(folder, EXPORTED_FOLDER, opened.version));
		await writeFileAtomic(
			path.join(folder, EXPORTED_FOLDER, opened.version, RECORD_FILE),
			`${JSON.stringify(record, null, '\t')}\n`,
		);
		await writeFileAtomic(path.join(folder, 'README.md'), repositoryReadme(entry));
		await writeFileAtomic(path.join(folder, CONFIG_FILE), config);
		await writeFileAtomic(path.join(folder, opened.version, MODEL_FILE), bytes);
	} catch (error) {
		throw await explainWriteError(error, folder);
	}
	return folder;
}

async function chosenConfig(folder: string, { opened, ...entry }: RepositoryEntry): Promise<string> {
	const own = tritonConfig(entry);
	const present = await whenMissing(readFile(path.join(folder, CONFIG_FILE), 'utf8'), undefined);
	if (present === undefined) return own;
	if (tensorLines(present) === tensorLines(own)) return present;
	const others = (await readdir(folder)).filter((name) => isVersion(name) && name !== opened.version);
	if (others.length === 0) return own;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected ${folder} to hold versions that take and give what "${opened.name}@${opened.version}" does, found a ${CONFIG_FILE} for other shapes`,
		{ hint: 'Give it another name on the server, or export it into another folder.' },
	);
}

async function copyModel({ path: from, card }: OpenedModel, to: string): Promise<void> {
	await removeTree(to);
	await mkdir(to, { recursive: true });
	for (const file of [CARD_FILE, ...Object.keys(card.files)])
		await copyFile(path.join(from, file), path.join(to, file));
}

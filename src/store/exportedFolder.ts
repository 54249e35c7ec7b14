import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { whenMissing } from '../files/diskError';
import { CARD_FILE } from './card';
import { isVersion } from './names';

/** Where a folder that was exported for an inference server keeps the model itself, a folder for each version. */
export const EXPORTED_FOLDER = 'dinomaly';

/** The model folder that a folder is or, exported for an inference server, holds: of several versions the newest. */
export async function modelFolderIn(folder: string): Promise<string> {
	if ((await whenMissing(stat(join(folder, CARD_FILE)), undefined)) !== undefined) return folder;
	const versions = (await whenMissing(readdir(join(folder, EXPORTED_FOLDER)), [])).filter(isVersion);
	const newest = versions
		.map(Number)
		.sort((a, b) => a - b)
		.at(-1);
	return newest === undefined ? folder : join(folder, EXPORTED_FOLDER, String(newest));
}

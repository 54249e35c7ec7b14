import { statfs } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { DinomalyError } from '../errors';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Turns a failed write to `path` into the sentence for the user: DISK_FULL when the disk or a quota is full, CONFIG_INVALID when
 * writing is not allowed there; any other error comes back as it is. Only builds the error: the caller throws it.
 */
export async function explainWriteError(error: unknown, path: string): Promise<unknown> {
	const code = errorCode(error);
	if (code !== undefined && FULL.has(code)) {
		const free = await describeFreeSpace(dirname(path));
		return new DinomalyError(
			'DISK_FULL',
			`Expected room to write "${basename(path)}" in ${dirname(path)}, found a full disk${free}`,
			{
				hint: 'Free some space or move the model store to a larger disk, then run again: what was finished before is untouched.',
				cause: error,
			},
		);
	}
	if (code !== undefined && REFUSED.has(code)) {
		return new DinomalyError(
			'CONFIG_INVALID',
			`Expected permission to write ${path}, found that the system refuses it (${code})`,
			{
				hint: 'Let the user that runs this process write there, or choose another folder as the model store.',
				cause: error,
			},
		);
	}
	return error;
}

/** The system's name of a failure, such as ENOENT; undefined for anything that is not a system error. */
export function errorCode(error: unknown): string | undefined {
	if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
	return typeof error.code === 'string' ? error.code : undefined;
}

/** The promise's value, or `fallback` when the file or folder that it is about does not exist. */
export async function whenMissing<T, F>(promise: Promise<T>, fallback: F): Promise<T | F> {
	try {
		return await promise;
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return fallback;
		throw error;
	}
}

async function describeFreeSpace(folder: string): Promise<string> {
	try {
		const { bavail, bsize } = await statfs(folder);
		return ` (${((bavail * bsize) / 2 ** 20).toFixed(1)} MiB free)`;
	} catch {
		return ''; // the figure only helps; a file system that cannot say must not hide the real failure
	}
}

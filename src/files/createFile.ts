import { randomUUID } from 'node:crypto';
import { link, open, readdir, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, explainWriteError, whenMissing } from './diskError';

const UNFINISHED = /^\.[0-9a-f-]{36}\.new$/;
/** What is younger may be somebody's who is at it. */
const LEFT_AFTER_MS = 60_000;
/** What file systems without hard links answer: exFAT, some network shares and FUSE mounts. */
const NO_LINKS = new Set(['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Creates a small file with all of its text at once, so that a process which dies meanwhile leaves none or a whole one; false when the
 * name is taken, of several that try at once by exactly one of them. Throws DISK_FULL, or CONFIG_INVALID where writing is not allowed.
 * Where the file system knows no hard links, the file is empty for a moment, and stays so when its writer dies in that moment.
 */
export async function createFile(path: string, text: string): Promise<boolean> {
	const unfinished = join(dirname(path), `.${randomUUID()}.new`);
	try {
		await writeFile(unfinished, text);
		await link(unfinished, path);
		return true;
	} catch (error) {
		const code = errorCode(error) ?? '';
		if (code === 'EEXIST') return false;
		if (NO_LINKS.has(code)) return await createThenWrite(path, text);
		throw await explainWriteError(error, path);
	} finally {
		await rm(unfinished, { force: true });
	}
}

/** Removes what processes that died in `createFile` left in the folder. */
export async function removeUnfinished(folder: string): Promise<void> {
	for (const name of await readdir(folder)) {
		if (!UNFINISHED.test(name)) continue;
		const path = join(folder, name);
		const found = await whenMissing(stat(path), undefined);
		if (found !== undefined && Date.now() - found.mtimeMs > LEFT_AFTER_MS)
			await rm(path, { force: true });
	}
}

async function createThenWrite(path: string, text: string): Promise<boolean> {
	let file: FileHandle;
	try {
		file = await open(path, 'wx');
	} catch (error) {
		if (errorCode(error) === 'EEXIST') return false;
		throw await explainWriteError(error, path);
	}
	try {
		await file.writeFile(text);
		return true;
	} catch (error) {
		await rm(path, { force: true }); // on a full disk: an empty file would keep everybody waiting
		throw await explainWriteError(error, path);
	} finally {
		await file.close();
	}
}

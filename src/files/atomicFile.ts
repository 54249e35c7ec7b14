import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode, explainWriteError, whenMissing } from './diskError';

/** A virus scanner or an indexer may hold a file open for a moment on Windows, which makes renaming fail. */
const RENAME_TRIES = 8;
const RENAME_FIRST_PAUSE_MS = 10;
const HELD_OPEN = new Set(['EPERM', 'EACCES', 'EBUSY']);

/**
 * Writes a file so that readers, and whoever comes after a crash, see either the former content or all of the new one: a temporary
 * file beside it is written, flushed to the disk and renamed. Missing folders are created. Throws DISK_FULL, leaving the former
 * content and no temporary file.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
	const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
	try {
		await mkdir(dirname(path), { recursive: true });
		const file = await open(temporary, 'wx');
		try {
			await file.writeFile(bytes);
			await file.sync();
		} finally {
			await file.close();
		}
		await renameSafely(temporary, path);
	} catch (error) {
		const explained = await explainWriteError(error, path); // first: afterwards there is room again
		await rm(temporary, { force: true });
		throw explained;
	}
	await flushFolder(dirname(path));
}

/** Renames within one disk, waiting out other programs that hold the file open on Windows. */
export async function renameSafely(from: string, to: string): Promise<void> {
	await renamePatiently(from, to, () => Promise.resolve(false));
}

/** Gives a finished folder its name; false when the name is taken, of two processes that try at once by exactly one of them. */
export async function claimFolderName(from: string, to: string): Promise<boolean> {
	const isTaken = async (): Promise<boolean> => (await whenMissing(lstat(to), undefined)) !== undefined;
	return !(await isTaken()) && (await renamePatiently(from, to, isTaken));
}

/** False when renaming failed and `isPointless` says that trying again would not help. */
async function renamePatiently(
	from: string,
	to: string,
	isPointless: () => Promise<boolean>,
): Promise<boolean> {
	for (let attempt = 1; ; attempt++) {
		try {
			await rename(from, to);
			return true;
		} catch (error) {
			if (await isPointless()) return false;
			const heldOpen = process.platform === 'win32' && HELD_OPEN.has(errorCode(error) ?? '');
			if (!heldOpen || attempt === RENAME_TRIES) throw error;
			await pause(RENAME_FIRST_PAUSE_MS * 2 ** (attempt - 1));
		}
	}
}

/** Makes renames and new entries in a folder survive a power cut; a no-op where the system cannot flush folders. */
export async function flushFolder(folder: string): Promise<void> {
	if (process.platform === 'win32') return;
	const handle = await open(folder, 'r');
	try {
		await handle.sync();
	} catch (error) {
		if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
	} finally {
		await handle.close();
	}
}

/** Deletes a file or folder with all it holds; links are deleted, never followed, and nothing there is fine. */
export async function removeTree(path: string): Promise<void> {
	await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claimFolderName, removeTree, renameSafely } from '../../files/atomicFile';
import { explainWriteError, whenMissing } from '../../files/diskError';
import { isName, isVersion } from '../names';
import type { StoreLayout } from '../paths';

/** Says which object a copy was made from; its time is that of the last use. */
const MARK_FILE = '.copy.json';
/** What was used so lately may be in use still. */
const IN_USE_MS = 10 * 60_000;
const MARK_EVERY_MS = 30_000;

interface Mark {
	/** Mark of the version's document in the bucket. */
	readonly etag: string;
	readonly bytes: number;
}

interface Copy {
	readonly path: string;
	readonly bytes: number;
	readonly usedMs: number;
}

/**
 * Local copies of versions from object storage, laid out as in a store folder, whole or absent. Any number of processes share them. When they
 * take more than `limitBytes`, those used longest ago go, except for those of the last ten minutes.
 */
export class VersionCache {
	constructor(
		private readonly layout: StoreLayout,
		private readonly limitBytes: number,
	) {}

	pathOf(name: string, version: string): string {
		return join(this.layout.models, name, 'versions', version);
	}

	/** Whether there is a copy; of that object, when one is named. Counts as a use. */
	async has(name: string, version: string, etag?: string): Promise<boolean> {
		const path = join(this.pathOf(name, version), MARK_FILE);
		const mark = await readMark(path);
		if (mark === undefined || (etag !== undefined && mark.etag !== etag)) return false;
		const { mtimeMs } = await stat(path);
		if (Date.now() - mtimeMs > MARK_EVERY_MS)
			await whenMissing(utimes(path, new Date(), new Date()), undefined);
		return true;
	}

	/** Has a new copy made in a folder of its own, which `fill` fills, and puts it into place. */
	async make(
		{ name, version, etag, bytes }: Mark & { readonly name: string; readonly version: string },
		fill: (folder: string) => Promise<void>,
	): Promise<void> {
		await mkdir(this.layout.staging, { recursive: true }).catch(async (error: unknown) => {
			throw await explainWriteError(error, this.layout.staging);
		});
		const folder = join(this.layout.staging, randomUUID());
		try {
			await mkdir(folder);
			await fill(folder);
			await this.adopt(folder, { name, version, etag, bytes });
		} catch (error) {
			const explained = await explainWriteError(error, folder);
			await removeTree(folder);
			throw explained;
		}
	}

	/** Makes a folder in the staging area the copy of a version; an older copy, of another object, goes. */
	async adopt(
		folder: string,
		{ name, version, ...mark }: Mark & { readonly name: string; readonly version: string },
	): Promise<void> {
		await writeFile(join(folder, MARK_FILE), JSON.stringify(mark));
		const path = this.pathOf(name, version);
		await mkdir(join(path, '..'), { recursive: true });
		for (let attempt = 0; attempt < 2; attempt++) {
			if (await claimFolderName(folder, path)) break;
			if (await this.has(name, version, mark.etag)) break; // another process was faster
			await this.forget(name, version);
		}
		await removeTree(folder); // left when another process was faster
		await this.shrink(path);
	}

	/** Removes the copy of a version, whole and at once. */
	async forget(name: string, version: string): Promise<void> {
		await this.#remove(this.pathOf(name, version));
	}

	/** Removes copies until they fit; `kept` stays. */
	async shrink(kept: string): Promise<void> {
		const copies = (await this.#copies()).sort((a, b) => a.usedMs - b.usedMs);
		let total = copies.reduce((sum, { bytes }) => sum + bytes, 0);
		for (const { path, bytes, usedMs } of copies) {
			if (total <= this.limitBytes) return;
			if (path === kept || Date.now() - usedMs < IN_USE_MS) continue;
			await this.#remove(path);
			total -= bytes;
		}
	}

	async #copies(): Promise<Copy[]> {
		const copies: Copy[] = [];
		for (const name of await whenMissing(readdir(this.layout.models), [])) {
			if (!isName(name, 'model')) continue;
			for (const version of await whenMissing(
				readdir(join(this.layout.models, name, 'versions')),
				[],
			)) {
				if (!isVersion(version)) continue;
				const path = this.pathOf(name, version);
				const mark = await readMark(join(path, MARK_FILE));
				const found = await whenMissing(stat(join(path, MARK_FILE)), undefined);
				copies.push({ path, bytes: mark?.bytes ?? 0, usedMs: found?.mtimeMs ?? 0 });
			}
		}
		return copies;
	}

	async #remove(path: string): Promise<void> {
		const doomed = join(this.layout.staging, randomUUID());
		await mkdir(this.layout.staging, { recursive: true });
		await whenMissing(renameSafely(path, doomed), undefined);
		await removeTree(doomed);
	}
}

async function readMark(path: string): Promise<Mark | undefined> {
	const text = await whenMissing(readFile(path, 'utf8'), undefined);
	if (text === undefined) return undefined;
	try {
		const { etag, bytes } = JSON.parse(text) as Partial<Mark>;
		return typeof etag === 'string' && typeof bytes === 'number' ? { etag, bytes } : undefined;
	} catch {
		return undefined;
	}
}

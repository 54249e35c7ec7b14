import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AliasBook } from './aliasBook';
import { GateBook } from './gateBook';
import { removeTree, renameSafely, writeFileAtomic } from '../files/atomicFile';
import { whenMissing } from '../files/diskError';
import { caseTwin } from './missing';
import { isVersion } from './names';
import { realPathInside, type StoreLayout } from './paths';

/**
 * One model in a store folder: `versions/<version>` (immutable), `aliases/`, `gates/` and `removed/` (numbers that are never given
 * again).
 * Nothing needs to exist yet.
 */
export class ModelFolder {
	readonly aliases: AliasBook;
	readonly gates: GateBook;
	/** Folder that the versions are moved into. */
	readonly versions: string;
	private readonly folder: string;
	private readonly removed: string;

	constructor(
		private readonly layout: StoreLayout,
		readonly name: string,
	) {
		this.folder = join(layout.models, name);
		this.versions = join(this.folder, 'versions');
		this.removed = join(this.folder, 'removed');
		this.aliases = new AliasBook(join(this.folder, 'aliases'));
		this.gates = new GateBook(join(this.folder, 'gates'));
	}

	/** Ascending; empty when there is no such model. */
	async numbers(): Promise<number[]> {
		return listNumbers(this.versions);
	}

	/** One more than any version that is or was. */
	async nextNumber(): Promise<number> {
		// In this order: a version leaves the first folder only after its number entered the second.
		const present = await listNumbers(this.versions);
		const removed = await listNumbers(this.removed);
		return Math.max(0, ...present.slice(-1), ...removed.slice(-1)) + 1;
	}

	pathOf(version: string): string {
		return join(this.versions, version);
	}

	/** Refuses a model name that differs from another only in case: Windows and macOS would take the two for one. Throws MODEL_EXISTS. */
	async refuseCaseTwin(): Promise<void> {
		const twin = (await whenMissing(readdir(this.layout.models), [])).find(
			(other) => other !== this.name && other.toLowerCase() === this.name.toLowerCase(),
		);
		if (twin === undefined) return;
		throw caseTwin(this.name, twin);
	}

	/** Throws MODEL_INVALID when a link would make us write outside the store. */
	async refuseLinksOut(): Promise<void> {
		for (const path of [
			this.folder,
			this.versions,
			this.removed,
			this.aliases.folder,
			this.aliases.historyFile,
			this.gates.folder,
		]) {
			await whenMissing(realPathInside(this.layout.root, path), undefined);
		}
	}

	async deleteVersion(version: string): Promise<void> {
		await writeFileAtomic(join(this.removed, version), '');
		await this.delete(this.pathOf(version));
	}

	/** Deletes all of it; false when there was nothing. */
	async deleteAll(): Promise<boolean> {
		return this.delete(this.folder);
	}

	/** Renamed out of sight first, so that nobody finds half a model. */
	private async delete(path: string): Promise<boolean> {
		const doomed = join(this.layout.staging, randomUUID());
		await mkdir(this.layout.staging, { recursive: true });
		const moved = await whenMissing(
			renameSafely(path, doomed).then(() => true),
			false,
		);
		await removeTree(doomed);
		return moved;
	}
}

async function listNumbers(folder: string): Promise<number[]> {
	const names = await whenMissing(readdir(folder), []);
	return names
		.filter(isVersion)
		.map(Number)
		.sort((a, b) => a - b);
}

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Box } from '../imaging/geometry';
import type { EncodingConfig } from './encoder';

/** Raise it when features of the same image would come out different. */
const FORMAT = 1;
/** Twenty gigabytes: some 17,000 images of ViT-S at 392. */
export const DEFAULT_CACHE_LIMIT_BYTES = 20e9;
/** When full, the cache shrinks to this share of its limit, so that it is not swept at every write. */
const SWEEP_TO = 0.9;
const SUFFIX = '.f16';
const UNFINISHED = /\.f16\.[0-9a-f-]{36}\.tmp$/;
/** A file is written in milliseconds: one this old was left by a process that died meanwhile. */
const LEFT_BEHIND_MS = 3_600_000;

export interface CacheKey {
	readonly encoderSha256: string;
	readonly encoding: EncodingConfig;
}

/** What names a whole image (null box), or a tile of it, in the cache. */
export function contentKey(imageSha256: string, box: Box | null): string {
	return box === null ? imageSha256 : `${imageSha256}@${box.join(',')}`;
}

/**
 * Features of images or their tiles on disk as float16, one file each, named by the hash of image, encoder and preprocessing.
 * Files are written whole or not at all, so runs may share the folder, and it may be deleted at any time.
 */
export class FeatureCache {
	private written = 0;
	private total: number | null = null;
	/** Set once the disk refused a write: the cache is only read from then on. */
	private readOnly = false;

	constructor(
		private readonly folder: string,
		private readonly key: CacheKey,
		private readonly limitBytes = DEFAULT_CACHE_LIMIT_BYTES,
	) {}

	/** Features of an image or tile (by its content key), all groups one after the other; null when they are not there or damaged. */
	async read(content: string, length: number): Promise<Uint16Array | null> {
		const file = this.fileOf(content);
		try {
			const bytes = await readFile(file);
			if (bytes.byteLength !== 2 * length) return null;
			return new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
		} catch {
			return null;
		}
	}

	/** Whether features of the right length are there. */
	async has(content: string, length: number): Promise<boolean> {
		const info = await stat(this.fileOf(content)).catch(() => null);
		return info?.size === 2 * length;
	}

	/** Keeps features; a full or read-only disk is no error, the features are then computed again. Returns whether they were kept. */
	async write(content: string, features: Uint16Array): Promise<boolean> {
		if (this.readOnly || features.byteLength > this.limitBytes) return false;
		const file = this.fileOf(content);
		const temporary = `${file}.${randomUUID()}.tmp`;
		try {
			await mkdir(path.dirname(file), { recursive: true });
			await this.makeRoom(features.byteLength);
			await writeFile(
				temporary,
				new Uint8Array(features.buffer, features.byteOffset, features.byteLength),
			);
			await rename(temporary, file);
			this.written += features.byteLength;
			return true;
		} catch {
			this.readOnly = true;
			await rm(temporary, { force: true }).catch(() => undefined);
			return false;
		}
	}

	/** Marks an entry as used, so that it is dropped later than others. */
	async touch(content: string): Promise<void> {
		const now = new Date();
		await utimes(this.fileOf(content), now, now).catch(() => undefined);
	}

	private fileOf(content: string): string {
		const { imageSize, cropSize, groups } = this.key.encoding;
		const hash = createHash('sha256')
			.update(JSON.stringify([FORMAT, content, this.key.encoderSha256, imageSize, cropSize, groups]))
			.digest('hex');
		return path.join(this.folder, hash.slice(0, 2), `${hash}${SUFFIX}`);
	}

	/** Drops the entries used longest ago until `bytes` more fit. */
	private async makeRoom(bytes: number): Promise<void> {
		if (this.total === null) {
			await this.removeUnfinished();
			this.total = (await this.entries()).reduce((sum, { size }) => sum + size, 0);
		}
		if (this.total + this.written + bytes <= this.limitBytes) return;
		const entries = (await this.entries()).sort((a, b) => a.usedMs - b.usedMs);
		let size = entries.reduce((sum, entry) => sum + entry.size, 0);
		for (const entry of entries) {
			if (size + bytes <= this.limitBytes * SWEEP_TO) break;
			await rm(entry.file, { force: true });
			size -= entry.size;
		}
		this.total = size;
		this.written = 0;
	}

	/** They count for no limit, and nobody would ever read them. */
	private async removeUnfinished(): Promise<void> {
		for (const name of await this.names()) {
			if (!UNFINISHED.test(name)) continue;
			const file = path.join(this.folder, name);
			const info = await stat(file).catch(() => null);
			if (info !== null && Date.now() - info.mtimeMs > LEFT_BEHIND_MS) await rm(file, { force: true });
		}
	}

	private names(): Promise<string[]> {
		return readdir(this.folder, { recursive: true }).catch(() => []);
	}

	private async entries(): Promise<{ file: string; size: number; usedMs: number }[]> {
		const found: { file: string; size: number; usedMs: number }[] = [];
		for (const name of await this.names()) {
			if (!name.endsWith(SUFFIX)) continue;
			const file = path.join(this.folder, name);
			const info = await stat(file).catch(() => null);
			if (info) found.push({ file, size: info.size, usedMs: info.mtimeMs });
		}
		return found;
	}
}

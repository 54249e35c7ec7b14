import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { freemem } from 'node:os';
import { setImmediate as nextTick } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import { decodeImage } from '../runtime/images';
import { readAhead } from '../runtime/readAhead';
import { float32ToHalf } from '../weights/halfPrecision';
import type { Encoder } from './encoder';
import type { FeatureCache } from './featureCache';

/** Share of the free memory that features may take. */
const MEMORY_SHARE = 0.3;

export interface PrepareOptions {
	readonly signal: AbortSignal;
	readonly onCorrupt: 'skip' | 'fail';
	readonly onProgress: (done: number, total: number) => void;
}

export interface SkippedImage {
	readonly file: string;
	readonly reason: string;
}

/** An image on disk with its content hash. */
interface KnownImage {
	readonly path: string;
	readonly sha256: string;
}

/**
 * Features of many images as float16: computed once, kept in memory while they fit, else on disk, else computed again
 * whenever they are asked for.
 */
export class ImageFeatures {
	readonly skipped: SkippedImage[] = [];
	readonly images: KnownImage[] = [];
	private readonly inMemory = new Map<number, Uint16Array>();
	private memoryLeft = freemem() * MEMORY_SHARE;
	/** Images whose features came from the cache. */
	private hits = 0;
	private uncached = 0;

	constructor(
		private readonly encoder: Encoder,
		private readonly cache: FeatureCache | null,
	) {}

	/** Images that could be read. */
	get count(): number {
		return this.images.length;
	}

	get cacheHits(): number {
		return this.hits;
	}

	/** Images that neither memory nor disk could keep: they are encoded again at every use. */
	get recomputed(): number {
		return this.uncached;
	}

	/**
	 * Reads, decodes and encodes all images, in order. Those that cannot be read are skipped and named, or end it.
	 * @returns for each path whether it is in
	 */
	async prepare(paths: readonly string[], options: PrepareOptions): Promise<boolean[]> {
		const included: boolean[] = [];
		for await (const loaded of readAhead(paths, (path) => this.load(path))) {
			options.signal.throwIfAborted();
			const path = paths[included.length];
			if (loaded instanceof DinomalyError) {
				if (options.onCorrupt === 'fail') throw loaded;
				this.skipped.push({ file: path, reason: loaded.message });
			} else {
				await this.add(path, loaded);
			}
			included.push(!(loaded instanceof DinomalyError));
			options.onProgress(included.length, paths.length);
			// Lets messages in, such as a cancel, before the next image holds the thread.
			await nextTick();
		}
		return included;
	}

	/** All groups of one image one after the other, float16 bits. */
	async get(index: number): Promise<Uint16Array> {
		const kept = this.inMemory.get(index);
		if (kept) return kept;
		const { path, sha256 } = this.images[index];
		const cached = await this.cache?.read(sha256, this.encoder.featureLength);
		return cached ?? (await this.encode(path));
	}

	private async load(path: string): Promise<Loaded | DinomalyError> {
		try {
			const bytes = await readFile(path).catch((cause: unknown) => {
				throw new DinomalyError(
					'INPUT_MISSING',
					`Expected a readable image file, found none at ${path}`,
					{ cause },
				);
			});
			const sha256 = createHash('sha256').update(bytes).digest('hex');
			const cached = (await this.cache?.read(sha256, this.encoder.featureLength)) ?? null;
			return { sha256, cached, image: cached ? null : await decodeImage(bytes, { name: path }) };
		} catch (error) {
			if (error instanceof DinomalyError) return error;
			throw error;
		}
	}

	private async add(path: string, { sha256, cached, image }: Loaded): Promise<void> {
		const features = cached ?? (image ? await this.encodeImage(image) : await this.encode(path));
		const index = this.images.push({ path, sha256 }) - 1;
		if (cached) this.hits++;
		const onDisk = cached
			? this.cache?.touch(sha256).then(() => true)
			: this.cache?.write(sha256, features);
		if (features.byteLength <= this.memoryLeft) {
			this.memoryLeft -= features.byteLength;
			this.inMemory.set(index, features);
			await onDisk;
		} else if (!(await onDisk)) {
			this.uncached++;
		}
	}

	private async encode(path: string): Promise<Uint16Array> {
		return this.encodeImage(await decodeImage(path));
	}

	private async encodeImage(image: Awaited<ReturnType<typeof decodeImage>>): Promise<Uint16Array> {
		const groups = (await this.encoder.features(image)).map(float32ToHalf);
		const features = new Uint16Array(groups.reduce((sum, group) => sum + group.length, 0));
		let offset = 0;
		for (const group of groups) {
			features.set(group, offset);
			offset += group.length;
		}
		return features;
	}
}

interface Loaded {
	readonly sha256: string;
	readonly cached: Uint16Array | null;
	/** Absent when the features were in the cache. */
	readonly image: Awaited<ReturnType<typeof decodeImage>> | null;
}

import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { freemem } from 'node:os';
import { setImmediate as nextTick } from 'node:timers/promises';
import { addPatches, unitEmbedding } from '../distribution/embedding';
import { DinomalyError } from '../errors';
import type { Box } from '../imaging/geometry';
import type { RgbImage, Size } from '../imaging/image';
import { cutTile, layoutTiles, tileBox, tileCount, type Tiling } from '../imaging/tiling';
import { decodeImage, imageHeader } from '../runtime/images';
import { readAhead } from '../runtime/readAhead';
import { float32ToHalf, halfToFloat32 } from '../weights/halfPrecision';
import type { Encoder } from './encoder';
import { contentKey, type FeatureCache } from './featureCache';

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

/** An image on disk: its content hash, and which parts are its own. */
export interface KnownImage extends Size {
	readonly path: string;
	readonly sha256: string;
	/** Number of its first part; its parts follow each other. */
	readonly firstPart: number;
	readonly partCount: number;
	/** What it shows as a whole, over all its parts; of length 1. */
	readonly embedding: Float32Array;
}

/** What the encoder sees at a time: a tile of an image, or the whole when `box` is null. */
interface Part {
	readonly image: number;
	readonly box: Box | null;
}

/**
 * Features of many images, whole or tile by tile, as float16: computed once, kept in memory while they fit, else on disk, else computed
 * again whenever they are asked for. An image is decoded once for all its tiles.
 */
export class ImageFeatures {
	readonly skipped: SkippedImage[] = [];
	readonly images: KnownImage[] = [];
	private readonly parts: Part[] = [];
	private readonly inMemory = new Map<number, Uint16Array>();
	private memoryLeft = freemem() * MEMORY_SHARE;
	/** Parts whose features came from the cache. */
	private hits = 0;
	private uncached = 0;

	constructor(
		private readonly encoder: Encoder,
		private readonly cache: FeatureCache | null,
		private readonly tiling?: Tiling,
	) {}

	/** Images that could be read. */
	get count(): number {
		return this.images.length;
	}

	/** Tiles of all images that could be read; as many as images when they are seen whole. */
	get partCount(): number {
		return this.parts.length;
	}

	get cacheHits(): number {
		return this.hits;
	}

	/** Images, or tiles, that neither memory nor disk could keep: they are encoded again at every use. */
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
				await this.add(path, loaded, options.signal);
			}
			included.push(!(loaded instanceof DinomalyError));
			options.onProgress(included.length, paths.length);
		}
		return included;
	}

	/** All groups of one part one after the other, float16 bits. */
	async get(part: number): Promise<Uint16Array> {
		const kept = this.inMemory.get(part);
		if (kept) return kept;
		const { image, box } = this.parts[part];
		const { path, sha256 } = this.images[image];
		return (await this.fromCache(sha256, box)) ?? (await this.encode(await decodeImage(path), box));
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
			const name = { name: path };
			if (this.tiling === undefined) {
				const features = await this.fromCache(sha256, null);
				const image = features ? null : await decodeImage(bytes, name);
				const size = image ?? (await imageHeader(bytes, name));
				return { sha256, boxes: [null], image, size, features };
			}
			const size = await imageHeader(bytes, name);
			const boxes = boxesOf(size, this.tiling);
			const known = await this.isCached(sha256, boxes);
			const image = known ? null : await decodeImage(bytes, name);
			return { sha256, boxes, size, image, features: null };
		} catch (error) {
			if (error instanceof DinomalyError) return error;
			throw error;
		}
	}

	private async fromCache(sha256: string, box: Box | null): Promise<Uint16Array | null> {
		return (await this.cache?.read(contentKey(sha256, box), this.encoder.featureLength)) ?? null;
	}

	private async isCached(sha256: string, boxes: readonly (Box | null)[]): Promise<boolean> {
		if (this.cache === null) return false;
		for (const box of boxes)
			if (!(await this.cache.has(contentKey(sha256, box), this.encoder.featureLength))) return false;
		return true;
	}

	private async add(path: string, loaded: Loaded, signal: AbortSignal): Promise<void> {
		const { sha256, boxes, size } = loaded;
		let { image } = loaded;
		const index = this.images.length;
		const firstPart = this.parts.length;
		const { width, height } = size;
		const { layout } = this.encoder;
		const sums = new Float64Array(layout.groups * layout.width);
		for (const box of boxes) {
			const key = contentKey(sha256, box);
			const cached = loaded.features ?? (await this.fromCache(sha256, box));
			const isCached = cached !== null;
			// The cache may be swept at any time: then the image is decoded after all.
			const features = cached ?? (await this.encode((image ??= await decodeImage(path)), box));
			addPatches(sums, halfToFloat32(features), layout);
			const part = this.parts.push({ image: index, box }) - 1;
			await this.keep(part, { key, features, isCached });
			// Lets messages in, such as a cancel, before the next part holds the thread.
			await nextTick();
			signal.throwIfAborted();
		}
		const embedding = unitEmbedding(sums, layout.groups);
		this.images.push({ path, sha256, width, height, firstPart, partCount: boxes.length, embedding });
	}

	private async keep(part: number, { key, features, isCached }: Encoded): Promise<void> {
		if (isCached) this.hits++;
		const onDisk = isCached ? this.cache?.touch(key).then(() => true) : this.cache?.write(key, features);
		if (features.byteLength <= this.memoryLeft) {
			this.memoryLeft -= features.byteLength;
			this.inMemory.set(part, features);
			await onDisk;
		} else if (!(await onDisk)) {
			this.uncached++;
		}
	}

	private async encode(image: RgbImage, box: Box | null): Promise<Uint16Array> {
		const seen = box === null ? image : cutTile(image, box);
		const groups = (await this.encoder.features(seen)).map(float32ToHalf);
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
	readonly size: Size;
	readonly boxes: readonly (Box | null)[];
	/** Absent when all features are in the cache. */
	readonly image: RgbImage | null;
	/** Of a whole image, where the cache has them. */
	readonly features: Uint16Array | null;
}

interface Encoded {
	readonly key: string;
	readonly features: Uint16Array;
	readonly isCached: boolean;
}

function boxesOf(size: Size, tiling: Tiling): Box[] {
	const layout = layoutTiles(size, tiling);
	return Array.from({ length: tileCount(layout) }, (_, i) => tileBox(layout, i));
}

import type { Components } from '../../imaging/components';
import { histogramCurves } from './curves';
import { histogramMetrics } from './histogramMetrics';
import type { PixelMetrics, PixelResults } from './pixelMetrics';
import { bitsOf, keyOfBits, scoreOf } from './scoreKeys';

/** Key bits that one bin leaves open: scores in one bin differ by less than 1 part in 8192. */
const SHIFT = 10;
/** Bins of a page; a page is made when the first score falls into it. */
const PAGE_BITS = 10;
const PAGE_BINS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_BINS - 1;
const PAGES = 1 << (32 - SHIFT - PAGE_BITS);
/** Of anomalous pixels: how many, their shares of their regions, their shares of their images. */
const COLUMNS = 3;

/** Counts of one kind of image by bin. */
interface Group {
	readonly normal: (Float64Array | undefined)[];
	readonly anomalous: (Float64Array | undefined)[];
	/** Regions, and images that have one. */
	regions: number;
	images: number;
	minKey: number;
	maxKey: number;
}

/** Bins with their counts, highest scores first; columns of one length. */
export interface HistogramLevels {
	/** Smallest score that the bin takes. */
	readonly scores: readonly number[];
	/** Smallest and largest key that the bin takes. */
	readonly lowestKeys: readonly number[];
	readonly normal: readonly number[];
	/** Those of `normal` that belong to good images. */
	readonly good: readonly number[];
	readonly anomalous: readonly number[];
	/** Sum over the anomalous pixels of one over the area of their region. */
	readonly regionShare: readonly number[];
	/** Sum over the anomalous pixels of one over the anomalous pixels of their image. */
	readonly imageShare: readonly number[];
	readonly regions: number;
	readonly images: number;
	/** Keys of the smallest and the largest score, exact. */
	readonly minKey: number;
	readonly maxKey: number;
}

/** What an anomalous key belongs to. */
export interface RegionFacts {
	readonly regions: Int32Array;
	readonly areas: ArrayLike<number>;
	readonly imageOfRegion: ArrayLike<number>;
	readonly imageAreas: ArrayLike<number>;
	readonly kindOfRegion: (region: number) => string;
}

/**
 * Counts of scores in fine bins, for any number of maps in bounded memory.
 *
 * A bin is the leading 22 bits of a score's key. Metrics are computed for the best and for the worst order of the scores within bins; the
 * exact value lies between, which gives the bound on the error.
 *
 * Memory: 8 KB for each page of 1024 bins that normal pixels fall into, 24 KB for anomalous ones, of each kind of defect. Scores within
 * a factor of two share 8 pages, so that a model's scores take a few MB; 128 MB for each kind is the most there can be.
 */
export class PixelHistogram {
	/** By kind of defect; null: good images. */
	readonly #groups = new Map<string | null, Group>([[null, emptyGroup()]]);

	addGood(map: Float32Array): void {
		const group = this.#groupOf(null);
		const bits = bitsOf(map);
		for (let i = 0; i < bits.length; i++) countNormal(group, keyOfBits(bits[i]));
	}

	addDefective(map: Float32Array, { labels, areas }: Components, kind: string): void {
		const group = this.#groupOf(kind);
		const bits = bitsOf(map);
		const imageShare = 1 / (map.length - areas[0]);
		for (let i = 0; i < bits.length; i++) {
			const key = keyOfBits(bits[i]);
			if (labels[i] === 0) countNormal(group, key);
			else countAnomalous(group, key, 1 / areas[labels[i]], imageShare);
		}
		group.regions += areas.length - 1;
		if (areas.length > 1) group.images++;
	}

	addNormalKeys(keys: Uint32Array, kind: string | null): void {
		const group = this.#groupOf(kind);
		for (let i = 0; i < keys.length; i++) countNormal(group, keys[i]);
	}

	addAnomalousKeys(keys: Uint32Array, facts: RegionFacts): void {
		const { regions, areas, imageOfRegion, imageAreas, kindOfRegion } = facts;
		for (let i = 0; i < keys.length; i++) {
			const region = regions[i];
			const group = this.#groupOf(kindOfRegion(region));
			countAnomalous(group, keys[i], 1 / areas[region], 1 / imageAreas[imageOfRegion[region]]);
		}
	}

	countRegion(kind: string): void {
		this.#groupOf(kind).regions++;
	}

	countImage(kind: string): void {
		this.#groupOf(kind).images++;
	}

	/** Metrics of all pixels, and of each kind of defect beside all good images. */
	results(maxFpr: number, byKind: boolean): PixelResults {
		const levels = this.#levels([...this.#groups.keys()]);
		const kinds = new Map<string, PixelMetrics>();
		if (byKind)
			for (const kind of this.#groups.keys())
				if (kind !== null) kinds.set(kind, histogramMetrics(this.#levels([null, kind]), maxFpr));
		return { overall: histogramMetrics(levels, maxFpr), kinds, curves: histogramCurves(levels, maxFpr) };
	}

	#groupOf(kind: string | null): Group {
		const known = this.#groups.get(kind);
		if (known !== undefined) return known;
		const group = emptyGroup();
		this.#groups.set(kind, group);
		return group;
	}

	#levels(kinds: readonly (string | null)[]): HistogramLevels {
		const groups = kinds.map((kind) => this.#groupOf(kind));
		const columns = {
			scores: [] as number[],
			lowestKeys: [] as number[],
			normal: [] as number[],
			good: [] as number[],
			anomalous: [] as number[],
			regionShare: [] as number[],
			imageShare: [] as number[],
		};
		for (let page = PAGES - 1; page >= 0; page--) {
			if (groups.every(({ normal, anomalous }) => !normal[page] && !anomalous[page])) continue;
			for (let bin = PAGE_BINS - 1; bin >= 0; bin--) {
				const sums = [0, 0, 0, 0];
				for (const { normal, anomalous } of groups) {
					sums[0] += normal[page]?.[bin] ?? 0;
					for (let c = 0; c < COLUMNS; c++)
						sums[c + 1] += anomalous[page]?.[bin * COLUMNS + c] ?? 0;
				}
				if (sums[0] + sums[1] === 0) continue;
				const key = ((page * PAGE_BINS + bin) << SHIFT) >>> 0;
				columns.scores.push(scoreOf(key));
				columns.lowestKeys.push(key);
				columns.normal.push(sums[0]);
				columns.good.push(this.#groupOf(null).normal[page]?.[bin] ?? 0);
				columns.anomalous.push(sums[1]);
				columns.regionShare.push(sums[2]);
				columns.imageShare.push(sums[3]);
			}
		}
		return {
			...columns,
			regions: groups.reduce((sum, group) => sum + group.regions, 0),
			images: groups.reduce((sum, group) => sum + group.images, 0),
			minKey: Math.min(...groups.map((group) => group.minKey)),
			maxKey: Math.max(...groups.map((group) => group.maxKey)),
		};
	}
}

/** First key of the bin that a key falls into. */
export function binStart(key: number): number {
	return ((key >>> SHIFT) << SHIFT) >>> 0;
}

function emptyGroup(): Group {
	return {
		normal: new Array<Float64Array | undefined>(PAGES).fill(undefined),
		anomalous: new Array<Float64Array | undefined>(PAGES).fill(undefined),
		regions: 0,
		images: 0,
		minKey: 0xffffffff,
		maxKey: 0,
	};
}

function countNormal(group: Group, key: number): void {
	const bin = key >>> SHIFT;
	const page = (group.normal[bin >>> PAGE_BITS] ??= new Float64Array(PAGE_BINS));
	page[bin & PAGE_MASK]++;
	if (key < group.minKey) group.minKey = key;
	if (key > group.maxKey) group.maxKey = key;
}

function countAnomalous(group: Group, key: number, regionShare: number, imageShare: number): void {
	const bin = key >>> SHIFT;
	const page = (group.anomalous[bin >>> PAGE_BITS] ??= new Float64Array(PAGE_BINS * COLUMNS));
	const column = (bin & PAGE_MASK) * COLUMNS;
	page[column]++;
	page[column + 1] += regionShare;
	page[column + 2] += imageShare;
	if (key < group.minKey) group.minKey = key;
	if (key > group.maxKey) group.maxKey = key;
}

import type { Components } from '../../imaging/components';
import { histogramCurves } from './curves';
import { SHIFT, type HistogramLevels } from './histogramLevels';
import { histogramMetrics } from './histogramMetrics';
import type { PixelMetrics, PixelResults } from './pixelMetrics';
import { bitsOf, keyOfBits, scoreOf } from './scoreKeys';

/** Bins of a page; a page is made when the first score falls into it. */
const PAGE_BITS = 10;
const PAGE_BINS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_BINS - 1;
const PAGES = 1 << (32 - SHIFT - PAGE_BITS);
/** Of anomalous pixels: how many, their shares of their regions, their shares of their images. */
const COLUMNS = 3;
const NO_PAGE: Float64Array = new Float64Array(0);

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
		const bits = bitsOf(map);
		const keys = new Uint32Array(bits.length);
		for (let i = 0; i < bits.length; i++) keys[i] = keyOfBits(bits[i]);
		countNormal(this.#groupOf(null), keys);
	}

	addDefective(map: Float32Array, { labels, areas }: Components, kind: string): void {
		const group = this.#groupOf(kind);
		const bits = bitsOf(map);
		const imageShare = 1 / (map.length - areas[0]);
		const normal = new Uint32Array(areas[0]);
		let n = 0;
		for (let i = 0; i < bits.length; i++) {
			const key = keyOfBits(bits[i]);
			if (labels[i] === 0) normal[n++] = key;
			else countAnomalous(group, key, 1 / areas[labels[i]], imageShare);
		}
		countNormal(group, normal);
		group.regions += areas.length - 1;
		if (areas.length > 1) group.images++;
	}

	addNormalKeys(keys: Uint32Array, kind: string | null): void {
		countNormal(this.#groupOf(kind), keys);
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

	/** Metrics of all pixels. */
	result(maxFpr: number): PixelMetrics {
		return histogramMetrics(this.#levels([...this.#groups.keys()]), maxFpr);
	}

	/** The same with those of each kind of defect beside all good images, and the curves. */
	results(maxFpr: number): PixelResults {
		const levels = this.#levels([...this.#groups.keys()]);
		const kinds = new Map<string, PixelMetrics>();
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
		const pages: number[] = [];
		for (let page = PAGES - 1; page >= 0; page--)
			if (groups.some(({ normal, anomalous }) => normal[page] ?? anomalous[page])) pages.push(page);
		const columns = emptyColumns(pages.length * PAGE_BINS);
		const sums = {
			normal: new Float64Array(PAGE_BINS),
			anomalous: new Float64Array(PAGE_BINS * COLUMNS),
		};
		let length = 0;
		for (const page of pages) {
			sums.normal.fill(0);
			sums.anomalous.fill(0);
			for (const { normal, anomalous } of groups) {
				addTo(sums.normal, normal[page]);
				addTo(sums.anomalous, anomalous[page]);
			}
			length = appendPage(columns, length, {
				page,
				sums,
				good: this.#groupOf(null).normal[page] ?? NO_PAGE,
			});
		}
		return {
			scores: columns.scores.subarray(0, length),
			lowestKeys: columns.lowestKeys.subarray(0, length),
			normal: columns.normal.subarray(0, length),
			good: columns.good.subarray(0, length),
			anomalous: columns.anomalous.subarray(0, length),
			regionShare: columns.regionShare.subarray(0, length),
			imageShare: columns.imageShare.subarray(0, length),
			regions: groups.reduce((sum, group) => sum + group.regions, 0),
			images: groups.reduce((sum, group) => sum + group.images, 0),
			minKey: Math.min(...groups.map((group) => group.minKey)),
			maxKey: Math.max(...groups.map((group) => group.maxKey)),
		};
	}
}

type Columns = Omit<HistogramLevels, 'regions' | 'images' | 'minKey' | 'maxKey'>;

function emptyColumns(length: number): Columns {
	return {
		scores: new Float64Array(length),
		lowestKeys: new Float64Array(length),
		normal: new Float64Array(length),
		good: new Float64Array(length),
		anomalous: new Float64Array(length),
		regionShare: new Float64Array(length),
		imageShare: new Float64Array(length),
	};
}

/** Appends the bins of a page that hold anything, highest first; returns how many there are then. */
function appendPage(
	columns: Columns,
	from: number,
	{
		page,
		sums,
		good,
	}: {
		readonly page: number;
		readonly sums: { readonly normal: Float64Array; readonly anomalous: Float64Array };
		readonly good: Float64Array;
	},
): number {
	let place = from;
	for (let bin = PAGE_BINS - 1; bin >= 0; bin--) {
		const column = bin * COLUMNS;
		if (sums.normal[bin] + sums.anomalous[column] === 0) continue;
		const key = ((page * PAGE_BINS + bin) << SHIFT) >>> 0;
		columns.scores[place] = scoreOf(key);
		columns.lowestKeys[place] = key;
		columns.normal[place] = sums.normal[bin];
		columns.good[place] = good.length === 0 ? 0 : good[bin];
		columns.anomalous[place] = sums.anomalous[column];
		columns.regionShare[place] = sums.anomalous[column + 1];
		columns.imageShare[place] = sums.anomalous[column + 2];
		place++;
	}
	return place;
}

function addTo(sums: Float64Array, page: Float64Array | undefined): void {
	if (page === undefined) return;
	for (let i = 0; i < sums.length; i++) sums[i] += page[i];
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

/** Neighbouring scores mostly share a page, so that the last one is kept at hand. */
function countNormal(group: Group, keys: Uint32Array): void {
	let [minKey, maxKey] = [group.minKey, group.maxKey];
	let lastPage = -1;
	let page: Float64Array = NO_PAGE;
	for (let i = 0; i < keys.length; i++) {
		const key = keys[i];
		const place = key >>> (SHIFT + PAGE_BITS);
		if (place !== lastPage) {
			page = group.normal[place] ??= new Float64Array(PAGE_BINS);
			lastPage = place;
		}
		page[(key >>> SHIFT) & PAGE_MASK]++;
		if (key < minKey) minKey = key;
		if (key > maxKey) maxKey = key;
	}
	group.minKey = minKey;
	group.maxKey = maxKey;
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

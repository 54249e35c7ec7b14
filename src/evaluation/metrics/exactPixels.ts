import type { Components } from '../../imaging/components';
import { aupimo } from './aupimo';
import type { SortedPixels } from './aupro';
import { aupro } from './aupro';
import { auproOfficial } from './auproOfficial';
import { pixelCurves } from './curves';
import type { PixelMetrics, PixelResults } from './pixelMetrics';
import type { PixelHistogram } from './pixelHistogram';
import { KeyCollection, sortTaggedKeys } from './radixSort';
import { rankSorted } from './ranking';
import { bitsOf, keyOfBits } from './scoreKeys';

/** Stands for the pixels of good images. */
const GOOD = 0;

/**
 * Every score of an evaluation, for exact metrics.
 *
 * Memory: 4 bytes per normal pixel and 8 per anomalous one; while `results` runs, 8 and up to 32.
 */
export class ExactPixels {
	/** Normal pixels of good images, and then of the images of each kind of defect. */
	readonly #normal: KeyCollection[] = [new KeyCollection()];
	/** Kind of defect to its place in `#normal`. */
	readonly #kinds = new Map<string, number>();
	#anomalous: Uint32Array[] = [];
	#regions: Int32Array[] = [];
	/** Of each region: its pixels, its image and the kind of defect. */
	readonly #areas: number[] = [];
	readonly #imageOfRegion: number[] = [];
	readonly #kindOfRegion: number[] = [];
	/** Anomalous pixels of each image that has any. */
	readonly #imageAreas: number[] = [];
	/** Pixels of all maps. */
	count = 0;

	addGood(map: Float32Array): void {
		const bits = bitsOf(map);
		const keys = new Uint32Array(bits.length);
		for (let i = 0; i < bits.length; i++) keys[i] = keyOfBits(bits[i]);
		this.#normal[GOOD].add(keys);
		this.count += map.length;
	}

	addDefective(map: Float32Array, { labels, areas }: Components, kind: string): void {
		const bits = bitsOf(map);
		const normal = new Uint32Array(areas[0]);
		const anomalous = new Uint32Array(map.length - areas[0]);
		const regions = new Int32Array(anomalous.length);
		// Labels begin at 1, regions at 0.
		const labelOffset = this.#areas.length - 1;
		let n = 0;
		let a = 0;
		for (let i = 0; i < bits.length; i++) {
			const key = keyOfBits(bits[i]);
			if (labels[i] === 0) {
				normal[n++] = key;
			} else {
				anomalous[a] = key;
				regions[a++] = labelOffset + labels[i];
			}
		}
		const place = this.#placeOf(kind);
		this.#normal[place].add(normal);
		this.#anomalous.push(anomalous);
		this.#regions.push(regions);
		for (let label = 1; label < areas.length; label++) {
			this.#areas.push(areas[label]);
			this.#imageOfRegion.push(this.#imageAreas.length);
			this.#kindOfRegion.push(place);
		}
		if (anomalous.length > 0) this.#imageAreas.push(anomalous.length);
		this.count += map.length;
	}

	/** Metrics of all pixels. */
	result(maxFpr: number): PixelMetrics {
		const { normal, keys, tags } = this.#sorted();
		return this.#measure({ normal, good: normal[GOOD], keys, tags, maxFpr });
	}

	/** The same with those of each kind of defect beside all good images, and the curves. */
	results(maxFpr: number): PixelResults {
		const { normal, keys, tags } = this.#sorted();
		const good = normal[GOOD];
		const kinds = new Map<string, PixelMetrics>();
		for (const [kind, place] of this.#kinds) {
			const own = this.#ofKind(place, keys, tags);
			kinds.set(
				kind,
				this.#measure({ normal: [good, normal[place]], good, ...own, maxFpr, kind: place }),
			);
		}
		return {
			overall: this.#measure({ normal, good, keys, tags, maxFpr }),
			kinds,
			curves: pixelCurves(this.#sortedPixels(normal, keys, tags), maxFpr),
		};
	}

	/** Hands all pixels over to a histogram. */
	drainInto(histogram: PixelHistogram): void {
		const kinds = ['', ...this.#kinds.keys()];
		for (const [place, collection] of this.#normal.entries()) {
			const kind = place === GOOD ? null : kinds[place];
			collection.forEachPart((keys) => {
				histogram.addNormalKeys(keys, kind);
			});
		}
		for (const [part, keys] of this.#anomalous.entries())
			histogram.addAnomalousKeys(keys, {
				regions: this.#regions[part],
				areas: this.#areas,
				imageOfRegion: this.#imageOfRegion,
				imageAreas: this.#imageAreas,
				kindOfRegion: (region) => kinds[this.#kindOfRegion[region]],
			});
		for (const region of this.#kindOfRegion.keys())
			histogram.countRegion(kinds[this.#kindOfRegion[region]]);
		const kindOfImage = new Map<number, number>();
		for (const [region, image] of this.#imageOfRegion.entries())
			kindOfImage.set(image, this.#kindOfRegion[region]);
		for (const place of kindOfImage.values()) histogram.countImage(kinds[place]);
	}

	#sorted(): { normal: Uint32Array[]; keys: Uint32Array; tags: Int32Array } {
		this.#anomalous = [join(this.#anomalous, Uint32Array)];
		this.#regions = [join(this.#regions, Int32Array)];
		const anomalous = sortTaggedKeys({ keys: this.#anomalous[0], tags: this.#regions[0] });
		return { normal: this.#normal.map((collection) => collection.sorted()), ...anomalous };
	}

	#placeOf(kind: string): number {
		const known = this.#kinds.get(kind);
		if (known !== undefined) return known;
		const place = this.#normal.push(new KeyCollection()) - 1;
		this.#kinds.set(kind, place);
		return place;
	}

	/** The anomalous pixels of one kind, still ascending. */
	#ofKind(place: number, keys: Uint32Array, tags: Int32Array): { keys: Uint32Array; tags: Int32Array } {
		let count = 0;
		for (let i = 0; i < tags.length; i++) if (this.#kindOfRegion[tags[i]] === place) count++;
		const own = { keys: new Uint32Array(count), tags: new Int32Array(count) };
		let o = 0;
		for (let i = 0; i < tags.length; i++) {
			if (this.#kindOfRegion[tags[i]] !== place) continue;
			own.keys[o] = keys[i];
			own.tags[o++] = tags[i];
		}
		return own;
	}

	#measure({
		normal,
		good,
		keys,
		tags,
		maxFpr,
		kind,
	}: {
		readonly normal: readonly Uint32Array[];
		readonly good: Uint32Array;
		readonly keys: Uint32Array;
		readonly tags: Int32Array;
		readonly maxFpr: number;
		/** Place of the only kind of defect that counts; absent for all. */
		readonly kind?: number;
	}): PixelMetrics {
		const pixels = this.#sortedPixels(normal, keys, tags, kind);
		return {
			...rankSorted(pixels, 'pixel'),
			aupro: aupro(pixels, maxFpr),
			auproOfficial: auproOfficial(pixels),
			aupimo: aupimo({
				good: [good],
				anomalous: keys,
				regions: tags,
				imageOfRegion: this.#imageOfRegion,
				imageAreas: kind === undefined ? this.#imageAreas : this.#imageAreasOf(kind),
			}),
		};
	}

	/** With one kind only, regions are numbered anew, so that those of other kinds do not count. */
	#sortedPixels(
		normal: readonly Uint32Array[],
		keys: Uint32Array,
		tags: Int32Array,
		kind?: number,
	): SortedPixels {
		if (kind === undefined) return { normal, anomalous: keys, regions: tags, areas: this.#areas };
		const numbers = new Int32Array(this.#areas.length);
		const areas: number[] = [];
		for (let region = 0; region < numbers.length; region++)
			if (this.#kindOfRegion[region] === kind) numbers[region] = areas.push(this.#areas[region]) - 1;
		return { normal, anomalous: keys, regions: tags.map((region) => numbers[region]), areas };
	}

	#imageAreasOf(kind: number): number[] {
		const areas = new Array<number>(this.#imageAreas.length).fill(0);
		for (const [region, image] of this.#imageOfRegion.entries())
			if (this.#kindOfRegion[region] === kind) areas[image] = this.#imageAreas[image];
		return areas;
	}
}

function join<T extends Uint32Array | Int32Array>(
	parts: readonly T[],
	ArrayType: new (length: number) => T,
): T {
	if (parts.length === 1) return parts[0];
	let length = 0;
	for (const part of parts) length += part.length;
	const joined = new ArrayType(length);
	let offset = 0;
	for (const part of parts) {
		joined.set(part, offset);
		offset += part.length;
	}
	return joined;
}

import { DinomalyError } from '../../errors';
import type { Components } from '../../imaging/components';
import { labelComponents } from '../../imaging/components';
import type { SortedPixels } from './aupro';
import { aupro } from './aupro';
import { auproOfficial } from './auproOfficial';
import { pixelCurves, type PixelCurves } from './curves';
import type { Metric } from './metric';
import { KeyCollection, sortTaggedKeys } from './radixSort';
import type { RankingMetrics } from './ranking';
import { rankSorted } from './ranking';
import { bitsOf, keyOfBits, requireFinite } from './scoreKeys';

/** Pixel metrics over all maps of a category. */
export interface PixelMetrics extends RankingMetrics {
	/** Exact: all distinct scores, interpolated at the limit. */
	readonly aupro: Metric;
	/** By the reference's 200 thresholds. */
	readonly auproOfficial: Metric;
}

/** Pixel metrics with the curves below them. */
export interface PlottedPixelMetrics extends PixelMetrics {
	/** Null without an anomalous or without a normal pixel. */
	readonly curves: PixelCurves | null;
}

export interface PixelMetricsOptions {
	/** False positive rate, in (0, 1], up to which the exact AUPRO averages. */
	readonly maxFpr?: number;
}

/**
 * Exact pixel metrics over any number of anomaly maps, which may differ in size.
 *
 * Memory: 4 bytes per normal pixel and 8 per anomalous one; while `result` runs, 8 and up to 32.
 *
 * @example
 * const pixels = new PixelAccumulator();
 * for (const { map, gtMask } of scored) pixels.add(map, gtMask, 256, 256);
 * const { auroc, aupro } = pixels.result();
 */
export class PixelAccumulator {
	readonly #normal = new KeyCollection();
	#anomalous: Uint32Array[] = [];
	#regions: Int32Array[] = [];
	readonly #areas: number[] = [];

	/**
	 * Adds one map; on an error nothing of it is kept.
	 *
	 * @param map anomaly map, row-major, `width * height` finite scores; not kept
	 * @param gtMask ground truth of the same size, 0 = normal; null = an image without any anomaly
	 * @throws DinomalyError USAGE or MASK_MISMATCH on a wrong size, SCORE_NOT_FINITE
	 */
	add(map: Float32Array, gtMask: Uint8Array | null, width: number, height: number): void {
		if (map.length !== width * height) {
			throw new DinomalyError(
				'USAGE',
				`Expected an anomaly map of ${width} x ${height} = ${width * height} scores, found ${map.length}`,
			);
		}
		requireFinite(map);
		if (gtMask === null) this.#normal.add(keysOf(map));
		else this.#addRegions(map, labelComponents(gtMask, width, height));
	}

	/** Metrics of all maps added so far; more may be added afterwards. */
	result({ maxFpr }: PixelMetricsOptions = {}): PixelMetrics {
		return metricsOf(this.#sorted(), maxFpr);
	}

	/** As `result`, and what a report plots. */
	resultWithCurves({ maxFpr }: PixelMetricsOptions = {}): PlottedPixelMetrics {
		const pixels = this.#sorted();
		return { ...metricsOf(pixels, maxFpr), curves: pixelCurves(pixels, maxFpr) };
	}

	#addRegions(map: Float32Array, { labels, areas }: Components): void {
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
		this.#normal.add(normal);
		this.#anomalous.push(anomalous);
		this.#regions.push(regions);
		for (let label = 1; label < areas.length; label++) this.#areas.push(areas[label]);
	}

	#sorted(): SortedPixels {
		this.#anomalous = [join(this.#anomalous, Uint32Array)];
		this.#regions = [join(this.#regions, Int32Array)];
		const anomalous = sortTaggedKeys({ keys: this.#anomalous[0], tags: this.#regions[0] });
		return {
			normal: this.#normal.sorted(),
			anomalous: anomalous.keys,
			regions: anomalous.tags,
			areas: this.#areas,
		};
	}
}

function metricsOf(pixels: SortedPixels, maxFpr: number | undefined): PixelMetrics {
	return {
		...rankSorted(pixels, 'pixel'),
		aupro: aupro(pixels, maxFpr),
		auproOfficial: auproOfficial(pixels),
	};
}

function keysOf(map: Float32Array): Uint32Array {
	const bits = bitsOf(map);
	const keys = new Uint32Array(bits.length);
	for (let i = 0; i < bits.length; i++) keys[i] = keyOfBits(bits[i]);
	return keys;
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

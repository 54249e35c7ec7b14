import { DinomalyError } from '../../errors';
import { labelComponents } from '../../imaging/components';
import { checkMaxFpr, DEFAULT_MAX_FPR } from './aupro';
import { ExactPixels } from './exactPixels';
import { PixelHistogram } from './pixelHistogram';
import type { PixelMetrics, PixelResults } from './pixelMetrics';
import { requireFinite } from './scoreKeys';

export type { PixelMetrics, PixelResults };

/**
 * How pixels are kept: every score (`exact`), counts in fine bins (`histogram`), or every score as long as there are few enough of them
 * and counts from then on (`auto`).
 */
export type PixelMode = 'auto' | 'exact' | 'histogram';

export interface PixelAccumulatorOptions {
	readonly mode?: PixelMode;
	/** Pixels that `auto` keeps every score of. */
	readonly exactPixels?: number;
}

/** Which part of a map counts, and what it shows. */
export interface InspectedPart {
	readonly width: number;
	readonly height: number;
	readonly inspected: Uint8Array;
	/** Kind of defect that the mask shows. */
	readonly kind?: string;
}

export interface PixelMetricsOptions {
	/** False positive rate, in (0, 1], up to which AUPRO averages. */
	readonly maxFpr?: number;
}

/** 1024 maps of 256 x 256: some 270 MB, and twice as much while metrics are computed. */
export const EXACT_PIXELS = 2 ** 26;

/**
 * Pixel metrics over any number of anomaly maps, which may differ in size and are looked at once.
 *
 * Exact up to a number of pixels, 4 to 8 bytes each; beyond that in bounded memory, each metric with a bound on its error.
 *
 * @example
 * const pixels = new PixelAccumulator();
 * for (const { map, gtMask } of scored) pixels.add(map, gtMask, 256, 256);
 * const { auroc, aupro } = pixels.result();
 */
export class PixelAccumulator {
	readonly #mode: PixelMode;
	readonly #exactPixels: number;
	#pixels: ExactPixels | PixelHistogram;

	constructor({ mode = 'auto', exactPixels = EXACT_PIXELS }: PixelAccumulatorOptions = {}) {
		this.#mode = mode;
		this.#exactPixels = exactPixels;
		this.#pixels = mode === 'histogram' ? new PixelHistogram() : new ExactPixels();
	}

	/** Whether the metrics so far are exact. */
	get isExact(): boolean {
		return this.#pixels instanceof ExactPixels;
	}

	/**
	 * Adds one map; on an error nothing of it is kept.
	 *
	 * @param map anomaly map, row-major, `width * height` finite scores; not kept
	 * @param gtMask ground truth of the same size, 0 = normal; null = an image without any anomaly
	 * @param kind kind of defect that the mask shows; an image without mask, or with an empty one and no kind, is a good one
	 * @throws DinomalyError USAGE or MASK_MISMATCH on a wrong size, SCORE_NOT_FINITE
	 */
	add(map: Float32Array, gtMask: Uint8Array | null, width: number, height: number, kind = ''): void {
		if (map.length !== width * height) {
			throw new DinomalyError(
				'USAGE',
				`Expected an anomaly map of ${width} x ${height} = ${width * height} scores, found ${map.length}`,
			);
		}
		requireFinite(map);
		const components = gtMask === null ? null : labelComponents(gtMask, width, height);
		if (components === null || (components.count === 0 && kind === '')) this.#pixels.addGood(map);
		else this.#pixels.addDefective(map, components, kind);
		this.#makeRoom();
	}

	/**
	 * Adds the part of a map that was inspected, as `add` does the whole; a region of the ground truth counts as far as it lies in it.
	 *
	 * @param inspected 0 for pixels that do not count
	 */
	addInspected(
		map: Float32Array,
		gtMask: Uint8Array | null,
		{ width, height, inspected, kind = '' }: InspectedPart,
	): void {
		const counted = map.filter((_, i) => inspected[i] !== 0);
		requireFinite(counted);
		const truth = gtMask?.map((value, i) => (inspected[i] === 0 ? 0 : value));
		const components = truth === undefined ? null : labelComponents(truth, width, height);
		if (components === null || (components.count === 0 && kind === '')) this.#pixels.addGood(counted);
		else {
			const labels = components.labels.filter((_, i) => inspected[i] !== 0);
			const areas = components.areas.slice();
			areas[0] -= map.length - counted.length;
			this.#pixels.addDefective(counted, { labels, areas, count: components.count }, kind);
		}
		this.#makeRoom();
	}

	/** Metrics of all maps added so far; more may be added afterwards. */
	result({ maxFpr = DEFAULT_MAX_FPR }: PixelMetricsOptions = {}): PixelMetrics {
		checkMaxFpr(maxFpr);
		return this.#pixels.result(maxFpr);
	}

	/** The same with those of each kind of defect, and the curves. */
	results({ maxFpr = DEFAULT_MAX_FPR }: PixelMetricsOptions = {}): PixelResults {
		checkMaxFpr(maxFpr);
		return this.#pixels.results(maxFpr);
	}

	#makeRoom(): void {
		const pixels = this.#pixels;
		if (this.#mode !== 'auto' || !(pixels instanceof ExactPixels) || pixels.count <= this.#exactPixels)
			return;
		const histogram = new PixelHistogram();
		pixels.drainInto(histogram);
		this.#pixels = histogram;
	}
}

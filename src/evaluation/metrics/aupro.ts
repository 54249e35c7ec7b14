import { DinomalyError } from '../../errors';
import { FallingCount } from './fallingCount';
import type { Metric, UndefinedMetric } from './metric';
import { undefinedMetric } from './metric';
import type { SortedScores } from './ranking';

/** False positive rate up to which PRO is averaged (Bergmann et al. 2021, MVTec AD). */
export const DEFAULT_MAX_FPR = 0.3;

/** All pixels of an evaluation, sorted; anomalous pixels know their region. */
export interface SortedPixels extends SortedScores {
	/** Region of each anomalous pixel, in the order of `anomalous`: an index into `areas`. */
	readonly regions: Int32Array;
	/** Pixels of each region, in all of the evaluation. */
	readonly areas: ArrayLike<number>;
}

/**
 * Area under the per-region-overlap curve up to `maxFpr`, divided by `maxFpr`; over all distinct scores.
 *
 * PRO(t) is the mean over all regions of the share of a region's pixels that score at least t, so that small and
 * large regions weigh the same. The curve begins at (0, 0) and is cut at `maxFpr` by linear interpolation.
 *
 * @param maxFpr in (0, 1]
 * @throws DinomalyError USAGE when `maxFpr` is outside
 */
export function aupro(pixels: SortedPixels, maxFpr: number = DEFAULT_MAX_FPR): Metric {
	checkMaxFpr(maxFpr);
	const reason = auproUndefined(pixels);
	if (reason !== null) return reason;
	return { value: meanOverRegions(sumSharesByRegion(pixels, maxFpr), pixels.areas) };
}

/** @throws DinomalyError USAGE unless it is above 0 and at most 1 */
export function checkMaxFpr(maxFpr: number): void {
	if (maxFpr > 0 && maxFpr <= 1) return;
	throw new DinomalyError(
		'USAGE',
		`Expected the false-positive rate that AUPRO goes up to above 0 and at most 1, found ${maxFpr}`,
		{ hint: 'The usual limit is 0.3.' },
	);
}

/** Why no per-region overlap can be computed at all; null when it can. */
export function auproUndefined({ normal, anomalous }: SortedPixels): UndefinedMetric | null {
	return overlapUndefined(
		normal.reduce((sum, keys) => sum + keys.length, 0),
		anomalous.length,
	);
}

export function overlapUndefined(normal: number, anomalous: number): UndefinedMetric | null {
	if (anomalous === 0) {
		return undefinedMetric(
			'AUPRO needs the overlap with anomalous regions, and there is no anomalous pixel',
		);
	}
	if (normal === 0) {
		return undefinedMetric(
			'AUPRO needs the false positive rate of normal pixels, and there is no normal pixel',
		);
	}
	return null;
}

/**
 * The area is linear in the curve, so each anomalous pixel contributes by itself: a step of the curve at the false
 * positives that score above it, or a ramp when normal pixels tie with it. Counts are exact, whatever their number,
 * and every share is in [0, 1]: 1 when no normal pixel scores as high.
 */
function sumSharesByRegion(
	{ normal, anomalous, regions, areas }: SortedPixels,
	maxFpr: number,
): Float64Array {
	const counts = new FallingCount(normal);
	const limit = maxFpr * counts.total;
	const sums = new Float64Array(areas.length);
	let i = anomalous.length;
	while (i > 0) {
		const key = anomalous[i - 1];
		const above = counts.above(key);
		if (above >= limit) break;
		const share = shareOfArea(above, counts.atLeast(key), limit);
		while (i > 0 && anomalous[i - 1] === key) sums[regions[--i]] += share;
	}
	return sums;
}

/** Share of the area below a curve that rises from 0 to 1 between `above` and `atLeast`, up to `limit`; `above` is below the limit. */
export function shareOfArea(above: number, atLeast: number, limit: number): number {
	if (atLeast <= limit) return 1 - (above + atLeast) / (2 * limit);
	return (limit - above) ** 2 / (2 * (atLeast - above) * limit);
}

function meanOverRegions(sums: Float64Array, areas: ArrayLike<number>): number {
	let total = 0;
	for (let region = 0; region < sums.length; region++) total += sums[region] / areas[region];
	return total / sums.length;
}

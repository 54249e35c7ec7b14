import type { SortedPixels } from './aupro';
import { auproUndefined } from './aupro';
import type { Metric, UndefinedMetric } from './metric';
import { undefinedMetric } from './metric';
import { keyOf, scoreOf } from './scoreKeys';

/** Number of steps between the smallest and the largest score (reference: compute_pro, num_th). */
const STEPS = 200;
/** Points of the curve at this false positive rate or above are dropped (reference: compute_pro). */
const FPR_LIMIT = 0.3;

/** Points of the reference's curve, false positive rate ascending. */
export interface OfficialCurve {
	/** False positive rate divided by the largest one below 0.3. */
	readonly fpr: Float64Array;
	/** Mean over the regions of the share of a region that scores above the threshold. */
	readonly pro: Float64Array;
}

/**
 * AUPRO by the reference's coarse rule, for comparison with published numbers (reference: compute_pro).
 *
 * It differs from `aupro` in that it looks at 200 evenly spaced thresholds only, drops the points at a false positive
 * rate of 0.3 or above without interpolating, divides by the largest rate it kept, and adds no point at 0.
 */
export function auproOfficial(pixels: SortedPixels): Metric {
	const reason = auproUndefined(pixels);
	if (reason !== null) return reason;
	const curve = officialCurve(pixels);
	return 'reason' in curve ? curve : { value: trapezoid(curve.fpr, curve.pro) };
}

/** The curve below `auproOfficial`; needs a normal and an anomalous pixel. */
export function officialCurve(pixels: SortedPixels): OfficialCurve | UndefinedMetric {
	const { normal, anomalous } = pixels;
	const min = scoreOf(Math.min(normal[0], anomalous[0]));
	const max = scoreOf(Math.max(normal[normal.length - 1], anomalous[anomalous.length - 1]));
	if (min === max)
		return undefinedMetric('The 200-step AUPRO needs a range of scores, and all pixels score the same');
	if (!Number.isFinite(Math.fround(max - min))) {
		return undefinedMetric(
			'The 200-step AUPRO needs a range of scores that float32 holds, and this one is too wide',
		);
	}
	const { fpr, pro } = keptPoints(pixels, officialThresholds(min, max));
	if (fpr.length < 2) {
		return undefinedMetric('The 200-step AUPRO needs two thresholds below a false positive rate of 0.3');
	}
	const largest = fpr[fpr.length - 1];
	if (largest === 0) {
		return undefinedMetric(
			'The 200-step AUPRO divides by the largest false positive rate below 0.3, and that is 0 here',
		);
	}
	return { fpr: Float64Array.from(fpr, (rate) => rate / largest), pro: Float64Array.from(pro) };
}

/**
 * The reference's thresholds, ascending from `min`: 200, or 201 where `range / step` rounds to above 200.
 *
 * The order of operations is NumPy's for `arange(min, max, (max - min) / 200)` on float32 bounds: their difference is
 * rounded to float32, all else is in double precision, and the step is what is left of it once added to `min`.
 */
export function officialThresholds(min: number, max: number): Float64Array {
	const range = Math.fround(max - min);
	const step = range / STEPS;
	const thresholds = new Float64Array(Math.ceil(range / step));
	const delta = min + step - min;
	for (let i = 0; i < thresholds.length; i++) thresholds[i] = min + i * delta;
	return thresholds;
}

/** Walks the thresholds from the highest down; the false positive rate only grows, so the rest can be left out. */
function keptPoints(
	{ normal, anomalous, regions, areas }: SortedPixels,
	thresholds: Float64Array,
): { fpr: number[]; pro: number[] } {
	const fpr: number[] = [];
	const pro: number[] = [];
	const hits = new Float64Array(areas.length);
	let normalLeft = normal.length;
	let anomalousLeft = anomalous.length;
	for (let t = thresholds.length - 1; t >= 0; t--) {
		// The reference compares a float32 map with a double scalar, which NumPy 1 does in float32.
		const key = keyOf(thresholds[t]);
		while (normalLeft > 0 && normal[normalLeft - 1] > key) normalLeft--;
		const rate = (normal.length - normalLeft) / normal.length;
		if (rate >= FPR_LIMIT) break;
		while (anomalousLeft > 0 && anomalous[anomalousLeft - 1] > key) hits[regions[--anomalousLeft]]++;
		fpr.push(rate);
		pro.push(meanOverlap(hits, areas));
	}
	return { fpr, pro };
}

function meanOverlap(hits: Float64Array, areas: ArrayLike<number>): number {
	let sum = 0;
	for (let region = 0; region < hits.length; region++) sum += hits[region] / areas[region];
	return sum / hits.length;
}

function trapezoid(x: Float64Array, y: Float64Array): number {
	let area = 0;
	for (let i = 1; i < x.length; i++) area += ((x[i] - x[i - 1]) * (y[i] + y[i - 1])) / 2;
	return area;
}

import type { SortedPixels } from './aupro';
import { auproUndefined } from './aupro';
import { FallingCount } from './fallingCount';
import type { Metric, UndefinedMetric } from './metric';
import { undefinedMetric } from './metric';
import { keyOf, scoreOf } from './scoreKeys';

/** Number of steps between the smallest and the largest score (reference: compute_pro, num_th). */
const STEPS = 200;
/** Points of the curve at this false positive rate or above are dropped (reference: compute_pro). */
export const FPR_LIMIT = 0.3;

export const TOO_FEW_POINTS = undefinedMetric(
	'The 200-step AUPRO needs two thresholds below a false positive rate of 0.3',
);
export const NO_FALSE_POSITIVES = undefinedMetric(
	'The 200-step AUPRO divides by the largest false positive rate below 0.3, and that is 0 here',
);

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
	const [min, max] = rangeOf([...normal, anomalous]);
	const noRange = rangeUndefined(min, max);
	if (noRange !== null) return noRange;
	const { fpr, pro } = keptPoints(pixels, officialThresholds(min, max));
	if (fpr.length < 2) return TOO_FEW_POINTS;
	const largest = fpr[fpr.length - 1];
	if (largest === 0) return NO_FALSE_POSITIVES;
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

/** Why 200 steps cannot be laid between two scores; null when they can. */
export function rangeUndefined(min: number, max: number): UndefinedMetric | null {
	if (min === max)
		return undefinedMetric('The 200-step AUPRO needs a range of scores, and all pixels score the same');
	if (Number.isFinite(Math.fround(max - min))) return null;
	return undefinedMetric(
		'The 200-step AUPRO needs a range of scores that float32 holds, and this one is too wide',
	);
}

/** Smallest and largest score of ascending arrays of keys, not all empty. */
function rangeOf(arrays: readonly Uint32Array[]): [number, number] {
	const filled = arrays.filter((keys) => keys.length > 0);
	return [
		scoreOf(Math.min(...filled.map((keys) => keys[0]))),
		scoreOf(Math.max(...filled.map((keys) => keys[keys.length - 1]))),
	];
}

/** Walks the thresholds from the highest down; the false positive rate only grows, so the rest can be left out. */
function keptPoints(
	{ normal, anomalous, regions, areas }: SortedPixels,
	thresholds: Float64Array,
): { fpr: number[]; pro: number[] } {
	const fpr: number[] = [];
	const pro: number[] = [];
	const hits = new Float64Array(areas.length);
	const counts = new FallingCount(normal);
	let anomalousLeft = anomalous.length;
	for (let t = thresholds.length - 1; t >= 0; t--) {
		// The reference compares a float32 map with a double scalar, which NumPy 1 does in float32.
		const key = keyOf(thresholds[t]);
		const rate = counts.above(key) / counts.total;
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

import { overlapUndefined } from './aupro';
import {
	FPR_LIMIT,
	NO_FALSE_POSITIVES,
	officialThresholds,
	rangeUndefined,
	TOO_FEW_POINTS,
} from './auproOfficial';
import type { Metric } from './metric';
import { undefinedMetric } from './metric';
import { binStart, type HistogramLevels } from './histogramLevels';
import { keyOf, scoreOf } from './scoreKeys';

const UNDECIDED = undefinedMetric(
	'The 200-step AUPRO has steps that are finer than the bins that scores were counted in',
);

/** One of the 200 thresholds: between which values its point of the curve lies. */
interface UncertainPoint {
	readonly fpr: readonly [low: number, high: number];
	readonly pro: readonly [low: number, high: number];
}

/**
 * The reference's 200-step AUPRO of a histogram. A threshold cuts through one bin, and how much of that bin lies above it is not known:
 * every point of the curve has a range, and so has the area.
 */
export function histogramOfficial(
	levels: HistogramLevels,
	totals: { readonly normal: number; readonly anomalous: number },
): Metric {
	const [min, max] = [scoreOf(levels.minKey), scoreOf(levels.maxKey)];
	const reason = overlapUndefined(totals.normal, totals.anomalous) ?? rangeUndefined(min, max);
	if (reason !== null) return reason;
	const points = uncertainPoints(levels, officialThresholds(min, max), totals.normal);
	let [low, high] = [1, 0];
	for (let last = 0; last < points.length; last++) {
		const mayBeKept = points[last].fpr[0] < FPR_LIMIT;
		const mayBeLast = last + 1 === points.length || points[last + 1].fpr[1] >= FPR_LIMIT;
		if (!mayBeKept || !mayBeLast) continue;
		const isSure = low > high && !mayGoOn(points, last);
		if (last === 0) return isSure ? TOO_FEW_POINTS : UNDECIDED;
		if (points[last].fpr[0] === 0)
			return isSure && points[last].fpr[1] === 0 ? NO_FALSE_POSITIVES : UNDECIDED;
		const range = areaRange(points.slice(0, last + 1));
		low = Math.min(low, range[0]);
		high = Math.max(high, range[1]);
	}
	if (low > high) return TOO_FEW_POINTS;
	return { value: (low + high) / 2, errorBound: (high - low) / 2 };
}

/** Whether a point after this one may be kept too. */
function mayGoOn(points: readonly UncertainPoint[], place: number): boolean {
	return place + 1 < points.length && points[place + 1].fpr[0] < FPR_LIMIT;
}

/** Thresholds falling, as the false positive rate rises. */
function uncertainPoints(
	{ lowestKeys, normal, regionShare, regions }: HistogramLevels,
	thresholds: Float64Array,
	allNormal: number,
): UncertainPoint[] {
	const points: UncertainPoint[] = [];
	let [b, falseAlarms, overlap] = [0, 0, 0];
	for (let t = thresholds.length - 1; t >= 0; t--) {
		const bin = binStart(keyOf(thresholds[t]));
		for (; b < lowestKeys.length && lowestKeys[b] > bin; b++) {
			falseAlarms += normal[b];
			overlap += regionShare[b];
		}
		const cut = b < lowestKeys.length && lowestKeys[b] === bin;
		points.push({
			fpr: [falseAlarms / allNormal, (falseAlarms + (cut ? normal[b] : 0)) / allNormal],
			pro: [overlap / regions, (overlap + (cut ? regionShare[b] : 0)) / regions],
		});
	}
	return points;
}

/**
 * Range of the area divided by the last rate. The area grows with every overlap and falls with every rate but the last; divided by the
 * last rate it is monotone in that one, so that the ends of the ranges suffice.
 */
function areaRange(points: readonly UncertainPoint[]): [low: number, high: number] {
	const last = points[points.length - 1].fpr;
	const ends = [last[0], Math.min(last[1], FPR_LIMIT)];
	const low = ends.map((end) => areaOf(points, { fpr: 1, pro: 0, end }));
	const high = ends.map((end) => areaOf(points, { fpr: 0, pro: 1, end }));
	return [Math.max(0, Math.min(...low)), Math.min(1, Math.max(...high))];
}

/** Trapezoids over the chosen ends of the ranges, with `end` as the last rate. */
function areaOf(
	points: readonly UncertainPoint[],
	choice: { readonly fpr: 0 | 1; readonly pro: 0 | 1; readonly end: number },
): number {
	const rate = (i: number): number => (i === points.length - 1 ? choice.end : points[i].fpr[choice.fpr]);
	let area = 0;
	for (let i = 1; i < points.length; i++)
		area += ((rate(i) - rate(i - 1)) * (points[i].pro[choice.pro] + points[i - 1].pro[choice.pro])) / 2;
	return area / choice.end;
}

import { aupimoUndefined, limitsOf, shareOfLogArea } from './aupimo';
import { overlapUndefined, shareOfArea } from './aupro';
import { histogramOfficial } from './histogramOfficial';
import type { Metric, ThresholdMetric } from './metric';
import type { HistogramLevels } from './histogramLevels';
import type { PixelMetrics } from './pixelMetrics';
import { f1Score, withoutAnomalous, withoutNormal } from './ranking';

/** Numbers of pixels above the bins of a histogram, as one walks down. */
interface Totals {
	readonly normal: number;
	readonly good: number;
	readonly anomalous: number;
}

/**
 * Pixel metrics of a histogram, each with the bound on its error: every metric here falls when a normal pixel is put above an anomalous
 * one, so the exact value lies between that of the best and that of the worst order of the pixels within bins.
 */
export function histogramMetrics(levels: HistogramLevels, maxFpr: number): PixelMetrics {
	const totals: Totals = {
		normal: sumOf(levels.normal),
		good: sumOf(levels.good),
		anomalous: sumOf(levels.anomalous),
	};
	const ranking = totals.anomalous === 0 ? withoutAnomalous('pixel') : rankingOf(levels, totals);
	return {
		...ranking,
		aupro: auproOf(levels, totals, maxFpr),
		auproOfficial: histogramOfficial(levels, totals),
		aupimo: aupimoOf(levels, totals),
	};
}

/** The middle of what the value may be, and how far its ends are away. */
export function between(low: number, high: number): { value: number; errorBound: number } {
	// Sums taken in different orders may cross by their rounding.
	const [from, to] = [Math.max(0, Math.min(low, high)), Math.min(1, Math.max(low, high))];
	return { value: (from + to) / 2, errorBound: (to - from) / 2 };
}

function rankingOf(
	{ scores, normal, anomalous }: HistogramLevels,
	totals: Totals,
): { auroc: Metric; ap: Metric; f1Max: ThresholdMetric } {
	let [falseAlarms, found] = [0, 0];
	let [won, tied] = [0, 0];
	const precision = { low: 0, high: 0 };
	const f1 = { low: 0, high: 0, threshold: 0 };
	for (let b = 0; b < scores.length; b++) {
		const [n, a] = [normal[b], anomalous[b]];
		if (a > 0) {
			won += a * (totals.normal - falseAlarms - n);
			tied += a * n;
			// Best is one score for all of them, above the normal ones: each then has the precision of the last.
			precision.high += (a * (found + a)) / (found + a + falseAlarms);
			precision.low += precisionSum(found, a, falseAlarms + n);
			const best = { found: found + a, anomalous: totals.anomalous };
			f1.high = Math.max(f1.high, f1Score({ ...best, falseAlarms }));
			const low = f1Score({ ...best, falseAlarms: falseAlarms + n });
			if (low >= f1.low) {
				f1.low = low;
				f1.threshold = scores[b];
			}
		}
		falseAlarms += n;
		found += a;
	}
	const pairs = totals.normal * totals.anomalous;
	const ap = between(precision.low / totals.anomalous, precision.high / totals.anomalous);
	return {
		auroc: totals.normal === 0 ? withoutNormal('pixel') : between(won / pairs, (won + tied) / pairs),
		ap,
		f1Max: { ...between(f1.low, f1.high), threshold: f1.threshold },
	};
}

/** Sum over the `count` anomalous pixels that follow `found` ones of the precision at each, with so many false alarms above. */
function precisionSum(found: number, count: number, falseAlarms: number): number {
	if (falseAlarms === 0) return count;
	return count - falseAlarms * harmonicBetween(found + falseAlarms, found + falseAlarms + count);
}

/** Below this, sums are taken term by term; above, the rest of the series is under 1e-16. */
const SERIES_FROM = 64;

/** 1 / (from + 1) + ... + 1 / to, by the Euler-Maclaurin series. */
export function harmonicBetween(from: number, to: number): number {
	let sum = 0;
	let start = from;
	while (start < to && start < SERIES_FROM) sum += 1 / ++start;
	if (start === to) return sum;
	const tail = (n: number): number => 1 / (2 * n) - 1 / (12 * n ** 2) + 1 / (120 * n ** 4);
	return sum + Math.log1p((to - start) / start) + tail(to) - tail(start);
}

function auproOf(
	{ normal, anomalous, regionShare, regions }: HistogramLevels,
	totals: Totals,
	maxFpr: number,
): Metric {
	const reason = overlapUndefined(totals.normal, totals.anomalous);
	if (reason !== null) return reason;
	const limit = maxFpr * totals.normal;
	const area = (count: number): number => (count >= limit ? 0 : shareOfArea(count, count, limit));
	let [falseAlarms, low, high] = [0, 0, 0];
	for (let b = 0; b < normal.length && falseAlarms < limit; b++) {
		if (anomalous[b] > 0) {
			high += regionShare[b] * area(falseAlarms);
			low += regionShare[b] * area(falseAlarms + normal[b]);
		}
		falseAlarms += normal[b];
	}
	return between(low / regions, high / regions);
}

function aupimoOf({ good, anomalous, imageShare, images }: HistogramLevels, totals: Totals): Metric {
	// Of a bin it is not known how many scores are equal: what may be so must be refused.
	const reason = aupimoUndefined({
		goodPixels: totals.good,
		anomalousPixels: totals.anomalous,
		tiedAtTop: good.find((count) => count > 0) ?? 0,
	});
	if (reason !== null) return reason;
	const limits = limitsOf(totals.good);
	const area = (count: number): number => shareOfLogArea(count, count, limits);
	let [falseAlarms, low, high] = [0, 0, 0];
	for (let b = 0; b < good.length && falseAlarms < limits.highest; b++) {
		if (anomalous[b] > 0) {
			high += imageShare[b] * area(falseAlarms);
			low += imageShare[b] * area(falseAlarms + good[b]);
		}
		falseAlarms += good[b];
	}
	return between(low / images, high / images);
}

function sumOf(values: Float64Array): number {
	let sum = 0;
	for (let i = 0; i < values.length; i++) sum += values[i];
	return sum;
}

import { rankingIntervals } from './metrics/bootstrap';
import type { PixelCurves } from './metrics/curves';
import type { Metric } from './metrics/metric';
import type { PlottedPixelMetrics } from './metrics/pixelAccumulator';
import { rankingMetrics } from './metrics/ranking';
import type { CategoryEvaluation, EvaluatedImage, MetricSet, PixelMetricSet } from './request';

/** Pixel metrics as plain numbers, with the reasons for those that are null. */
export interface PixelPart {
	readonly metrics: PixelMetricSet;
	readonly reasons: Readonly<Record<string, string>>;
	/** Anomalous images that have a mask. */
	readonly withMask: number;
	readonly curves: PixelCurves | null;
}

/**
 * Metrics of one category from its scores; at the threshold, above it is an anomaly, as where images are scored.
 *
 * @param images all of one category
 * @throws DinomalyError SCORE_NOT_FINITE
 */
export function evaluateCategoryScores(
	images: readonly EvaluatedImage[],
	{
		category,
		threshold,
		pixels,
	}: { readonly category: string; readonly threshold: number | null; readonly pixels: PixelPart },
): CategoryEvaluation {
	const scores = Float32Array.from(images, ({ score }) => score);
	const labels = Uint8Array.from(images, ({ anomalous }) => Number(anomalous));
	const ranking = rankingMetrics(scores, labels);
	const image = collect({
		imageAuroc: ranking.auroc,
		imageAp: ranking.ap,
		imageF1Max: ranking.f1Max,
	});
	const { auroc, ap, f1Max } = rankingIntervals(scores, labels);
	const anomalous = images.filter((one) => one.anomalous).length;
	return {
		category,
		images: { good: images.length - anomalous, anomalous, withMask: pixels.withMask },
		...image.metrics,
		...pixels.metrics,
		pixelCurves: pixels.curves,
		intervals: { imageAuroc: auroc, imageAp: ap, imageF1Max: f1Max },
		reasons: { ...image.reasons, ...pixels.reasons },
		threshold,
		falseAlarms: threshold === null ? null : images.filter((one) => isFalseAlarm(one, threshold)).length,
		misses: threshold === null ? null : images.filter((one) => isMiss(one, threshold)).length,
	};
}

export function isFalseAlarm({ anomalous, score }: EvaluatedImage, threshold: number): boolean {
	return !anomalous && score > threshold;
}

export function isMiss({ anomalous, score }: EvaluatedImage, threshold: number): boolean {
	return anomalous && !(score > threshold);
}

export function pixelPart(pixels: PlottedPixelMetrics, withMask: number): PixelPart {
	return {
		...collect({
			pixelAuroc: pixels.auroc,
			pixelAp: pixels.ap,
			pixelF1Max: pixels.f1Max,
			aupro: pixels.aupro,
			auproOfficial: pixels.auproOfficial,
		}),
		withMask,
		curves: pixels.curves,
	};
}

/** Pixel metrics that there are none of, all for one reason. */
export function withoutPixels(reason: string): PixelPart {
	const none: Metric = { value: null, reason };
	return {
		...collect({ pixelAuroc: none, pixelAp: none, pixelF1Max: none, aupro: none, auproOfficial: none }),
		withMask: 0,
		curves: null,
	};
}

function collect<K extends keyof MetricSet>(
	metrics: Readonly<Record<K, Metric>>,
): { metrics: Record<K, number | null>; reasons: Record<string, string> } {
	const entries = Object.entries<Metric>(metrics);
	return {
		metrics: Object.fromEntries(entries.map(([name, { value }]) => [name, value])) as Record<
			K,
			number | null
		>,
		reasons: Object.fromEntries(
			entries.flatMap(([name, metric]) => ('reason' in metric ? [[name, metric.reason]] : [])),
		),
	};
}

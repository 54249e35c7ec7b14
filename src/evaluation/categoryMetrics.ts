import { rankingIntervals } from './metrics/bootstrap';
import type { MetricSet } from './metricNames';
import type { PixelCurves } from './metrics/curves';
import type { Metric } from './metrics/metric';
import type { PixelAccumulator, PixelMetrics } from './metrics/pixelAccumulator';
import { rankingMetrics } from './metrics/ranking';
import type {
	CategoryEvaluation,
	CategoryPixels,
	CountedPixels,
	DefectTypeEvaluation,
	EvaluatedImage,
	PixelMetricSet,
} from './request';

/** Pixel metrics as plain numbers, with the reasons for those that are null. */
export interface PixelPart {
	readonly metrics: PixelMetricSet;
	readonly reasons: Readonly<Record<string, string>>;
	/** Anomalous images that have a mask. */
	readonly withMask: number;
	readonly pixelMode: CountedPixels | null;
	readonly errorBounds: Readonly<Record<string, number>>;
	/** By kind of defect; kinds without any mask are absent. */
	readonly kinds: readonly Omit<DefectTypeEvaluation, 'images'>[];
	readonly curves: PixelCurves | null;
}

/** What is known of a category beside the scores of its images. */
interface CategoryFacts {
	readonly category: string;
	readonly threshold: number | null;
	readonly pixels: PixelPart;
	/** Null, or absent, when no zone is for it. */
	readonly inspectedShare?: number | null;
}

const NO_MASK_OF_KIND = 'No image of this kind of defect has a mask';

/**
 * Metrics of one category from its scores; at the threshold, above it is an anomaly, as where images are scored.
 *
 * @param images all of one category
 * @throws DinomalyError SCORE_NOT_FINITE
 */
export function evaluateCategoryScores(
	images: readonly EvaluatedImage[],
	{ category, threshold, pixels, inspectedShare = null }: CategoryFacts,
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
		intervals: { imageAuroc: auroc, imageAp: ap, imageF1Max: f1Max },
		inspectedShare,
		reasons: { ...image.reasons, ...pixels.reasons },
		threshold,
		falseAlarms: threshold === null ? null : images.filter((one) => isFalseAlarm(one, threshold)).length,
		misses: threshold === null ? null : images.filter((one) => isMiss(one, threshold)).length,
		pixelMode: pixels.pixelMode,
		errorBounds: pixels.errorBounds,
		defectTypes: defectTypesOf(images, pixels),
		pixelCurves: pixels.curves,
	};
}

export function isFalseAlarm({ anomalous, score }: EvaluatedImage, threshold: number): boolean {
	return !anomalous && score > threshold;
}

export function isMiss({ anomalous, score }: EvaluatedImage, threshold: number): boolean {
	return anomalous && !(score > threshold);
}

/** What all maps of a category give; `masks` counts the masks of each kind of defect. */
export function pixelPart(
	pixels: PixelAccumulator,
	{ maxFpr, masks }: { readonly maxFpr?: number; readonly masks: ReadonlyMap<string, number> },
): PixelPart {
	const { overall, kinds, curves } = pixels.results({ maxFpr });
	return {
		...collect(named(overall)),
		withMask: [...masks.values()].reduce((sum, count) => sum + count, 0),
		pixelMode: pixels.isExact ? 'exact' : 'histogram',
		errorBounds: boundsOf(named(overall)),
		kinds: [...kinds].map(([label, metrics]) => ({
			label,
			withMask: masks.get(label) ?? 0,
			...collect(named(metrics)),
		})),
		curves,
	};
}

/** The part that came from the engine, where maps of items are measured. */
export function pixelPartOf({
	withMask,
	reasons,
	pixelMode,
	errorBounds,
	kinds,
	curves,
	...metrics
}: Omit<CategoryPixels, 'category'>): PixelPart {
	return { withMask, reasons, pixelMode, errorBounds, kinds, curves, metrics };
}

/** Pixel metrics that there are none of, all for one reason. */
export function withoutPixels(reason: string): PixelPart {
	return { ...noPixels(reason), withMask: 0, pixelMode: null, errorBounds: {}, kinds: [], curves: null };
}

function defectTypesOf(images: readonly EvaluatedImage[], { kinds }: PixelPart): DefectTypeEvaluation[] {
	const counts = new Map<string, number>();
	for (const { anomalous, label } of images) if (anomalous) counts.set(label, (counts.get(label) ?? 0) + 1);
	return [...counts].map(([label, count]) => {
		const found = kinds.find((kind) => kind.label === label);
		return { label, images: count, withMask: 0, ...(found ?? noPixels(NO_MASK_OF_KIND)) };
	});
}

function noPixels(reason: string): Pick<PixelPart, 'metrics' | 'reasons'> {
	const none: Metric = { value: null, reason };
	return collect({
		pixelAuroc: none,
		pixelAp: none,
		pixelF1Max: none,
		aupro: none,
		auproOfficial: none,
		aupimo: none,
	});
}

function named({
	auroc,
	ap,
	f1Max,
	aupro,
	auproOfficial,
	aupimo,
}: PixelMetrics): Record<keyof PixelMetricSet, Metric> {
	return { pixelAuroc: auroc, pixelAp: ap, pixelF1Max: f1Max, aupro, auproOfficial, aupimo };
}

function boundsOf(metrics: Readonly<Record<string, Metric>>): Record<string, number> {
	return Object.fromEntries(
		Object.entries(metrics).flatMap(([name, metric]) =>
			metric.value !== null && metric.errorBound !== undefined ? [[name, metric.errorBound]] : [],
		),
	);
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

import type { EvaluationRun, MetricValues } from '../store/evaluationRun';
import { isMiss } from './categoryMetrics';
import { PIXEL_METRICS, type MetricSet } from './metricNames';
import { groupBy } from './groupBy';
import { rankingMetrics } from './metrics/ranking';

/**
 * How well one kind of defect is found: its images beside all good ones of the category. Image metrics are null when there is no good image
 * to be told from, pixel metrics without a mask, or in a run of the first versions.
 */
export interface DefectType extends MetricSet {
	readonly category: string;
	/** Kind of defect, as the folder or the item names it. */
	readonly label: string;
	readonly images: number;
	/** Those with a ground-truth mask, which pixel metrics rest on. */
	readonly withMask: number;
	/** Images above the threshold of the category; null without one. */
	readonly found: number | null;
	/** Metric name to the reason why it is null. */
	readonly reasons: Readonly<Record<string, string>>;
}

/** Every kind of defect of a run, in the order of categories and, within one, the worst first. */
export function defectTypes({ categories, images }: EvaluationRun): DefectType[] {
	const byCategory = groupBy(images, ({ category }) => category);
	return categories.flatMap(({ category, threshold, defectTypes: measured = [] }) => {
		const own = byCategory.get(category) ?? [];
		const good = own.filter(({ anomalous }) => !anomalous);
		const labels = new Set(own.filter(({ anomalous }) => anomalous).map(({ label }) => label));
		const rows = [...labels].map((label): DefectType => {
			const defective = own.filter((image) => image.anomalous && image.label === label);
			const both = [...good, ...defective];
			const { auroc, ap, f1Max } = rankingMetrics(
				Float32Array.from(both, ({ score }) => score),
				Uint8Array.from(both, ({ anomalous }) => Number(anomalous)),
			);
			const pixels = measured.find((kind) => kind.label === label);
			return {
				category,
				label,
				images: defective.length,
				withMask: pixels?.withMask ?? 0,
				found:
					threshold === null ? null : defective.filter((image) => !isMiss(image, threshold)).length,
				imageAuroc: auroc.value,
				imageAp: ap.value,
				imageF1Max: f1Max.value,
				...pixelColumns(pixels?.metrics ?? {}),
				reasons: { ...('reason' in auroc && { imageAuroc: auroc.reason }), ...pixels?.reasons },
			};
		});
		return rows.sort((a, b) => (a.imageAuroc ?? 0) - (b.imageAuroc ?? 0));
	});
}

function pixelColumns(metrics: MetricValues): Record<(typeof PIXEL_METRICS)[number], number | null> {
	return Object.fromEntries(PIXEL_METRICS.map((name) => [name, metrics[name] ?? null])) as Record<
		(typeof PIXEL_METRICS)[number],
		number | null
	>;
}

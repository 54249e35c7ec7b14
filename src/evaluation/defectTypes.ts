import type { EvaluationRun } from '../store/evaluationRun';
import { isMiss } from './categoryMetrics';
import { rankingMetrics } from './metrics/ranking';

/** How well one kind of defect is found. */
export interface DefectType {
	readonly category: string;
	/** Kind of defect, as the folder or the item names it. */
	readonly label: string;
	readonly images: number;
	/** Images above the threshold of the category; null without one. */
	readonly found: number | null;
	/** AUROC of these images against all good ones of the category; null when there is no good one. */
	readonly imageAuroc: number | null;
}

/** Every kind of defect of a run, in the order of categories and, within one, the worst first. */
export function defectTypes({ categories, images }: EvaluationRun): DefectType[] {
	return categories.flatMap(({ category, threshold }) => {
		const own = images.filter((image) => image.category === category);
		const good = own.filter(({ anomalous }) => !anomalous);
		const labels = new Set(own.filter(({ anomalous }) => anomalous).map(({ label }) => label));
		const rows = [...labels].map((label): DefectType => {
			const defective = own.filter((image) => image.anomalous && image.label === label);
			const both = [...good, ...defective];
			const { auroc } = rankingMetrics(
				Float32Array.from(both, ({ score }) => score),
				Uint8Array.from(both, ({ anomalous }) => Number(anomalous)),
			);
			const found =
				threshold === null ? null : defective.filter((image) => !isMiss(image, threshold)).length;
			return { category, label, images: defective.length, found, imageAuroc: auroc.value };
		});
		return rows.sort((a, b) => (a.imageAuroc ?? 0) - (b.imageAuroc ?? 0));
	});
}

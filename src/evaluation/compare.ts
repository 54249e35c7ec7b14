import type { EvaluationRun, ImageOfRun } from '../store/evaluationRun';
import { groupBy } from './groupBy';
import type { Interval } from './metrics/bootstrap';
import { compareAurocs, type AurocDifference, type PairedScore } from './metrics/deLong';
import { holm } from './metrics/holm';
import { rankingChanges } from './metrics/pairedBootstrap';

/** Smaller chances are called a change. */
export const SIGNIFICANT = 0.05;

export interface CategoryDifference extends AurocDifference {
	readonly category: string;
	/** Images that both runs scored. */
	readonly images: number;
	/** `pValue` raised for the number of categories that are compared (Holm): of many categories, one changes by chance. */
	readonly adjustedPValue: number | null;
	/** Whether the image AUROC changed by more than chance. */
	readonly significant: boolean;
	/** Between which values each image metric changed, with 95 % confidence (paired bootstrap). */
	readonly changes: Readonly<Record<'imageAuroc' | 'imageAp' | 'imageF1Max', Interval>>;
}

/**
 * Whether the image AUROC of each category changed by more than chance from one run to a later one, over the images that both scored.
 * Categories without enough of them are left out.
 */
export function compareRuns(before: EvaluationRun, now: EvaluationRun): CategoryDifference[] {
	const pairsOf = pairsByCategory(before.images, now.images);
	const found = now.categories.flatMap(({ category }) => {
		const pairs = pairsOf.get(category) ?? [];
		const difference = compareAurocs(pairs);
		const changes = rankingChanges(pairs, 1 / now.categories.length);
		if (difference === undefined || changes === undefined) return [];
		const { auroc, ap, f1Max } = changes;
		return [
			{
				category,
				images: pairs.length,
				...difference,
				changes: { imageAuroc: auroc, imageAp: ap, imageF1Max: f1Max },
			},
		];
	});
	const adjusted = holm(found.map(({ pValue }) => pValue));
	return found.map((difference, i) => ({
		...difference,
		adjustedPValue: adjusted[i],
		significant: (adjusted[i] ?? 0) < SIGNIFICANT,
	}));
}

/** One sentence about a category. */
export function describeDifference({
	category,
	images,
	before,
	now,
	adjustedPValue,
	significant,
}: CategoryDifference): string {
	const moved = `${category}: image AUROC ${before.toFixed(3)} before, ${now.toFixed(3)} now on the ${images} images of both runs`;
	if (adjustedPValue === null) return `${moved}, a change that the choice of images does not explain`;
	const chance = adjustedPValue < 0.001 ? 'p < 0.001' : `p = ${adjustedPValue.toFixed(3)}`;
	return `${moved}, ${significant ? 'more than chance' : 'no more than chance'} (${chance})`;
}

/** What both runs scored, by category. */
function pairsByCategory(
	before: readonly ImageOfRun[],
	now: readonly ImageOfRun[],
): Map<string, PairedScore[]> {
	const earlier = new Map(before.map((image) => [keyOf(image), image.score]));
	const pairs = now.flatMap(({ category, anomalous, ...image }) => {
		const score = earlier.get(keyOf({ category, anomalous, ...image }));
		return score === undefined ? [] : [{ category, anomalous, before: score, now: image.score }];
	});
	return groupBy(pairs, ({ category }) => category);
}

function keyOf({ file, category, anomalous }: ImageOfRun): string {
	return JSON.stringify([category, file, anomalous]);
}

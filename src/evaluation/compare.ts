import type { EvaluationRun, ImageOfRun } from '../store/evaluationRun';
import { compareAurocs, type AurocDifference } from './metrics/deLong';

/** Smaller chances are called a change. */
export const SIGNIFICANT = 0.05;

export interface CategoryDifference extends AurocDifference {
	readonly category: string;
	/** Images that both runs scored. */
	readonly images: number;
}

/**
 * Whether the image AUROC of each category changed by more than chance from one run to a later one, over the images that both scored.
 * Categories without enough of them are left out.
 */
export function compareRuns(before: EvaluationRun, now: EvaluationRun): CategoryDifference[] {
	const earlier = new Map(before.images.map((image) => [keyOf(image), image.score]));
	return now.categories.flatMap(({ category }) => {
		const pairs = now.images.flatMap((image) => {
			const score = image.category === category ? earlier.get(keyOf(image)) : undefined;
			return score === undefined
				? []
				: [{ anomalous: image.anomalous, before: score, now: image.score }];
		});
		const difference = compareAurocs(pairs);
		return difference === undefined ? [] : [{ category, images: pairs.length, ...difference }];
	});
}

/** One sentence about a category. */
export function describeDifference({ category, images, before, now, pValue }: CategoryDifference): string {
	const moved = `${category}: image AUROC ${before.toFixed(3)} before, ${now.toFixed(3)} now on the ${images} images of both runs`;
	if (pValue === null) return `${moved}, a change that the choice of images does not explain`;
	const chance = pValue < 0.001 ? 'p < 0.001' : `p = ${pValue.toFixed(3)}`;
	return `${moved}, ${pValue < SIGNIFICANT ? 'more than chance' : 'no more than chance'} (${chance})`;
}

function keyOf({ file, category, anomalous }: ImageOfRun): string {
	return JSON.stringify([category, file, anomalous]);
}

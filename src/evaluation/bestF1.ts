import { bestCut, cutsOf, f1Of } from '../routing/labelledSweep';
import type { ImageOfRun } from '../store/evaluationRun';

/** The limit between good and defective images that an evaluation speaks for. */
export interface BestF1 {
	/** Scores above it are anomalous. */
	readonly threshold: number;
	/** F1 that the images of the evaluation reach there, in [0, 1]. */
	readonly f1: number;
	/** Median score of the good images; the threshold itself when it is lower. */
	readonly typicalGood: number;
	readonly good: number;
	readonly anomalous: number;
}

/**
 * The score above which images are best called anomalous: F1 weighs missed defects and false alarms alike. The best F1 is reached anywhere
 * between two neighbouring scores, and the threshold lies halfway, so that new images near either are on the side of their kind.
 *
 * @param images of one category, or of all that are judged by one limit
 * @returns undefined without good or without anomalous images
 */
export function bestF1Of(images: readonly ImageOfRun[]): BestF1 | undefined {
	const good = scoresOf(images, false);
	const anomalous = scoresOf(images, true);
	if (good.length === 0 || anomalous.length === 0) return undefined;
	const best = bestCut(cutsOf(good, anomalous), (cut) => f1Of(cut, anomalous.length));
	if (best === undefined) return undefined;
	return {
		threshold: best.threshold,
		f1: f1Of(best, anomalous.length),
		typicalGood: Math.min(good[good.length >> 1], best.threshold),
		good: good.length,
		anomalous: anomalous.length,
	};
}

function scoresOf(images: readonly ImageOfRun[], wanted: boolean): number[] {
	return images
		.filter(({ anomalous }) => anomalous === wanted)
		.map(({ score }) => score)
		.sort((a, b) => a - b);
}

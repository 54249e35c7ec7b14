import type { ImageOfRun } from '../store/evaluationRun';
import { rankingMetrics } from './metrics/ranking';

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
	const scores = Float32Array.from(images, ({ score }) => score);
	const labels = Uint8Array.from(images, ({ anomalous }) => Number(anomalous));
	const good = scores.filter((_, i) => labels[i] === 0).sort();
	if (good.length === 0 || good.length === images.length) return undefined;
	const { f1Max } = rankingMetrics(scores, labels);
	if (f1Max.value === null) return undefined;
	const lowestCalled = f1Max.threshold;
	const below = scores.filter((score) => score < lowestCalled);
	const threshold = below.length === 0 ? justBelow(lowestCalled) : (lowestCalled + largest(below)) / 2;
	return {
		threshold,
		f1: f1Max.value,
		typicalGood: Math.min(good[good.length >> 1], threshold),
		good: good.length,
		anomalous: images.length - good.length,
	};
}

/** Everything is called anomalous at the lowest score, so that the limit must be below it. */
function justBelow(score: number): number {
	return score - Math.max(Math.abs(score), 1e-12) * 1e-6;
}

function largest(scores: Float32Array): number {
	let found = -Infinity;
	for (let i = 0; i < scores.length; i++) if (scores[i] > found) found = scores[i];
	return found;
}

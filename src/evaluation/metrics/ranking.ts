import { DinomalyError } from '../../errors';
import { FallingCount } from './fallingCount';
import type { Metric, ThresholdMetric, UndefinedMetric } from './metric';
import { undefinedMetric } from './metric';
import { bitsOf, keyOfBits, requireFinite, scoreOf } from './scoreKeys';

/** Keeps the quotient finite, and caps a perfect F1 at 0.99999995 (reference: f1_score_max). */
const F1_EPSILON = 1e-7;

/** How well scores rank anomalous samples above normal ones; equal scores share one threshold. */
export interface RankingMetrics {
	/** Chance that an anomalous sample scores above a normal one, ties counting half. */
	readonly auroc: Metric;
	/** Average precision: precision at each threshold, weighted by the recall it adds; no interpolation. */
	readonly ap: Metric;
	/** Largest F1 over all distinct scores; on a tie the lowest threshold. */
	readonly f1Max: ThresholdMetric;
}

/** Keys of scores (see scoreKeys), each array ascending. */
export interface SortedScores {
	/** All normal samples together, in any number of arrays. */
	readonly normal: readonly Uint32Array[];
	readonly anomalous: Uint32Array;
}

/** What is ranked, as the reasons name it. */
export type Sample = 'image' | 'pixel';

/**
 * AUROC, AP and F1-max of image scores, from one sort.
 *
 * Without anomalous images none of them is defined; without normal images only AUROC is not, and AP is 1.
 *
 * @param labels as long as `scores`; 0 = normal, everything else = anomalous
 * @throws DinomalyError SCORE_NOT_FINITE, or USAGE when the lengths differ
 */
export function rankingMetrics(scores: Float32Array, labels: Uint8Array): RankingMetrics {
	return rankSorted(sortByLabel(scores, labels), 'image');
}

/** AUROC, AP and F1-max of sorted scores, in one pass. */
export function rankSorted({ normal, anomalous }: SortedScores, sample: Sample): RankingMetrics {
	if (anomalous.length === 0) return withoutAnomalous(sample);
	const counts = new FallingCount(normal);
	let groupEnd = anomalous.length;
	let doubledPairsWon = 0;
	let precisionSum = 0;
	let bestF1 = 0;
	let bestKey = 0;
	// Thresholds that are the score of normal samples only add no recall, and lower the precision: skipping them
	// changes neither AP nor the largest F1.
	while (groupEnd > 0) {
		const key = anomalous[groupEnd - 1];
		let groupStart = groupEnd - 1;
		while (groupStart > 0 && anomalous[groupStart - 1] === key) groupStart--;
		const above = counts.above(key);
		const atLeast = counts.atLeast(key);
		const found = anomalous.length - groupStart;
		const f1 = f1Score({ found, falseAlarms: atLeast, anomalous: anomalous.length });
		doubledPairsWon += (groupEnd - groupStart) * (2 * counts.total - above - atLeast);
		precisionSum += (groupEnd - groupStart) * (found / (found + atLeast));
		if (f1 >= bestF1) {
			bestF1 = f1;
			bestKey = key;
		}
		groupEnd = groupStart;
	}
	return {
		auroc:
			counts.total === 0
				? withoutNormal(sample)
				: { value: doubledPairsWon / (2 * counts.total * anomalous.length) },
		ap: { value: precisionSum / anomalous.length },
		f1Max: { value: bestF1, threshold: scoreOf(bestKey) },
	};
}

/** The reference's F1, which never quite reaches 1. */
export function f1Score({
	found,
	falseAlarms,
	anomalous,
}: {
	readonly found: number;
	readonly falseAlarms: number;
	readonly anomalous: number;
}): number {
	const precision = found / (found + falseAlarms);
	const recall = found / anomalous;
	return (2 * precision * recall) / (precision + recall + F1_EPSILON);
}

/**
 * The scores of each kind, ascending.
 *
 * @param labels as long as `scores`; 0 = normal, everything else = anomalous
 * @throws DinomalyError SCORE_NOT_FINITE, or USAGE when the lengths differ
 */
export function sortByLabel(scores: Float32Array, labels: Uint8Array): SortedScores {
	if (labels.length !== scores.length) {
		throw new DinomalyError(
			'USAGE',
			`Expected one label per score (${scores.length}), found ${labels.length}`,
		);
	}
	requireFinite(scores);
	const bits = bitsOf(scores);
	let anomalousCount = 0;
	for (let i = 0; i < labels.length; i++) if (labels[i] !== 0) anomalousCount++;
	const anomalous = new Uint32Array(anomalousCount);
	const normal = new Uint32Array(scores.length - anomalousCount);
	let a = 0;
	let n = 0;
	for (let i = 0; i < bits.length; i++) {
		const key = keyOfBits(bits[i]);
		if (labels[i] === 0) normal[n++] = key;
		else anomalous[a++] = key;
	}
	return { normal: [normal.sort()], anomalous: anomalous.sort() };
}

/** Why there is no AUROC when there is nothing to be told from. */
export function withoutNormal(sample: Sample): UndefinedMetric {
	return undefinedMetric(
		`AUROC compares anomalous with normal ${sample}s, and there is no normal ${sample}`,
	);
}

/** Why none of the three is defined when there is nothing to be found. */
export function withoutAnomalous(sample: Sample): RankingMetrics {
	const because = `, and there is no anomalous ${sample}`;
	return {
		auroc: undefinedMetric(`AUROC compares anomalous with normal ${sample}s${because}`),
		ap: undefinedMetric(`AP needs the recall of anomalous ${sample}s${because}`),
		f1Max: undefinedMetric(`F1-max needs the recall of anomalous ${sample}s${because}`),
	};
}

import { createRandom, type Random } from '../../random';
import { rankSorted, sortByLabel, type SortedScores } from './ranking';

/** A value lies in it with 95 % confidence: [low, high], both in [0, 1]. */
export type Interval = readonly [number, number];

/** Of each metric of image scores; null where the metric is not defined, or one image of a kind says nothing about others. */
export interface RankingIntervals {
	readonly auroc: Interval | null;
	readonly ap: Interval | null;
	readonly f1Max: Interval | null;
}

const CONFIDENCE = 0.95;
const MOST_RESAMPLES = 1000;
const LEAST_RESAMPLES = 200;
/** Scores drawn in all; more would keep whoever asks waiting. */
const BUDGET = 4_000_000;
/** Fewer images of a kind than this have no spread to draw from. */
const LEAST_IMAGES = 2;
const SEED = 1;

/**
 * Percentile bootstrap (Efron and Tibshirani 1993, chapter 13), normal and anomalous images drawn apart, so that every resample has as
 * many of each kind as the test set. The same scores give the same interval.
 *
 * It tells the chance in the choice of test images, and nothing about another training or another factory. Where scores part both kinds
 * perfectly it has no width, which few images do not justify.
 *
 * @param labels as long as `scores`; 0 = normal, everything else = anomalous
 * @throws DinomalyError SCORE_NOT_FINITE, or USAGE when the lengths differ
 */
export function rankingIntervals(scores: Float32Array, labels: Uint8Array): RankingIntervals {
	const sorted = sortByLabel(scores, labels);
	const {
		normal: [normal],
		anomalous,
	} = sorted;
	if (normal.length < LEAST_IMAGES || anomalous.length < LEAST_IMAGES)
		return { auroc: null, ap: null, f1Max: null };
	const resamples = Math.max(LEAST_RESAMPLES, Math.min(MOST_RESAMPLES, Math.floor(BUDGET / scores.length)));
	const random = createRandom(SEED);
	const drawnNormal = new Uint32Array(normal.length);
	const drawn: SortedScores = { normal: [drawnNormal], anomalous: new Uint32Array(anomalous.length) };
	const found = { auroc: [] as number[], ap: [] as number[], f1Max: [] as number[] };
	for (let i = 0; i < resamples; i++) {
		resample(normal, drawnNormal, random);
		resample(anomalous, drawn.anomalous, random);
		const { auroc, ap, f1Max } = rankSorted(drawn, 'image');
		for (const [values, metric] of [
			[found.auroc, auroc],
			[found.ap, ap],
			[found.f1Max, f1Max],
		] as const)
			if (metric.value !== null) values.push(metric.value);
	}
	return {
		auroc: percentiles(found.auroc),
		ap: percentiles(found.ap),
		f1Max: percentiles(found.f1Max),
	};
}

/** Draws with replacement from ascending keys; counting instead of sorting keeps the result ascending in linear time. */
function resample(from: Uint32Array, to: Uint32Array, random: Random): void {
	const counts = new Uint32Array(from.length);
	for (let i = 0; i < from.length; i++) counts[random.integer(from.length)]++;
	let next = 0;
	for (let i = 0; i < from.length; i++) {
		// Without a call for each: `fill` costs more than the one or two numbers that it writes.
		for (let left = counts[i]; left > 0; left--) to[next++] = from[i];
	}
}

/** The middle 95 % of values, which are sorted in place. */
export function percentiles(values: number[]): Interval {
	values.sort((a, b) => a - b);
	const tail = (1 - CONFIDENCE) / 2;
	return [quantile(values, tail), quantile(values, 1 - tail)];
}

/** Linear between order statistics, as numpy's default. */
function quantile(ascending: readonly number[], share: number): number {
	const place = share * (ascending.length - 1);
	const below = Math.floor(place);
	const above = Math.min(below + 1, ascending.length - 1);
	return ascending[below] + (place - below) * (ascending[above] - ascending[below]);
}

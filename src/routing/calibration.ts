import type { CalibrationFile, PixelCalibration } from '../store/calibration';

/** False-alarm rate that a threshold is set for unless told otherwise. */
export const DEFAULT_FALSE_ALARM_RATE = 0.01;
/** Categories with fewer held-out images than this are judged by all categories' images together. */
export const MIN_CATEGORY_IMAGES = 5;
/** Share of normal pixels that a mask may contain. */
const PIXEL_LEVEL = 0.999;

/** Scores of normal images that new scores are held against. */
export interface ScoreCalibration {
	/** Ascending. */
	readonly scores: readonly number[];
	/** Category whose images these are; null: all categories together. */
	readonly category: string | null;
	/** Anomaly map value above which a pixel belongs to a mask. */
	readonly pixelThreshold: number;
}

export interface Judgement {
	/** 0.5 at the threshold, monotone in the score, not clamped. */
	readonly normalizedScore: number;
	/** Chance of a score this high from a normal image: (number of normals at least as high + 1) / (n + 1). */
	readonly pValue: number;
	readonly threshold: number;
	readonly verdict: 'normal' | 'anomaly';
}

/** The calibration that applies to a category: its own when it has enough images, else the pooled one; null when there is none. */
export function calibrationFor(
	file: CalibrationFile | undefined,
	category: string | null,
): ScoreCalibration | null {
	if (!file) return null;
	const own = category === null ? undefined : file.scores[category];
	if (category !== null && own && own.length >= MIN_CATEGORY_IMAGES) {
		return { scores: own, category, pixelThreshold: pixelThreshold(file.pixel[category]) };
	}
	const pooled = Object.values(file.scores)
		.flat()
		.sort((a, b) => a - b);
	return pooled.length === 0
		? null
		: { scores: pooled, category: null, pixelThreshold: pixelThreshold(file.pooledPixel) };
}

/**
 * Judges a score against normal images (split conformal; Vovk 2005): the p-value holds for any n. The threshold is the
 * smallest score whose p-value is at most `rate`; with fewer than 1 / rate - 1 images no such score was seen, and the
 * threshold is the largest normal score plus the spread of the upper half, an extrapolation.
 */
export function judge(
	score: number,
	calibration: ScoreCalibration,
	rate = DEFAULT_FALSE_ALARM_RATE,
): Judgement {
	const { scores } = calibration;
	const atLeast = scores.length - lowerBound(scores, score);
	const threshold = thresholdFor(scores, rate);
	const median = scores[scores.length >> 1];
	const spread = Math.max(threshold - median, Number.EPSILON * Math.abs(threshold), Number.MIN_VALUE);
	return {
		normalizedScore: 0.5 + (0.5 * (score - threshold)) / spread,
		pValue: (atLeast + 1) / (scores.length + 1),
		threshold,
		verdict: score > threshold ? 'anomaly' : 'normal',
	};
}

/** Score above which at most a share `rate` of normal images is expected. */
export function thresholdFor(scores: readonly number[], rate: number): number {
	const n = scores.length;
	// Of n + 1 exchangeable scores, the new one exceeds the k-th smallest of the others with chance (n + 1 - k) / (n + 1).
	const k = Math.ceil((n + 1) * (1 - rate));
	if (k <= n) return scores[k - 1];
	const largest = scores[n - 1];
	return largest + Math.max(largest - scores[n >> 1], 0);
}

function pixelThreshold({ quantiles }: PixelCalibration): number {
	const chosen = quantiles.find(({ level }) => level >= PIXEL_LEVEL) ?? quantiles[quantiles.length - 1];
	return chosen.value;
}

function lowerBound(sorted: readonly number[], value: number): number {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (sorted[middle] < value) low = middle + 1;
		else high = middle;
	}
	return low;
}

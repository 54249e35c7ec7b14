import type { CalibrationFile, PixelCalibration } from '../store/calibration';
import type { DecisionPolicy } from '../store/decisionPolicy';
import { chooseThreshold, needsAnomalous, type Threshold } from './thresholds';

/** False-alarm rate that a threshold is set for unless told otherwise. */
export const DEFAULT_FALSE_ALARM_RATE = 0.01;
/** Categories with fewer held-out images than this are judged by all categories' images together. */
export const MIN_CATEGORY_IMAGES = 5;
/** Share of normal pixels that a mask may contain unless told otherwise. */
const DEFAULT_PIXEL_RATE = 0.001;
export const DEFAULT_POLICY: DecisionPolicy = {
	strategy: { kind: 'falseAlarmRate', rate: DEFAULT_FALSE_ALARM_RATE },
};

/** What new scores are held against. */
export interface ScoreCalibration {
	/** Scores of normal images, ascending. */
	readonly scores: readonly number[];
	/** Category whose images these are; null: all categories together. */
	readonly category: string | null;
	readonly threshold: Threshold;
	/** Scores above it, but not above the threshold, go to a person; absent without a review band. */
	readonly reviewThreshold?: number;
	/** Anomaly map value above which a pixel belongs to a mask. */
	readonly pixelThreshold: number;
	/** Smaller regions are left out, in pixels of the original image. */
	readonly minRegionPx: number;
}

export interface Judgement {
	/** 0.5 at the threshold, monotone in the score, not clamped. */
	readonly normalizedScore: number;
	/** Chance of a score this high from a normal image: (number of normals at least as high + 1) / (n + 1). */
	readonly pValue: number;
	readonly verdict: 'normal' | 'review' | 'anomaly';
}

/**
 * The calibration that applies to a category: its own when it has enough images, else that of all categories together.
 * @returns null when there is none
 * @throws CALIBRATION_SHORT when the model's policy rests on images of defects that are not there
 */
export function calibrationFor(
	file: CalibrationFile | undefined,
	category: string | null,
): ScoreCalibration | null {
	if (!file) return null;
	const { policy = DEFAULT_POLICY } = file;
	if (category !== null && standsAlone(file, category, policy)) {
		const scores = {
			normal: file.scores[category],
			anomalous: file.anomalousScores?.[category] ?? [],
		};
		return { category, ...limits(scores, policy, ownPixel(file, category)) };
	}
	const normal = pooled(file.scores);
	if (normal.length === 0) return null;
	const scores = { normal, anomalous: pooled(file.anomalousScores ?? {}) };
	return { category: null, ...limits(scores, policy, file.pooledPixel) };
}

/** Judges a score against normal images; the p-value holds for any number of them (split conformal; Vovk 2005). */
export function judge(score: number, calibration: ScoreCalibration): Judgement {
	const { scores, threshold, reviewThreshold = Infinity } = calibration;
	const atLeast = scores.length - lowerBound(scores, score);
	const median = scores[scores.length >> 1];
	const limit = threshold.value;
	const spread = Math.max(limit - median, Number.EPSILON * Math.abs(limit), Number.MIN_VALUE);
	return {
		normalizedScore: 0.5 + (0.5 * (score - limit)) / spread,
		pValue: (atLeast + 1) / (scores.length + 1),
		verdict: score > limit ? 'anomaly' : score > reviewThreshold ? 'review' : 'normal',
	};
}

function standsAlone(file: CalibrationFile, category: string, policy: DecisionPolicy): boolean {
	if (!Object.hasOwn(file.scores, category)) return false;
	if (file.scores[category].length < MIN_CATEGORY_IMAGES) return false;
	return !needsAnomalous(policy.strategy) || (file.anomalousScores?.[category]?.length ?? 0) > 0;
}

/** Scores without maps leave a category without pixels of its own. */
function ownPixel({ pixel, pooledPixel }: CalibrationFile, category: string): PixelCalibration {
	return Object.hasOwn(pixel, category) ? pixel[category] : pooledPixel;
}

function limits(
	scores: { readonly normal: readonly number[]; readonly anomalous: readonly number[] },
	policy: DecisionPolicy,
	pixel: PixelCalibration,
): Omit<ScoreCalibration, 'category'> {
	const threshold = chooseThreshold(scores, policy.strategy);
	const { reviewRate, pixelRate = DEFAULT_PIXEL_RATE, minRegionPx = 1 } = policy;
	const review =
		reviewRate === undefined
			? undefined
			: chooseThreshold(scores, { kind: 'falseAlarmRate', rate: reviewRate }).value;
	return {
		scores: scores.normal,
		threshold,
		// Of a rate finer than the images can tell the review band is empty rather than upside down.
		...(review !== undefined && { reviewThreshold: Math.min(review, threshold.value) }),
		pixelThreshold: pixelThreshold(pixel, pixelRate),
		minRegionPx,
	};
}

/** The map value that a share `rate` of normal pixels exceeds, read between the measured levels on a scale of log rates. */
function pixelThreshold({ quantiles }: PixelCalibration, rate: number): number {
	const level = 1 - rate;
	const above = quantiles.findIndex((quantile) => quantile.level >= level - 1e-12);
	if (above === -1) return quantiles[quantiles.length - 1].value;
	const high = quantiles[above];
	if (above === 0 || high.level <= level + 1e-12) return high.value;
	const low = quantiles[above - 1];
	const [from, to] = [Math.log(1 - low.level), Math.log(1 - high.level)];
	const share = (Math.log(rate) - from) / (to - from);
	return low.value + share * (high.value - low.value);
}

function pooled(byCategory: Readonly<Record<string, readonly number[]>>): number[] {
	return Object.values(byCategory)
		.flat()
		.sort((a, b) => a - b);
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

import type { CalibrationFile, PixelCalibration } from '../store/calibration';
import type { DecisionPolicy } from '../store/decisionPolicy';
import { pValueOf } from './normalScores';
import { chooseThreshold, needsAnomalous, type LabelledScores, type Threshold } from './thresholds';

/** False-alarm rate that a threshold is set for unless told otherwise. */
export const DEFAULT_FALSE_ALARM_RATE = 0.01;
/** Categories with fewer held-out images than this are judged by all categories' images together. */
export const MIN_CATEGORY_IMAGES = 5;
/**
 * Share of normal pixels that a mask may contain unless told otherwise, of an image that is seen whole. Of one cut into tiles it is as many
 * times smaller as it holds views, so that good images are as calm as others: regions are counted by image, not by pixel.
 */
const DEFAULT_PIXEL_RATE = 0.001;
export const DEFAULT_POLICY: DecisionPolicy = {
	strategy: { kind: 'falseAlarmRate', rate: DEFAULT_FALSE_ALARM_RATE },
};

/** What new scores are held against. */
export interface ScoreCalibration {
	/** Scores of normal images, ascending. */
	readonly scores: readonly number[];
	/** The part that each score is of; every image is a part of its own when absent. */
	readonly parts?: readonly number[];
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
	/** Chance of a score this high from a normal image: (number of normals at least as high + 1) / (n + 1), by parts where they are known. */
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
			normalParts: file.parts?.[category],
			anomalous: file.anomalousScores?.[category] ?? [],
		};
		return { category, ...limits(scores, policy, ownPixel(file, category)) };
	}
	const { normal, normalParts } = pooledNormals(file);
	if (normal.length === 0) return null;
	const scores = { normal, normalParts, anomalous: pooled(file.anomalousScores ?? {}) };
	return { category: null, ...limits(scores, policy, file.pooledPixel) };
}

/** Judges a score against normal images; the p-value holds for any number of them (split conformal; Vovk 2005). */
export function judge(score: number, calibration: ScoreCalibration): Judgement {
	const { scores, threshold, reviewThreshold = Infinity } = calibration;
	const median = scores[scores.length >> 1];
	const limit = threshold.value;
	const spread = Math.max(limit - median, Number.EPSILON * Math.abs(limit), Number.MIN_VALUE);
	return {
		normalizedScore: 0.5 + (0.5 * (score - limit)) / spread,
		pValue: pValueOf(calibration, score),
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
	scores: LabelledScores,
	policy: DecisionPolicy,
	pixel: PixelCalibration,
): Omit<ScoreCalibration, 'category'> {
	const threshold = chooseThreshold(scores, policy.strategy);
	const { reviewRate, pixelRate = DEFAULT_PIXEL_RATE / (pixel.views ?? 1), minRegionPx = 1 } = policy;
	const review =
		reviewRate === undefined
			? undefined
			: chooseThreshold(scores, { kind: 'falseAlarmRate', rate: reviewRate }).value;
	return {
		scores: scores.normal,
		...(scores.normalParts && { parts: scores.normalParts }),
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

/** Scores of all categories; a part of one category is none of another. */
function pooledNormals({ scores, parts }: CalibrationFile): Pick<LabelledScores, 'normal' | 'normalParts'> {
	if (parts === undefined) return { normal: pooled(scores) };
	const numbers = new Map<string, number>();
	const all = Object.entries(scores).flatMap(([category, own]) =>
		own.map((score, i) => {
			const name = `${category} ${Object.hasOwn(parts, category) ? parts[category][i] : `image ${i}`}`;
			const part = numbers.get(name) ?? numbers.size;
			numbers.set(name, part);
			return { score, part };
		}),
	);
	all.sort((a, b) => a.score - b.score);
	return { normal: all.map(({ score }) => score), normalParts: all.map(({ part }) => part) };
}

import { DinomalyError } from '../errors';
import { checkStrategy, type ThresholdStrategy } from '../store/thresholdStrategy';
import { bestCut, cutsOf, f1Of } from './labelledSweep';
import { partCount, promisedScore, type NormalScores } from './normalScores';
import { tailThreshold } from './tailFit';
import { decimal, percent } from './words';

/** Scores with known truth, each list ascending. */
export interface LabelledScores {
	readonly normal: readonly number[];
	/** The part that each normal score is of; every image is a part of its own when absent. */
	readonly normalParts?: readonly number[];
	readonly anomalous: readonly number[];
}

export interface Threshold {
	/** Scores above it are anomalous. */
	readonly value: number;
	/** Where it comes from, in words: "at most 1 % false alarms". */
	readonly basis: string;
	/** Whether it lies where no score was seen, so that what `basis` says is an estimate and no promise. */
	readonly extrapolated: boolean;
}

/** Shares are fractions of small whole numbers: a difference below this is rounding. */
const ROUNDING = 1e-9;

/**
 * The threshold that a strategy leads to.
 *
 * @throws CALIBRATION_SHORT when the scores that the strategy rests on are missing, CONFIG_INVALID for a number out of range
 */
export function chooseThreshold(scores: LabelledScores, strategy: ThresholdStrategy): Threshold {
	checkStrategy(strategy);
	switch (strategy.kind) {
		case 'falseAlarmRate':
			return falseAlarmThreshold({ scores: scores.normal, parts: scores.normalParts }, strategy.rate);
		case 'quantile':
			return quantileThreshold(scores.normal, strategy.level);
		case 'f1Max':
			return f1Threshold(scores);
		case 'missRate':
			return missThreshold(scores, strategy.rate);
		case 'cost':
			return costThreshold(scores, strategy);
		case 'sigma':
			return sigmaThreshold(scores.normal, strategy.deviations);
		case 'manual':
			return { value: strategy.threshold, basis: 'set by hand', extrapolated: false };
	}
}

/** Whether a strategy cannot do without images of known defects. */
export function needsAnomalous({ kind }: ThresholdStrategy): boolean {
	return kind === 'f1Max' || kind === 'missRate' || kind === 'cost';
}

/**
 * Of n + 1 exchangeable scores the new one exceeds the k-th smallest of the others with chance (n + 1 - k) / (n + 1) (Vovk 2005). With n
 * images no rate below 1 / (n + 1) can be promised: the threshold is then read off a fitted tail, and said to be extrapolated. Where several
 * images show the same part, parts take the place of images.
 */
function falseAlarmThreshold(normal: NormalScores, rate: number): Threshold {
	const { scores, parts } = normal;
	requireScores(scores, 'normal');
	const value = promisedScore(normal, rate);
	if (value !== undefined)
		return { value, basis: `at most ${percent(rate)} false alarms`, extrapolated: false };
	const count = partCount(normal);
	const images = `${scores.length} normal image${scores.length === 1 ? '' : 's'}${parts === undefined ? '' : ` of ${count} parts`}`;
	const best = percent(1 / (count + 1));
	// One image, or images that all score the same, say nothing of how far apart scores lie.
	const told = scores[0] < scores[scores.length - 1];
	return {
		value: tailThreshold(scores, rate, parts),
		basis: told
			? `about ${percent(rate)} false alarms, extrapolated: ${images} promise ${best} at best`
			: `the largest score of ${images}, too few or too alike to tell ${percent(rate)} false alarms (${best} at best)`,
		extrapolated: true,
	};
}

function quantileThreshold(normal: readonly number[], level: number): Threshold {
	requireScores(normal, 'normal');
	const value = normal[Math.max(Math.ceil(level * normal.length - ROUNDING), 1) - 1];
	return {
		value,
		basis: `${percent(level)} quantile of ${normal.length} normal images`,
		extrapolated: false,
	};
}

function f1Threshold({ normal, anomalous }: LabelledScores): Threshold {
	requireScores(normal, 'normal');
	requireScores(anomalous, 'anomalous');
	const cut = bestCut(cutsOf(normal, anomalous), (one) => f1Of(one, anomalous.length));
	if (!cut) throw short('anomalous');
	return {
		value: cut.threshold,
		basis: `best F1, ${decimal(f1Of(cut, anomalous.length))}, of ${normal.length} normal and ${anomalous.length} anomalous images`,
		extrapolated: false,
	};
}

/** A new defect scores below the k-th smallest of m known ones with chance k / (m + 1). */
function missThreshold({ normal, anomalous }: LabelledScores, rate: number): Threshold {
	requireScores(anomalous, 'anomalous');
	const m = anomalous.length;
	const k = Math.floor((m + 1) * rate + ROUNDING);
	if (k >= 1) {
		const cuts = cutsOf(normal, anomalous);
		const promised = cuts.filter(({ threshold }) => threshold < anomalous[k - 1]);
		return {
			value: promised[promised.length - 1].threshold,
			basis: `at most ${percent(rate)} of defects like the ${m} known ones missed`,
			extrapolated: false,
		};
	}
	const mirrored = anomalous.map((score) => -score).reverse();
	return {
		value: -tailThreshold(mirrored, rate),
		basis: `about ${percent(rate)} of defects missed, extrapolated: ${m} known ones promise ${percent(1 / (m + 1))} at best`,
		extrapolated: true,
	};
}

function costThreshold(
	{ normal, anomalous }: LabelledScores,
	{ missCost, falseAlarmCost, defectShare }: Extract<ThresholdStrategy, { kind: 'cost' }>,
): Threshold {
	requireScores(normal, 'normal');
	requireScores(anomalous, 'anomalous');
	const share = defectShare ?? anomalous.length / (anomalous.length + normal.length);
	const costOf = ({ misses, falseAlarms }: { misses: number; falseAlarms: number }): number =>
		share * missCost * (misses / anomalous.length) +
		(1 - share) * falseAlarmCost * (falseAlarms / normal.length);
	const cut = bestCut(cutsOf(normal, anomalous), (one) => -costOf(one));
	if (!cut) throw short('anomalous');
	return {
		value: cut.threshold,
		basis: `least cost, ${decimal(costOf(cut))} a part, at ${decimal(missCost)} a miss, ${decimal(falseAlarmCost)} a false alarm and ${percent(share)} defects`,
		extrapolated: false,
	};
}

function sigmaThreshold(normal: readonly number[], deviations: number): Threshold {
	requireScores(normal, 'normal');
	const mean = normal.reduce((sum, score) => sum + score, 0) / normal.length;
	const squares = normal.reduce((sum, score) => sum + (score - mean) ** 2, 0);
	const deviation = normal.length < 2 ? 0 : Math.sqrt(squares / (normal.length - 1));
	const value = mean + deviations * deviation;
	return {
		value,
		basis: `mean of ${normal.length} normal images plus ${decimal(deviations)} standard deviations`,
		extrapolated: value > normal[normal.length - 1],
	};
}

function requireScores(scores: readonly number[], kind: 'normal' | 'anomalous'): void {
	if (scores.length === 0) throw short(kind);
}

function short(kind: 'normal' | 'anomalous'): DinomalyError {
	return new DinomalyError(
		'CALIBRATION_SHORT',
		`Expected ${kind} images to set the threshold by, found none`,
		{
			hint:
				kind === 'anomalous'
					? 'Calibrate with images of known defects, or choose the false-alarm rate, which needs good parts only.'
					: 'Calibrate with images of good parts.',
		},
	);
}

import { DinomalyError } from '../errors';
import { DEFAULT_FALSE_ALARM_RATE } from './calibration';
import type { Decision, Route } from './decision';
import { decimal, percent } from './words';

/** How often normal parts may be taken for others, as shares in (0, 1). */
export interface CalibrationRule {
	/** Share of normal parts that may be called anomalous. */
	readonly falseAlarmRate: number;
	/** Share of normal parts that may be called anomalous or sent to review; without it nothing is sent to review. */
	readonly reviewRate?: number;
}

/** What a model with calibration said about an image. */
export interface CalibratedReading {
	/** What is judged, as it begins a sentence: a category, or "The image". */
	readonly subject: string;
	readonly score: number;
	readonly pValue: number;
	/** Score that the model's default false-alarm rate leads to. */
	readonly threshold: number;
	/** Normal images that the p-value comes from; absent when nobody says. */
	readonly calibrationImages?: number;
}

/** Two p-values that differ by less are the same: they are fractions of small whole numbers. */
const ROUNDING = 1e-9;

/**
 * Decides by the p-value, which holds for any number of calibration images (split conformal): a normal part exceeds a rate with at most
 * that chance. A rate that is finer than n images can tell, below 1 / (n + 1), falls back on what the images do tell: anomalous is what
 * exceeds the model's own threshold, which is extrapolated then, and for review what exceeds every normal image. Throws CONFIG_INVALID
 * for rates out of range or order.
 */
export function decideByCalibration(reading: CalibratedReading, rule: CalibrationRule): Decision {
	checkRule(rule);
	const { falseAlarmRate, reviewRate } = rule;
	const smallest = smallestPValue(reading);
	const beatsAll = reading.pValue <= smallest * (1 + ROUNDING);
	if (tells(smallest, falseAlarmRate)) {
		if (reading.pValue <= falseAlarmRate * (1 + ROUNDING)) return told(reading, rule, 'anomaly');
	} else if (reading.score > reading.threshold) return told(reading, rule, 'anomaly');
	if (reviewRate === undefined) return told(reading, rule, 'normal');
	const review = tells(smallest, reviewRate) ? reading.pValue <= reviewRate * (1 + ROUNDING) : beatsAll;
	return told(reading, rule, review ? 'review' : 'normal');
}

function smallestPValue({ calibrationImages }: CalibratedReading): number {
	return calibrationImages === undefined ? 0 : 1 / (calibrationImages + 1);
}

function tells(smallest: number, rate: number): boolean {
	return smallest <= rate * (1 + ROUNDING);
}

function checkRule({ falseAlarmRate, reviewRate }: CalibrationRule): void {
	if (!(falseAlarmRate > 0 && falseAlarmRate < 1)) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected a false-alarm rate between 0 and 1, found ${falseAlarmRate}`,
			{ hint: 'A rate of 0.01 lets one in a hundred normal parts raise an alarm.' },
		);
	}
	if (reviewRate === undefined || (reviewRate >= falseAlarmRate && reviewRate < 1)) return;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected a review rate between the false-alarm rate ${falseAlarmRate} and 1, found ${reviewRate}`,
		{
			hint: 'Review takes the parts that are less unusual than anomalies, so its rate is the larger one.',
		},
	);
}

const SAID: Readonly<Record<Route, string>> = {
	anomaly: 'is anomalous',
	review: 'needs review',
	normal: 'is normal',
};

function told(reading: CalibratedReading, rule: CalibrationRule, route: Route): Decision {
	const { subject, score, threshold } = reading;
	// The model's threshold belongs to its own rule, by default a rate of 1 %; beside another it would seem to contradict the decision.
	const agrees = score > threshold === (route === 'anomaly');
	const usesThreshold =
		rule.falseAlarmRate === DEFAULT_FALSE_ALARM_RATE ||
		!tells(smallestPValue(reading), rule.falseAlarmRate);
	const against = usesThreshold && agrees ? ` against threshold ${decimal(threshold)}` : '';
	return {
		route,
		reason: `${subject} ${SAID[route]}: score ${decimal(score)}${against}, ${rarity(reading)} (${limits(rule)})`,
	};
}

function rarity({ pValue, calibrationImages }: CalibratedReading): string {
	if (calibrationImages !== undefined && pValue <= (1 / (calibrationImages + 1)) * (1 + ROUNDING))
		return `higher than all ${calibrationImages} normal images of the calibration`;
	return `as high as ${percent(pValue)} of normal images`;
}

function limits({ falseAlarmRate, reviewRate }: CalibrationRule): string {
	const alarm = `anomalous up to ${percent(falseAlarmRate)}`;
	return reviewRate === undefined ? alarm : `${alarm}, review up to ${percent(reviewRate)}`;
}

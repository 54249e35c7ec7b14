import type { JsonFields } from './jsonFields';
import { checkStrategy, type ThresholdStrategy } from './thresholdStrategy';

/** How scores become decisions: kept beside what was measured, so that it can change without retraining. */
export interface DecisionPolicy {
	readonly strategy: ThresholdStrategy;
	/** Share of good parts that may be called anomalous or sent to review, in (0, 1); without it nothing is. */
	readonly reviewRate?: number;
	/** Share of the pixels of normal images that a mask may hold, in (0, 1). */
	readonly pixelRate?: number;
	/** Smaller regions are left out, in pixels of the original image. */
	readonly minRegionPx?: number;
}

/** Reads an untrusted policy; throws MODEL_INVALID for a field of the wrong kind, CONFIG_INVALID for a number out of range. */
export function readPolicy(fields: JsonFields): DecisionPolicy {
	return {
		strategy: readStrategy(fields.object('strategy')),
		...(fields.has('reviewRate') && { reviewRate: fields.number('reviewRate', { min: 0, max: 1 }) }),
		...(fields.has('pixelRate') && { pixelRate: fields.number('pixelRate', { min: 0, max: 1 }) }),
		...(fields.has('minRegionPx') && { minRegionPx: fields.count('minRegionPx') }),
	};
}

function readStrategy(fields: JsonFields): ThresholdStrategy {
	const strategy = strategyOf(fields);
	checkStrategy(strategy);
	return strategy;
}

function strategyOf(fields: JsonFields): ThresholdStrategy {
	const kind = fields.oneOf('kind', [
		'falseAlarmRate',
		'quantile',
		'f1Max',
		'missRate',
		'cost',
		'sigma',
		'manual',
	] as const);
	switch (kind) {
		case 'falseAlarmRate':
		case 'missRate':
			return { kind, rate: fields.number('rate') };
		case 'quantile':
			return { kind, level: fields.number('level') };
		case 'f1Max':
			return { kind };
		case 'cost':
			return {
				kind,
				missCost: fields.number('missCost'),
				falseAlarmCost: fields.number('falseAlarmCost'),
				...(fields.has('defectShare') && { defectShare: fields.number('defectShare') }),
			};
		case 'sigma':
			return { kind, deviations: fields.number('deviations') };
		case 'manual':
			return { kind, threshold: fields.number('threshold') };
	}
}

import type { IExecuteFunctions } from 'n8n-workflow';
import type { Decision } from '../../src/routing/decision';
import { decide } from '../../src/routing/route';
import { readCondition } from './conditionFields';
import type { EvaluatedLimits } from './evaluatedLimits';
import { categoryOf, numberIn } from './fields';
import { InvalidItem } from './invalidItem';
import { hasReviewBand, readCalibrationRule, readLimitRule } from './readRules';
import { readRegionRule, readRegions } from './regionFields';
import { shownValue } from '../../src/shownValue';

const CALIBRATION_FIELDS = ['score', 'pValue', 'threshold'] as const;

/** Where item `index` goes by the node's rule; throws InvalidItem when the item cannot be judged. */
export async function decideItem(
	context: IExecuteFunctions,
	index: number,
	evaluations: EvaluatedLimits,
): Promise<Decision> {
	const category = categoryOf(context, index);
	const kind = context.getNodeParameter('rule', index, 'calibration') as string;
	switch (kind) {
		case 'limits':
			return decide({
				kind,
				rule: readLimitRule(context, index, category),
				reading: { subject: category ?? 'The item', ...measured(context, index) },
			});
		case 'bestF1':
			return decide({
				kind: 'limits',
				rule: await evaluations.ruleFor(index, category),
				reading: {
					subject: category ?? 'The image',
					field: 'score',
					value: numberIn(context, index, 'score'),
				},
			});
		case 'verdict':
			return decideByModel(context, index, category);
		case 'regions': {
			const hasReview = hasReviewBand(context, index);
			return decide({
				kind,
				rule: readRegionRule(context, index, { category, hasReview }),
				reading: { subject: category ?? 'The image', ...readRegions(context, index) },
			});
		}
		case 'condition':
			return decide({
				kind,
				reading: {
					subject: category ?? 'The item',
					...readCondition(context, index, hasReviewBand(context, index)),
				},
			});
		default:
			return decideCalibrated(context, index, category);
	}
}

function decideCalibrated(context: IExecuteFunctions, index: number, category: string | undefined): Decision {
	refuseUncalibrated(context, index);
	const { calibrationImages } = context.getInputData()[index].json;
	const [score, pValue, threshold] = CALIBRATION_FIELDS.map((field) => numberIn(context, index, field));
	return decide({
		kind: 'calibration',
		rule: readCalibrationRule(context, index, category),
		reading: {
			subject: category ?? 'The image',
			score,
			pValue,
			threshold,
			...(typeof calibrationImages === 'number' && { calibrationImages }),
		},
	});
}

/** The model's own verdict, with what it rests on. */
function decideByModel(context: IExecuteFunctions, index: number, category: string | undefined): Decision {
	refuseUncalibrated(context, index);
	const { verdict: said, thresholdBasis, reviewThreshold } = context.getInputData()[index].json;
	const [score, threshold] = ['score', 'threshold'].map((field) => numberIn(context, index, field));
	const review = typeof reviewThreshold === 'number' ? reviewThreshold : Infinity;
	// Only asked when unknown images are to go where the rule sends them.
	const verdict =
		said !== 'unknown' ? said : score > threshold ? 'anomaly' : score > review ? 'review' : 'normal';
	if (verdict !== 'normal' && verdict !== 'review' && verdict !== 'anomaly')
		throw new InvalidItem({
			message: `Expected the verdict normal, review or anomaly, found ${verdict === undefined ? 'no such field' : shownValue(verdict)}`,
			hint: 'Put Score Image before this node, or choose another rule.',
		});
	return decide({
		kind: 'verdict',
		reading: {
			subject: category ?? 'The image',
			verdict,
			score,
			threshold,
			...(typeof reviewThreshold === 'number' && { reviewThreshold }),
			...(typeof thresholdBasis === 'string' && { basis: thresholdBasis }),
		},
	});
}

function refuseUncalibrated(context: IExecuteFunctions, index: number): void {
	if (context.getInputData()[index].json.verdict !== 'uncalibrated') return;
	throw new InvalidItem({
		message: 'Expected the score of a calibrated model, found one of a model without calibration',
		hint: 'Train the model with a calibration share above 0, or choose Limits on a Number.',
	});
}

/** The number that limits are held against: that of a field, or the one that an expression has made already. */
function measured(
	context: IExecuteFunctions,
	index: number,
): { readonly field: string; readonly value: number } {
	const field: unknown = context.getNodeParameter('field', index, 'score');
	if (typeof field === 'number' && Number.isFinite(field)) return { field: 'value', value: field };
	const name = String(field);
	return { field: name, value: numberIn(context, index, name) };
}

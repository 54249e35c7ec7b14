import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { DEFAULT_FALSE_ALARM_RATE, DEFAULT_POLICY } from '../../src/routing/calibration';
import type { DecisionPolicy } from '../../src/store/decisionPolicy';
import type { StrategyKind, ThresholdStrategy } from '../../src/store/thresholdStrategy';

const SHARE = { minValue: 0, maxValue: 1 };
/** Leaves the rule of the model as it is. */
const KEEP = 'keep';

/** What the thresholds are to achieve; shown for the operation Calibrate. */
export const thresholdProperties: readonly INodeProperties[] = [
	{
		displayName: 'Threshold By',
		name: 'thresholdBy',
		type: 'options',
		default: 'falseAlarmRate',
		description: 'What the thresholds are to achieve',
		options: [
			{
				name: 'Best F1',
				value: 'f1Max',
				description: 'Best balance of missed defects and false alarms; needs images of defects',
			},
			{
				name: 'Cost',
				value: 'cost',
				description: 'Least cost of missed defects and false alarms; needs images of defects',
			},
			{
				name: 'False-Alarm Rate',
				value: 'falseAlarmRate',
				description: 'At most this share of good parts raises an alarm; needs good parts only',
			},
			{
				name: 'Miss Rate',
				value: 'missRate',
				description:
					'At most this share of defects like the known ones is missed; needs images of defects',
			},
			{ name: 'Quantile', value: 'quantile', description: 'A quantile of what good parts score' },
			{
				name: 'Rule of the Model',
				value: KEEP,
				description: 'What the model was calibrated by before, on new scores',
			},
			{
				name: 'Standard Deviations',
				value: 'sigma',
				description: 'Mean of what good parts score plus so many standard deviations',
			},
			{ name: 'Value', value: 'manual', description: 'A threshold of your own' },
		],
	},
	shown('falseAlarmRate', {
		displayName: 'False-Alarm Rate',
		name: 'falseAlarmRate',
		type: 'number',
		typeOptions: SHARE,
		default: DEFAULT_FALSE_ALARM_RATE,
		description: 'Share of good parts that may raise an alarm: 0.01 is one in a hundred',
	}),
	shown('missRate', {
		displayName: 'Miss Rate',
		name: 'missRate',
		type: 'number',
		typeOptions: SHARE,
		default: 0.05,
		description: 'Share of defects like the known ones that may be missed',
	}),
	shown('cost', {
		displayName: 'Cost of a Miss',
		name: 'missCost',
		type: 'number',
		typeOptions: { minValue: 0 },
		default: 10,
		description: 'What a defective part costs that is taken for a good one, in any unit',
	}),
	shown('cost', {
		displayName: 'Cost of a False Alarm',
		name: 'falseAlarmCost',
		type: 'number',
		typeOptions: { minValue: 0 },
		default: 1,
		description: 'What a good part costs that is taken for a defective one, in the same unit',
	}),
	shown('cost', {
		displayName: 'Share of Defects',
		name: 'defectShare',
		type: 'number',
		typeOptions: SHARE,
		default: 0,
		description:
			'Share of defective parts on the line; 0 takes that of the images, which is rarely the same',
	}),
	shown('quantile', {
		displayName: 'Quantile',
		name: 'quantile',
		type: 'number',
		typeOptions: SHARE,
		default: 0.99,
		description: 'Share of the good parts that score no higher',
	}),
	shown('sigma', {
		displayName: 'Standard Deviations',
		name: 'deviations',
		type: 'number',
		typeOptions: { minValue: 0 },
		default: 3,
		description: 'How many standard deviations above the mean of what good parts score',
	}),
	shown('manual', {
		displayName: 'Threshold',
		name: 'threshold',
		type: 'number',
		default: 0.1,
		description: 'Scores above it are anomalous, in every category',
	}),
];

export const policyOptions: readonly INodeProperties[] = [
	{
		displayName: 'Masked Share of Good Parts',
		name: 'pixelRate',
		type: 'number',
		typeOptions: SHARE,
		default: 0.001,
		description:
			'Share of the pixels of good parts that masks and regions may hold. Without this option it is 0.001, with tiles divided by their number.',
	},
	{
		displayName: 'Review Rate',
		name: 'reviewRate',
		type: 'number',
		typeOptions: SHARE,
		default: 0.05,
		description:
			'Share of good parts that may be called anomalous or sent to review; makes verdicts "review"',
	},
	{
		displayName: 'Smallest Region (Pixels)',
		name: 'minRegionPx',
		type: 'number',
		typeOptions: { minValue: 0, numberPrecision: 0 },
		default: 1,
		description: 'Smaller regions are left out, of masks too, in pixels of the image',
	},
];

/** The policy that the parameters ask for, on top of the model's own. */
export function readPolicy(
	context: IExecuteFunctions,
	index: number,
	current: DecisionPolicy = DEFAULT_POLICY,
): DecisionPolicy {
	const options = context.getNodeParameter('options', index, {}) as Partial<
		Record<'pixelRate' | 'reviewRate' | 'minRegionPx', number>
	>;
	const { pixelRate, reviewRate, minRegionPx } = options;
	return {
		...current,
		strategy: readStrategy(context, index) ?? current.strategy,
		...(pixelRate !== undefined && { pixelRate }),
		...(reviewRate !== undefined && { reviewRate }),
		...(minRegionPx !== undefined && { minRegionPx }),
	};
}

function readStrategy(context: IExecuteFunctions, index: number): ThresholdStrategy | undefined {
	const number = (name: string): number => Number(context.getNodeParameter(name, index));
	const kind = context.getNodeParameter('thresholdBy', index) as StrategyKind | typeof KEEP;
	switch (kind) {
		case 'keep':
			return undefined;
		case 'falseAlarmRate':
			return { kind, rate: number('falseAlarmRate') };
		case 'missRate':
			return { kind, rate: number('missRate') };
		case 'f1Max':
			return { kind };
		case 'cost': {
			const defectShare = number('defectShare');
			return {
				kind,
				missCost: number('missCost'),
				falseAlarmCost: number('falseAlarmCost'),
				...(defectShare > 0 && { defectShare }),
			};
		}
		case 'quantile':
			return { kind, level: number('quantile') };
		case 'sigma':
			return { kind, deviations: number('deviations') };
		case 'manual':
			return { kind, threshold: number('threshold') };
	}
}

function shown(kind: StrategyKind, property: INodeProperties): INodeProperties {
	return { ...property, displayOptions: { show: { thresholdBy: [kind] } } };
}

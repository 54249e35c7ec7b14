import type { INodeProperties } from 'n8n-workflow';
import { DEFAULT_FALSE_ALARM_RATE } from '../../src/routing/calibration';
import { conditionProperties, conditionReviewProperties } from './conditionFields';
import { regionProperties, regionReviewProperties } from './regionFields';

const falseAlarmRate: INodeProperties = {
	displayName: 'False-Alarm Rate',
	name: 'falseAlarmRate',
	type: 'number',
	typeOptions: { minValue: 0.0001, maxValue: 0.5 },
	default: DEFAULT_FALSE_ALARM_RATE,
	description: 'Share of good parts that may be called anomalous: 0.01 is one in a hundred',
};

const reviewRate: INodeProperties = {
	displayName: 'Review Rate',
	name: 'reviewRate',
	type: 'number',
	typeOptions: { minValue: 0.0001, maxValue: 0.9 },
	default: 0.05,
	description: 'Share of good parts that may be sent to review or called anomalous together',
};

const threshold: INodeProperties = {
	displayName: 'Threshold',
	name: 'threshold',
	type: 'number',
	default: 0.5,
	description: 'A value beyond it is anomalous',
};

const reviewThreshold: INodeProperties = {
	displayName: 'Review Threshold',
	name: 'reviewThreshold',
	type: 'number',
	default: 0.45,
	description: 'A value beyond it, but not beyond Threshold, goes to review',
};

const reviewMargin: INodeProperties = {
	displayName: 'Review Margin',
	name: 'reviewMargin',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 1 },
	default: 0.2,
	description:
		'How far below the threshold review begins, as a share of its distance from the median good part',
};

const category: INodeProperties = {
	displayName: 'Category',
	name: 'category',
	type: 'string',
	default: '',
	placeholder: 'e.g. bottle',
	description: 'Category that this row is for',
};

const byCalibration = { show: { rule: ['calibration'] } };
const byLimits = { show: { rule: ['limits'] } };

/** Decides whether there is an output for what cannot be judged. */
const invalidOutput: INodeProperties = {
	displayName: 'Invalid Output',
	name: 'invalidOutput',
	type: 'boolean',
	default: false,
	noDataExpression: true,
	description:
		'Whether to send items that cannot be judged (no score, wrong model) to an output of their own, instead of failing them',
};

/** Where a part goes: what the decision rests on. */
export const ruleProperties: INodeProperties[] = [
	{
		displayName: 'Decide By',
		name: 'rule',
		type: 'options',
		noDataExpression: true,
		default: 'calibration',
		description: 'What the decision rests on',
		options: [
			{
				name: 'Best F1 of an Evaluation',
				value: 'bestF1',
				description:
					"The score that parts good and bad best on the labelled images of the model's newest evaluation",
			},
			{
				name: 'Limits on a Number',
				value: 'limits',
				description: 'Hold any numeric field of the item against limits of your own',
			},
			{
				name: "Model's Calibration",
				value: 'calibration',
				description:
					'Say how often good parts may raise an alarm; the p-value of Score Image does the rest',
			},
			{
				name: "Model's Verdict",
				value: 'verdict',
				description:
					"What the model's own thresholds say, as Calibrate of Dinomaly Model has set them",
			},
			{
				name: 'Own Conditions',
				value: 'condition',
				description: 'Expressions that are true or false for each item',
			},
			{
				name: 'Regions',
				value: 'regions',
				description: 'Size, number and place of the anomalous regions, inside or outside of zones',
			},
		],
	},
	{ ...falseAlarmRate, displayOptions: byCalibration },
	{
		displayName: 'Field',
		name: 'field',
		type: 'string',
		default: 'score',
		required: true,
		placeholder: 'e.g. score, normalizedScore or largestRegionPx',
		description:
			"Field of the item's JSON that holds the number; an expression may also give the number itself",
		displayOptions: byLimits,
	},
	{
		displayName: 'Anomalous Is',
		name: 'direction',
		type: 'options',
		default: 'above',
		description: 'Which side of the threshold is anomalous',
		options: [
			{ name: 'Above the Threshold', value: 'above' },
			{ name: 'Below the Threshold', value: 'below' },
		],
		displayOptions: byLimits,
	},
	{ ...threshold, displayOptions: byLimits },
	...regionProperties,
	...conditionProperties,
	{
		displayName: 'Review Band',
		name: 'reviewBand',
		type: 'boolean',
		default: true,
		description: 'Whether to send doubtful parts to Review instead of Normal',
		displayOptions: { hide: { rule: ['verdict'] } },
	},
	{ ...reviewRate, displayOptions: { show: { rule: ['calibration'], reviewBand: [true] } } },
	{ ...reviewThreshold, displayOptions: { show: { rule: ['limits'], reviewBand: [true] } } },
	{ ...reviewMargin, displayOptions: { show: { rule: ['bestF1'], reviewBand: [true] } } },
	...regionReviewProperties,
	...conditionReviewProperties,
	rows('calibrationByCategory', [category, falseAlarmRate, reviewRate], byCalibration),
	rows('limitsByCategory', [category, threshold, reviewThreshold], byLimits),
	invalidOutput,
];

/** A table with one row for each category that the general rule does not suit. */
function rows(
	name: string,
	values: INodeProperties[],
	displayOptions: INodeProperties['displayOptions'],
): INodeProperties {
	return {
		displayName: 'Categories with a Rule of Their Own',
		name,
		type: 'fixedCollection',
		typeOptions: { multipleValues: true },
		placeholder: 'Add category',
		default: {},
		description: 'Rules that replace the one above for some categories',
		options: [{ displayName: 'Category', name: 'rows', values }],
		displayOptions,
	};
}

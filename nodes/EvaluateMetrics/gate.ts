import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { GateRule } from '../../src/evaluation/gate';
import type { FailureData } from '../shared/failure';
import {
	METRIC_OPTIONS,
	readRule,
	readRules,
	requiredText,
	RULE_OPTIONS,
	ruleFields,
	SCOPE_OPTIONS,
} from '../shared/gateRules';

const onlyWithGate = { gate: [true] };

/** The parameters of the gate. With it the node has two outputs. */
export const gateProperties: INodeProperties[] = [
	{
		displayName: 'Gate',
		name: 'gate',
		type: 'boolean',
		default: false,
		noDataExpression: true,
		description: 'Whether to hold the result against a rule and to send it to Passed or Failed',
	},
	{
		displayName: 'Metric',
		name: 'gateMetric',
		type: 'options',
		default: 'imageAuroc',
		description: 'The figure that the gate looks at. One that is not defined fails.',
		options: METRIC_OPTIONS,
		displayOptions: { show: onlyWithGate },
	},
	{
		displayName: 'Of',
		name: 'gateScope',
		type: 'options',
		default: 'mean',
		description: 'What the rule is applied to',
		options: SCOPE_OPTIONS,
		displayOptions: { show: onlyWithGate },
	},
	{
		displayName: 'Category Name',
		name: 'gateCategory',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. bottle',
		description: 'Category that the rule is applied to',
		displayOptions: { show: { ...onlyWithGate, gateScope: ['category'] } },
	},
	{
		displayName: 'Rule',
		name: 'gateRule',
		type: 'options',
		default: 'floor',
		options: RULE_OPTIONS,
		displayOptions: { show: onlyWithGate },
	},
	{
		displayName: 'Floor',
		name: 'floor',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 1 },
		default: 0.9,
		description: 'Smallest value that passes',
		displayOptions: { show: { ...onlyWithGate, gateRule: ['floor', 'floorAndDrop'] } },
	},
	{
		displayName: 'Largest Drop',
		name: 'largestDrop',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 1 },
		default: 0.02,
		description:
			'Largest fall that passes. Without an earlier evaluation there is nothing to fall from, which passes.',
		displayOptions: { show: { ...onlyWithGate, gateRule: ['drop', 'floorAndDrop'] } },
	},
	{
		displayName: 'More Rules',
		name: 'moreRules',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true, sortable: true },
		placeholder: 'Add rule',
		default: {},
		description:
			'All rules must be met to pass: another floor for one category, say, or for another metric',
		displayOptions: { show: onlyWithGate },
		options: [ruleFields],
	},
	{
		displayName: 'Compare With',
		name: 'compareWith',
		type: 'options',
		default: 'previous',
		description: 'Which earlier evaluation a drop is measured from, and the report tells changes against',
		options: [
			{
				name: 'Named Run',
				value: 'run',
				description: 'Always the same run, so that many small drops do not add up unseen',
			},
			{
				name: 'Previous Evaluation',
				value: 'previous',
				description:
					'The newest earlier evaluation of any version of this model on the same test images',
			},
			{
				name: 'Production Version',
				value: 'production',
				description:
					'The newest earlier evaluation of the version that the alias production points to, on the same test images. Without one the gate fails, unless that version is the one under test.',
			},
		],
		displayOptions: { show: onlyWithGate },
	},
	{
		displayName: 'Run ID',
		name: 'compareRun',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. 20250131T120000000Z-0123abcd',
		description: 'Field runId of an earlier output of this node',
		displayOptions: { show: { ...onlyWithGate, compareWith: ['run'] } },
	},
];

const NO_RUN: FailureData = {
	message: 'Expected a run in "Run ID" of the gate, found nothing',
	hint: 'Take the field runId of an earlier output, or compare with the previous evaluation.',
};

/** What a gate asks, and which earlier evaluation it names. */
export interface Gate {
	/** Empty when there is no gate. */
	readonly gates: readonly GateRule[];
	readonly compareWith: 'previous' | 'production' | { readonly run: string };
}

/** What the gate's parameters ask of item `index`. Throws NodeOperationError on a value out of range. */
export function readGate(context: IExecuteFunctions, index: number): Gate {
	if (context.getNodeParameter('gate', index, false) !== true)
		return { gates: [], compareWith: 'previous' };
	const parameter = (name: string, fallback?: unknown): unknown =>
		context.getNodeParameter(name, index, fallback as string);
	const first = readRule(context, index, {
		metric: parameter('gateMetric', 'imageAuroc'),
		scope: parameter('gateScope', 'mean'),
		category: parameter('gateCategory', ''),
		rule: parameter('gateRule', 'floor'),
		floor: parameter('floor', 0.9),
		largestDrop: parameter('largestDrop', 0.02),
	});
	const named = parameter('compareWith', 'previous');
	return {
		gates: [first, ...readRules(context, index, 'moreRules')],
		compareWith:
			named === 'run'
				? {
						run: requiredText(context, index, {
							value: parameter('compareRun', ''),
							missing: NO_RUN,
						}),
					}
				: named === 'production'
					? 'production'
					: 'previous',
	};
}

import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { ConcludeOptions } from '../../src/evaluation/conclude';
import type { GateRule } from '../../src/evaluation/gate';
import { METRICS, type MetricName } from '../../src/evaluation/metricNames';
import { failed } from '../shared/failure';

const DESCRIPTIONS: Readonly<Record<MetricName, string>> = {
	imageAuroc: 'How well good and defective images are told apart',
	imageAp: 'Precision averaged over all defective images',
	imageF1Max: 'Best balance of precision and recall over images',
	pixelAuroc: 'How well good and defective pixels are told apart; needs masks',
	pixelAp: 'Precision averaged over all defective pixels; needs masks',
	pixelF1Max: 'Best balance of precision and recall over pixels; needs masks',
	aupro: 'How well each defect region is found; needs masks',
	auproOfficial: "The same by the 200-step rule of the paper's code; needs masks",
	aupimo: 'How well defects are found while good parts look all but spotless; needs masks',
};

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
		options: [...METRICS]
			.map(({ name, long }) => ({
				name: long.charAt(0).toUpperCase() + long.slice(1),
				value: name,
				description: DESCRIPTIONS[name],
			}))
			.sort((a, b) => a.name.localeCompare(b.name, 'en')),
		displayOptions: { show: onlyWithGate },
	},
	{
		displayName: 'Of',
		name: 'gateScope',
		type: 'options',
		default: 'mean',
		description: 'What the rule is applied to',
		options: [
			{
				name: 'Every Category',
				value: 'everyCategory',
				description: 'One category that falls short is enough to fail',
			},
			{ name: 'Mean Over Categories', value: 'mean', description: 'As the paper reports it' },
		],
		displayOptions: { show: onlyWithGate },
	},
	{
		displayName: 'Rule',
		name: 'gateRule',
		type: 'options',
		default: 'floor',
		options: [
			{ name: 'Floor', value: 'floor', description: 'The metric must reach a value' },
			{
				name: 'Floor and Largest Drop',
				value: 'floorAndDrop',
				description: 'The metric must reach a value and must not fall by more than a value',
			},
			{
				name: 'Largest Drop',
				value: 'drop',
				description: 'The metric must not fall by more than a value since an earlier evaluation',
			},
		],
		displayOptions: { show: onlyWithGate },
	},
	{
		displayName: 'Floor',
		name: 'floor',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 4 },
		default: 0.9,
		description: 'Smallest value that passes',
		displayOptions: { show: { ...onlyWithGate, gateRule: ['floor', 'floorAndDrop'] } },
	},
	{
		displayName: 'Largest Drop',
		name: 'largestDrop',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 4 },
		default: 0.02,
		description:
			'Largest fall that passes. Without an earlier evaluation there is nothing to fall from, which passes.',
		displayOptions: { show: { ...onlyWithGate, gateRule: ['drop', 'floorAndDrop'] } },
	},
	{
		displayName: 'Compare With',
		name: 'compareWith',
		type: 'options',
		default: 'previous',
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
		],
		displayOptions: { show: { ...onlyWithGate, gateRule: ['drop', 'floorAndDrop'] } },
	},
	{
		displayName: 'Run ID',
		name: 'compareRun',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. 20250131T120000000Z-0123abcd',
		description: 'Field runId of an earlier output of this node',
		displayOptions: {
			show: { ...onlyWithGate, gateRule: ['drop', 'floorAndDrop'], compareWith: ['run'] },
		},
	},
];

/** What the gate's parameters ask of item `index`; nothing when there is no gate. Throws NodeOperationError on a value out of range. */
export function readGate(
	context: IExecuteFunctions,
	index: number,
): Pick<ConcludeOptions, 'gate' | 'compareRun'> {
	if (context.getNodeParameter('gate', index, false) !== true) return {};
	const rule = context.getNodeParameter('gateRule', index, 'floor') as 'floor' | 'drop' | 'floorAndDrop';
	const gate: GateRule = {
		metric: context.getNodeParameter('gateMetric', index, 'imageAuroc') as MetricName,
		scope: context.getNodeParameter('gateScope', index, 'mean') as GateRule['scope'],
		...(rule !== 'drop' && { floor: readShare(context, index, { name: 'floor', title: 'Floor' }) }),
		...(rule !== 'floor' && {
			largestDrop: readShare(context, index, { name: 'largestDrop', title: 'Largest Drop' }),
		}),
	};
	const named = rule !== 'floor' && context.getNodeParameter('compareWith', index, 'previous') === 'run';
	return { gate, ...(named && { compareRun: readRunId(context, index) }) };
}

function readShare(
	context: IExecuteFunctions,
	index: number,
	{ name, title }: { readonly name: string; readonly title: string },
): number {
	const value: unknown = context.getNodeParameter(name, index);
	if (typeof value === 'number' && value >= 0 && value <= 1) return value;
	throw failed(
		context.getNode(),
		{
			message: `Expected "${title}" of the gate to be a number from 0 to 1, found ${JSON.stringify(value) as string | undefined}`,
			hint: 'Metrics run from 0 to 1: give 0.95 for 95 %.',
		},
		index,
	);
}

function readRunId(context: IExecuteFunctions, index: number): string {
	const value: unknown = context.getNodeParameter('compareRun', index, '');
	if (typeof value === 'string' && value.trim() !== '') return value.trim();
	throw failed(
		context.getNode(),
		{
			message: 'Expected a run in "Run ID" of the gate, found nothing',
			hint: 'Take the field runId of an earlier output, or compare with the previous evaluation.',
		},
		index,
	);
}

import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
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

const METRIC_OPTIONS = [...METRICS]
	.map(({ name, long }) => ({
		name: long.charAt(0).toUpperCase() + long.slice(1),
		value: name,
		description: DESCRIPTIONS[name],
	}))
	.sort((a, b) => a.name.localeCompare(b.name, 'en'));

const SCOPE_OPTIONS = [
	{
		name: 'Every Category',
		value: 'everyCategory',
		description: 'One category that falls short is enough to fail',
	},
	{ name: 'Mean Over Categories', value: 'mean', description: 'As the paper reports it' },
	{ name: 'One Category', value: 'category', description: 'Only the category that is named' },
];

const RULE_OPTIONS = [
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
];

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
		options: [
			{
				displayName: 'Rule',
				name: 'rule',
				// eslint-disable-next-line n8n-nodes-base/node-param-fixed-collection-type-unsorted-items -- in the order of the panel above
				values: [
					{
						displayName: 'Metric',
						name: 'metric',
						type: 'options',
						default: 'imageAuroc',
						options: METRIC_OPTIONS,
					},
					{
						displayName: 'Of',
						name: 'scope',
						type: 'options',
						default: 'mean',
						options: SCOPE_OPTIONS,
					},
					{
						displayName: 'Category Name',
						name: 'category',
						type: 'string',
						default: '',
						placeholder: 'e.g. bottle',
						description: 'Category that the rule is applied to',
						displayOptions: { show: { scope: ['category'] } },
					},
					{
						displayName: 'Rule',
						name: 'rule',
						type: 'options',
						default: 'floor',
						options: RULE_OPTIONS,
					},
					{
						displayName: 'Floor',
						name: 'floor',
						type: 'number',
						typeOptions: { minValue: 0, maxValue: 1 },
						default: 0.9,
						description: 'Smallest value that passes',
						displayOptions: { show: { rule: ['floor', 'floorAndDrop'] } },
					},
					{
						displayName: 'Largest Drop',
						name: 'largestDrop',
						type: 'number',
						typeOptions: { minValue: 0, maxValue: 1 },
						default: 0.02,
						description: 'Largest fall that passes',
						displayOptions: { show: { rule: ['drop', 'floorAndDrop'] } },
					},
				],
			},
		],
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

/** What a gate asks, and which earlier evaluation it names. */
export interface Gate {
	/** Empty when there is no gate. */
	readonly gates: readonly GateRule[];
	readonly compareWith: 'previous' | 'production' | { readonly run: string };
}

type RuleKind = 'floor' | 'drop' | 'floorAndDrop';

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
	const more = parameter('moreRules.rule', []) as readonly Partial<RuleFields>[];
	const named = parameter('compareWith', 'previous');
	return {
		gates: [first, ...more.map((rule) => readRule(context, index, { ...DEFAULT_RULE, ...rule }))],
		compareWith:
			named === 'run'
				? { run: readRunId(context, index) }
				: named === 'production'
					? 'production'
					: 'previous',
	};
}

/** One rule as it stands in the panel; expressions may give anything. */
type RuleFields = Readonly<
	Record<'metric' | 'scope' | 'category' | 'rule' | 'floor' | 'largestDrop', unknown>
>;

const DEFAULT_RULE: RuleFields = {
	metric: 'imageAuroc',
	scope: 'mean',
	category: '',
	rule: 'floor',
	floor: 0.9,
	largestDrop: 0.02,
};

function readRule(context: IExecuteFunctions, index: number, fields: RuleFields): GateRule {
	const kind = fields.rule as RuleKind;
	const scope = fields.scope as GateRule['scope'];
	return {
		metric: fields.metric as MetricName,
		scope,
		...(scope === 'category' && { category: readCategory(context, index, fields.category) }),
		...(kind !== 'drop' && {
			floor: readShare(context, index, { value: fields.floor, title: 'Floor' }),
		}),
		...(kind !== 'floor' && {
			largestDrop: readShare(context, index, { value: fields.largestDrop, title: 'Largest Drop' }),
		}),
	};
}

function readCategory(context: IExecuteFunctions, index: number, value: unknown): string {
	if (typeof value === 'string' && value.trim() !== '') return value.trim();
	throw failed(
		context.getNode(),
		{
			message: 'Expected a category in "Category Name" of the gate, found nothing',
			hint: 'Name the category that the rule is for, or apply the rule to the mean or to every category.',
		},
		index,
	);
}

function readShare(
	context: IExecuteFunctions,
	index: number,
	{ value, title }: { readonly value: unknown; readonly title: string },
): number {
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

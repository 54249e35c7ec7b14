import type { IExecuteFunctions, INodePropertyCollection } from 'n8n-workflow';
import type { GateRule } from '../../src/evaluation/gate';
import { METRICS, type MetricName } from '../../src/evaluation/metricNames';
import { failed, type FailureData } from './failure';

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

export const METRIC_OPTIONS = [...METRICS]
	.map(({ name, long }) => ({
		name: long.charAt(0).toUpperCase() + long.slice(1),
		value: name,
		description: DESCRIPTIONS[name],
	}))
	.sort((a, b) => a.name.localeCompare(b.name, 'en'));

export const SCOPE_OPTIONS = [
	{
		name: 'Every Category',
		value: 'everyCategory',
		description: 'One category that falls short is enough to fail',
	},
	{ name: 'Mean Over Categories', value: 'mean', description: 'As the paper reports it' },
	{ name: 'One Category', value: 'category', description: 'Only the category that is named' },
];

export const RULE_OPTIONS = [
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

/** The fields of a rule in a collection of rules. */
export const ruleFields: INodePropertyCollection = {
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
};

type RuleKind = 'floor' | 'drop' | 'floorAndDrop';

/** One rule as it stands in the panel; expressions may give anything. */
export type RuleFields = Readonly<
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

const NO_CATEGORY: FailureData = {
	message: 'Expected a category in "Category Name" of the gate, found nothing',
	hint: 'Name the category that the rule is for, or apply the rule to the mean or to every category.',
};

/** The rules of a collection of `ruleFields`. Throws NodeOperationError on a value out of range. */
export function readRules(context: IExecuteFunctions, index: number, collection: string): GateRule[] {
	const rules = context.getNodeParameter(`${collection}.rule`, index, []) as readonly Partial<RuleFields>[];
	return rules.map((rule) => readRule(context, index, { ...DEFAULT_RULE, ...rule }));
}

/** One rule of a gate. Throws NodeOperationError on a value out of range. */
export function readRule(context: IExecuteFunctions, index: number, fields: RuleFields): GateRule {
	const kind = fields.rule as RuleKind;
	const scope = fields.scope as GateRule['scope'];
	return {
		metric: fields.metric as MetricName,
		scope,
		...(scope === 'category' && {
			category: requiredText(context, index, { value: fields.category, missing: NO_CATEGORY }),
		}),
		...(kind !== 'drop' && {
			floor: readShare(context, index, { value: fields.floor, title: 'Floor' }),
		}),
		...(kind !== 'floor' && {
			largestDrop: readShare(context, index, { value: fields.largestDrop, title: 'Largest Drop' }),
		}),
	};
}

/** A text of the gate's panel without spaces around it; throws NodeOperationError saying what is missing. */
export function requiredText(
	context: IExecuteFunctions,
	index: number,
	{ value, missing }: { readonly value: unknown; readonly missing: FailureData },
): string {
	if (typeof value === 'string' && value.trim() !== '') return value.trim();
	throw failed(context.getNode(), missing, index);
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

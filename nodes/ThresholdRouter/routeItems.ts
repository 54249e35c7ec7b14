import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { decide, type Decision, type Route } from '../../src/routing/route';
import { failed } from '../shared/failure';
import { isTool, itemFailure } from '../shared/items';
import { EvaluatedLimits } from './evaluatedLimits';
import { readCalibrationRule, readLimitRule } from './rules';

const OUTPUTS: readonly Route[] = ['normal', 'review', 'anomaly'];
const CALIBRATION_FIELDS = ['score', 'pValue', 'threshold'] as const;

/** Sends every item to the output that its decision names, with `route` and `reason` added. */
export async function routeItems(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const outputs = OUTPUTS.map((): INodeExecutionData[] => []);
	const items = context.getInputData();
	const evaluations = new EvaluatedLimits(context);
	for (const [index, item] of items.entries()) {
		try {
			const decision = await decideFor(context, index, evaluations);
			outputs[OUTPUTS.indexOf(decision.route)].push({
				...item,
				json: { ...item.json, ...decision },
				pairedItem: { item: index },
			});
		} catch (error) {
			// Nobody knows what this part is like: when the flow is to go on, a person should look.
			outputs[OUTPUTS.indexOf('review')].push(itemFailure(context, error, index));
		}
	}
	return isTool(context) ? [outputs.flat()] : outputs;
}

async function decideFor(
	context: IExecuteFunctions,
	index: number,
	evaluations: EvaluatedLimits,
): Promise<Decision> {
	const { json } = context.getInputData()[index];
	const category = categoryOf(context, index);
	const kind = context.getNodeParameter('rule', index, 'calibration');
	if (kind === 'limits') {
		return decide({
			kind,
			rule: readLimitRule(context, index, category),
			reading: { subject: category ?? 'The item', ...measured(context, index) },
		});
	}
	if (kind === 'bestF1') {
		return decide({
			kind: 'limits',
			rule: await evaluations.ruleFor(index, category),
			reading: {
				subject: category ?? 'The image',
				field: 'score',
				value: numberIn(context, index, 'score'),
			},
		});
	}
	if (json.verdict === 'uncalibrated') throw uncalibrated(context, index);
	const [score, pValue, threshold] = CALIBRATION_FIELDS.map((field) => numberIn(context, index, field));
	const { calibrationImages } = json;
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

function categoryOf(context: IExecuteFunctions, index: number): string | undefined {
	const field = context.getNodeParameter('options.categoryField', index, 'category') as string;
	const value = context.getInputData()[index].json[field];
	return typeof value === 'string' && value !== '' ? value : undefined;
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

function numberIn(context: IExecuteFunctions, index: number, field: string): number {
	const value = context.getInputData()[index].json[field];
	if (typeof value === 'number' && Number.isFinite(value)) return value;
	const found = value === undefined ? 'no such field' : JSON.stringify(value);
	throw failed(
		context.getNode(),
		{
			message: `Expected a number in field "${field}", found ${found}`,
			hint: 'Put Score Image before this node, or choose Limits on a Number and name a numeric field of the item.',
		},
		index,
	);
}

function uncalibrated(context: IExecuteFunctions, index: number): Error {
	return failed(
		context.getNode(),
		{
			message: 'Expected the score of a calibrated model, found one of a model without calibration',
			hint: 'Train the model with a calibration share above 0, or choose Limits on a Number.',
		},
		index,
	);
}

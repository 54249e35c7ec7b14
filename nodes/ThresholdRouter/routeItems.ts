import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Decision } from '../../src/routing/decision';
import { isTool, itemFailure } from '../shared/items';
import { hasAlarmLogic } from './alarmFields';
import { enterAlarms, NOT_COUNTED, readAlarmEntry, type AlarmEntry, type AlarmFields } from './alarms';
import { decideItem } from './decideItem';
import { EvaluatedLimits } from './evaluatedLimits';
import { ExpectedModel } from './expectedModel';
import { categoryOf } from './fields';
import { InvalidItem } from './invalidItem';
import { configuredOutputs } from './outputs';
import { decideUnknownItem } from './unknownItem';

/** What became of an item before alarms are thought of. */
type Judged =
	| { readonly kind: 'decided'; readonly decision: Decision }
	| { readonly kind: 'invalid'; readonly reason: string }
	| { readonly kind: 'failed'; readonly item: INodeExecutionData };

/**
 * Sends every item to the output that its decision names, with `route` and `reason` added; with alarm logic, the items that raise an
 * alarm come out of Alarm as well. All items are judged before the first is counted: when the node fails, nothing was.
 */
export async function routeItems(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = context.getInputData();
	const hasAlarms = hasAlarmLogic(context);
	const { judged, entries } = await judgeAll(context, hasAlarms);
	const alarms = hasAlarms ? await enterAlarms(context, entries) : undefined;
	const outputs = new Outputs(context);
	for (const [index, result] of judged.entries()) {
		const item = items[index];
		const withFields = (fields: object): INodeExecutionData => ({
			...item,
			json: { ...item.json, ...fields },
			pairedItem: { item: index },
		});
		if (result.kind === 'failed') {
			// Nobody knows what this part is like: when the flow is to go on, a person should look.
			outputs.push('Review', result.item);
			continue;
		}
		if (result.kind === 'invalid') {
			const fields = { route: 'invalid', reason: result.reason, ...(hasAlarms && NOT_COUNTED) };
			outputs.push('Invalid', withFields(fields));
			continue;
		}
		const { decision } = result;
		const fields = { ...decision, ...alarms?.get(index) };
		outputs.push(OUTPUT_OF[decision.route], withFields(fields));
		if (isReported(context, index, alarms?.get(index))) outputs.push('Alarm', withFields(fields));
	}
	return outputs.all();
}

const OUTPUT_OF = { normal: 'Normal', review: 'Review', anomaly: 'Anomaly' } as const;

async function judgeAll(
	context: IExecuteFunctions,
	hasAlarms: boolean,
): Promise<{ readonly judged: readonly Judged[]; readonly entries: readonly AlarmEntry[] }> {
	const hasInvalid = context.getNodeParameter('invalidOutput', 0, false) === true;
	const evaluations = new EvaluatedLimits(context);
	const model = new ExpectedModel(context);
	const judged: Judged[] = [];
	const entries: AlarmEntry[] = [];
	for (const index of context.getInputData().keys()) {
		try {
			await model.check(index);
			const decision =
				decideUnknownItem(context, index) ?? (await decideItem(context, index, evaluations));
			if (hasAlarms) entries.push(await readAlarmEntry(context, index, decision.route));
			judged.push({ kind: 'decided', decision });
		} catch (error) {
			if (!(error instanceof InvalidItem))
				judged.push({ kind: 'failed', item: itemFailure(context, error, index) });
			else if (hasInvalid)
				judged.push({
					kind: 'invalid',
					reason: error.reasonFor(categoryOf(context, index) ?? 'The item'),
				});
			else {
				const nodeError = error.toNodeError(context, index);
				judged.push({ kind: 'failed', item: itemFailure(context, nodeError, index) });
			}
		}
	}
	return { judged, entries };
}

function isReported(context: IExecuteFunctions, index: number, fields: AlarmFields | undefined): boolean {
	if (fields === undefined) return false;
	if (fields.alarm === 'raised' || fields.alarm === 'escalated') return true;
	return (
		fields.alarm === 'ended' && context.getNodeParameter('alarmOptions.reportEnd', index, false) === true
	);
}

/** Items by the name of their output. */
class Outputs {
	readonly #isTool: boolean;
	readonly #names: readonly (string | undefined)[];
	readonly #items: INodeExecutionData[][];

	constructor(context: IExecuteFunctions) {
		this.#isTool = isTool(context);
		this.#names = configuredOutputs({
			alarmLogic: hasAlarmLogic(context),
			invalidOutput: context.getNodeParameter('invalidOutput', 0, false),
		}).map(({ displayName }) => displayName);
		this.#items = this.#names.map(() => []);
	}

	push(name: string, item: INodeExecutionData): void {
		// An AI agent sees the first output only, and each item once.
		if (!this.#isTool) this.#items[this.#names.indexOf(name)].push(item);
		else if (name !== 'Alarm') this.#items[0].push(item);
	}

	all(): INodeExecutionData[][] {
		return this.#isTool ? [this.#items[0]] : this.#items;
	}
}

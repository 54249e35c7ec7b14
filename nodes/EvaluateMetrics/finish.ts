import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { readCompareWith, type CompareWith } from '../../src/evaluation/baseline';
import { concludeRun } from '../../src/evaluation/conclude';
import { fewImagesWarning } from '../../src/evaluation/fewImages';
import type { EvaluationExample } from '../../src/evaluation/request';
import { categoryRows, meanRow } from '../../src/evaluation/rows';
import type { EvaluationRun } from '../../src/store/evaluationRun';
import { openEvaluationRuns } from '../../src/store/evaluationRuns';
import { openModelStore } from '../../src/store/openModelStore';
import { parseRef, PRODUCTION } from '../../src/store/names';
import { addHintOnce } from '../shared/hints';
import { readStore } from '../shared/store';
import { readGate } from './gate';
import { attachReport, wantsReport } from './report';

/** Worst misses, and worst false alarms, that a report shows with pictures. */
const EXAMPLES_OF_REPORT = 6;

export const outputProperty: INodeProperties = {
	displayName: 'Output',
	name: 'output',
	type: 'options',
	default: 'categories',
	description: 'What comes out of one evaluation',
	options: [
		{
			name: 'An Item per Category and One for the Mean',
			value: 'categories',
			description: 'The last item has the category "mean"',
		},
		{
			name: 'One Item',
			value: 'mean',
			description: 'The mean over categories only, as Set Metrics of the Evaluation node takes it',
		},
	],
};

/** Options that both operations have. */
export const commonOptions = {
	record: {
		displayName: 'Record Run',
		name: 'record',
		type: 'boolean',
		default: true,
		description:
			'Whether to keep the result in the store, so that later evaluations can be held against it',
	},
	sameImages: {
		displayName: 'Same Test Images Only',
		name: 'sameImages',
		type: 'boolean',
		default: true,
		description: 'Whether the previous evaluation must be of the same test images',
	},
} satisfies Record<string, INodeProperties>;

/** How many pictures the engine should send for the report of item `index`. */
export function examplesFor(context: IExecuteFunctions, index: number): number {
	return wantsReport(context, index) ? EXAMPLES_OF_REPORT : 0;
}

/**
 * Looks up what the gate of item `index` compares with: a mistake in it should not show only after a long evaluation. `model` is the
 * reference of the model, when it is known before.
 */
export async function verifyGate(context: IExecuteFunctions, index: number, model: string): Promise<void> {
	await compareWithOf(context, index, model);
}

async function compareWithOf(context: IExecuteFunctions, index: number, model: string): Promise<CompareWith> {
	const { compareWith } = readGate(context, index);
	if (compareWith === 'previous') return { kind: 'previous' };
	const folder = await readStore(context, index);
	const runs = openEvaluationRuns(folder);
	if (compareWith === 'production')
		return readCompareWith(PRODUCTION, { model, runs, store: openModelStore(folder) });
	const { id } = await runs.read(parseRef(model).name, compareWith.run);
	return { kind: 'run', id };
}

/** Compares, judges and stores a run, and makes the items that come out of it. */
export async function finish(
	context: IExecuteFunctions,
	index: number,
	{ run, examples }: { readonly run: EvaluationRun; readonly examples: readonly EvaluationExample[] },
): Promise<INodeExecutionData[]> {
	const runs = openEvaluationRuns(await readStore(context, index));
	// Items of an unknown model have nothing to be compared with; whether the gate asks for that is judged with it.
	const known = run.model.name !== '';
	const conclusion = await concludeRun(runs, run, {
		gates: readGate(context, index).gates,
		compareWith: known ? await compareWithOf(context, index, run.model.name) : undefined,
		sameImages: context.getNodeParameter('options.sameImages', index, true) as boolean,
		record: context.getNodeParameter('options.record', index, true) as boolean,
	});
	const warning = fewImagesWarning(run.categories);
	if (warning !== undefined) addHintOnce(context, warning, { type: 'warning' });
	const mean: INodeExecutionData = { json: meanRow(run, conclusion) };
	const categories =
		context.getNodeParameter('output', index, 'categories') === 'mean'
			? []
			: categoryRows(run, conclusion).map((json): INodeExecutionData => ({ json }));
	if (wantsReport(context, index))
		await attachReport(context, index, { mean, categories, data: { run, examples, ...conclusion } });
	return [...categories, mean];
}

import { compareRuns } from '../evaluation/compare';
import { defectTypes } from '../evaluation/defectTypes';
import { METRICS } from '../evaluation/metricNames';
import { describePreprocessing } from '../evaluation/preprocessing';
import { maxFprOf } from '../evaluation/run';
import type { EvaluationRun } from '../store/evaluationRun';
import { openEvaluationRuns, type EvaluationRuns, type ListedRun } from '../store/evaluationRuns';
import { defineCommand } from './command';
import { OUTPUT_FLAGS, STORE_FLAG, storeFolder } from './commonFlags';
import { comparisonLines, describeRun } from './evaluationText';
import { number, usage } from './flags';
import { decimals, table } from './table';

/** Runs of one model that a list shows unless told otherwise. */
const LISTED = 20;
/** The figures that a list has room for. */
const SHOWN = METRICS.filter(({ name }) => ['imageAuroc', 'imageF1Max', 'aupro'].includes(name));

const list = defineCommand({
	name: 'evaluations list',
	synopsis: '[MODEL ...] [options]',
	summary: 'List the recorded evaluations of all models, or of some, newest first',
	examples: ['dinomaly evaluations list bottles', 'dinomaly evaluations list --json'],
	flags: {
		limit: number('N', `Runs of each model (default: ${LISTED})`, { min: 1, whole: true }),
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const store = storeFolder(values.store, context);
		const runs = openEvaluationRuns(store);
		const models = words.length > 0 ? words : await runs.models();
		const found = await Promise.all(
			models.map(async (model) => ({
				model,
				runs: await runs.newestOf(model, values.limit ?? LISTED),
			})),
		);
		const rows = found.flatMap(({ model, runs: own }) => own.map((one) => rowOf(model, one)));
		const headings = ['run', 'model', 'images', 'data', ...SHOWN.map(({ short }) => short), 'device'];
		return {
			json: {
				store,
				evaluations: found.flatMap(({ model, runs: own }) => own.map((one) => summaryOf(model, one))),
			},
			text:
				rows.length === 0
					? `No evaluations in ${store}`
					: table(headings, rows, ['left', 'left', 'right', 'left', 'right', 'right', 'right']),
		};
	},
});

const show = defineCommand({
	name: 'evaluations show',
	synopsis: 'MODEL RUN [options]',
	summary: 'Show a recorded evaluation with everything that made its numbers; RUN may be "latest"',
	examples: ['dinomaly evaluations show bottles latest'],
	flags: { ...STORE_FLAG, ...OUTPUT_FLAGS },
	run: async ({ values, words }, context) => {
		if (words.length !== 2) throw usage(`Expected a model and a run, found ${words.length} words`);
		const runs = openEvaluationRuns(storeFolder(values.store, context));
		const run = await readRun(runs, words[0], words[1]);
		return {
			json: { ...run, defectTypes: defectTypes(run) },
			text: `${describeRun(run)}\n\n${table(['', ''], facts(run)).trimStart()}`,
		};
	},
});

const compare = defineCommand({
	name: 'evaluations compare',
	synopsis: 'MODEL EARLIER LATER [options]',
	summary: 'Say whether two recorded evaluations differ by more than chance',
	examples: [
		'dinomaly evaluations compare bottles 20260131T120000000Z-0123abcd latest',
		'dinomaly evaluations compare bottles 20260131T120000000Z-0123abcd latest --json',
	],
	flags: { ...STORE_FLAG, ...OUTPUT_FLAGS },
	run: async ({ values, words }, context) => {
		if (words.length !== 3) throw usage(`Expected a model and two runs, found ${words.length} words`);
		const runs = openEvaluationRuns(storeFolder(values.store, context));
		const [earlier, later] = await Promise.all(words.slice(1).map((id) => readRun(runs, words[0], id)));
		const comparison = compareRuns(earlier, later);
		return {
			json: { earlier: earlier.id, later: later.id, comparison },
			text: [
				`run ${later.id} (version ${later.model.version})`,
				...comparisonLines(later, earlier, comparison),
			].join('\n'),
		};
	},
});

export const evaluationCommands = [list, show, compare];

async function readRun(runs: EvaluationRuns, model: string, id: string): Promise<EvaluationRun> {
	if (id !== 'latest') return runs.read(model, id);
	return (await runs.newest(model)) ?? runs.read(model, id);
}

function rowOf(model: string, one: ListedRun): (string | number)[] {
	if ('problem' in one) return [one.id, model, '', one.problem, ...SHOWN.map(() => '-'), ''];
	const { run } = one;
	return [
		run.id,
		`${model}@${run.model.version}`,
		run.images.length,
		run.dataset.root,
		...SHOWN.map(({ name }) => decimals(run.mean[name] ?? null)),
		run.device,
	];
}

/** A run without its images and curves. */
function summaryOf(model: string, one: ListedRun): object {
	if ('problem' in one) return { model, ...one };
	const { id, created, source, model: made, dataset, device, maskRule, mean, images } = one.run;
	return {
		model,
		id,
		created,
		source,
		version: made.version,
		dataset,
		device,
		maskRule,
		maxFpr: maxFprOf(one.run),
		images: images.length,
		mean,
	};
}

function facts(run: EvaluationRun): [string, string][] {
	const { model, encoder, preprocessing, dataset, settings } = run;
	return [
		['run', run.id],
		['evaluated', run.created],
		['model hash', model.sha256],
		['encoder', `${encoder.name}, ${encoder.sha256}`],
		['preprocessing', describePreprocessing(preprocessing)],
		['dataset', `${dataset.root}, ${dataset.fingerprint ?? 'not all images could be read'}`],
		['device', run.device],
		['mask rule', run.maskRule],
		['AUPRO limit', String(maxFprOf(run))],
		...(settings === undefined ? [] : [['pixel metrics', settings.pixelMode] as [string, string]]),
		...Object.entries(run.versions).map(([name, version = '']): [string, string] => [name, version]),
	];
}

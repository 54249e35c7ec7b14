import { compareRuns, describeDifference, type CategoryDifference } from '../evaluation/compare';
import { defectTypes } from '../evaluation/defectTypes';
import { METRICS } from '../evaluation/metricNames';
import type { CategoryEvaluation, EvaluateResult, MetricSet } from '../evaluation/request';
import { runOf } from '../evaluation/run';
import type { EvaluationRun } from '../store/evaluationRun';
import { parseRef } from '../store/names';
import { EvaluationRuns } from '../store/evaluationRuns';
import { defineCommand } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, refuseWords, required, STORE_FLAG } from './commonFlags';
import { choice, list, text } from './flags';
import { duration } from './progress';
import { examplesFor, REPORT_FLAGS, wantedReports, writeReports } from './reportFiles';
import { decimals, printable, table } from './table';

const PREVIOUS = 'previous';

export const evaluateCommand = defineCommand({
	name: 'evaluate',
	synopsis: '--model NAME --data DIR [options]',
	summary:
		'Measure a model on the test images of a dataset folder: image and pixel metrics per category and their mean',
	examples: [
		'dinomaly evaluate --model bottles --data ./mvtec --report bottles.html',
		'dinomaly evaluate --model bottles --data ./mvtec --report bottles.html bottles.md --plots ./plots',
		'dinomaly evaluate --model bottles --data ./mvtec --category bottle --json',
	],
	flags: {
		model: text('NAME', 'Model, with a version or an alias: NAME@3, NAME@production'),
		data: text('DIR', 'Dataset folder'),
		category: list('NAME', 'Categories to evaluate (default: all)'),
		'mask-rule': choice(
			['nonzero', 'half'] as const,
			'Mask pixels that count as anomalous after resizing (default: nonzero)',
		),
		compare: text(
			'RUN',
			'Earlier run to compare with, by its id, or "previous" for the newest on the same images',
		),
		...REPORT_FLAGS,
		...DEVICE_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		refuseWords(words);
		const common = commonRequest(values, context);
		const runs = new EvaluationRuns(common.store);
		const { compare } = values;
		const model = required(values.model, 'model');
		const reports = wantedReports(values, context);
		// Before the work, so that a wrong id costs nothing.
		const compared =
			compare === undefined || compare === PREVIOUS
				? undefined
				: await runs.read(parseRef(model).name, compare);
		const { examples, ...result } = await context.engine.evaluate(
			{
				...common,
				examples: examplesFor(reports),
				model,
				data: context.path(required(values.data, 'data')),
				categories: values.category,
				maskRule: values['mask-rule'],
			},
			{
				...context.call,
				onProgress: (done, total) => {
					context.progress.count('evaluating', done, total);
				},
			},
		);
		const run = runOf({ ...result, examples });
		await runs.record(run);
		const previous = compared ?? (await previousOf(runs, run));
		const written = await writeReports(reports, { run, previous, examples }, context);
		const { failures } = result;
		const comparison =
			compare === undefined || previous === undefined ? undefined : compareRuns(previous, run);
		return {
			json: {
				...result,
				runId: run.id,
				defectTypes: defectTypes(run),
				...(comparison && { comparedWith: previous?.id, comparison }),
				...(written.length > 0 && { reports: written }),
			},
			text: [
				describe(result),
				`run ${run.id}`,
				...(compare === undefined ? [] : comparisonLines(previous, comparison)),
				...written.map((path) => printable(`report ${path}`)),
			].join('\n'),
			failure:
				failures.length === 0
					? undefined
					: `${failures.length} images could not be evaluated and are left out`,
		};
	},
});

function comparisonLines(
	previous: EvaluationRun | undefined,
	comparison: readonly CategoryDifference[] = [],
): string[] {
	if (previous === undefined) return ['no earlier run on the same images to compare with'];
	const lines = comparison.map((difference) => printable(describeDifference(difference)));
	return [
		`compared with run ${previous.id} (version ${previous.model.version}), by DeLong's test:`,
		...(lines.length === 0 ? ['no category with two good and two anomalous images in both runs'] : lines),
	];
}

/** The newest earlier run of the model on the same images. */
function previousOf(runs: EvaluationRuns, run: EvaluationRun): Promise<EvaluationRun | undefined> {
	const { fingerprint } = run.dataset;
	return runs.newest(run.model.name, { fingerprint, source: run.source, before: run.id });
}

function describe(result: Omit<EvaluateResult, 'examples'>): string {
	const { categories, mean, notices, failures } = result;
	const rows = [
		...categories.map((category) => [
			category.category,
			countImages(category),
			...numbers(category),
			interval(category),
		]),
		['mean', '', ...numbers(mean), ''],
	];
	const headings = ['category', 'images', ...METRICS.map(({ short }) => short), 'I-AUROC, 95 %'];
	const head = `${result.model}@${result.version}, encoder ${result.encoder}, ${result.device}, ${duration(result.seconds)}`;
	return [
		printable(head),
		table(headings, rows, ['left', 'right', ...METRICS.map(() => 'right' as const), 'left']),
		...categories.flatMap(reasonsOf),
		...notices.map(printable),
		...failures.map(({ file, reason }) => printable(`${file}: ${reason}`)),
	].join('\n');
}

function numbers(metrics: MetricSet): string[] {
	return METRICS.map(({ name }) => decimals(metrics[name]));
}

function interval({ intervals }: CategoryEvaluation): string {
	const { imageAuroc } = intervals;
	return imageAuroc === null ? '-' : imageAuroc.map((end) => decimals(end)).join(' to ');
}

function countImages({ images }: CategoryEvaluation): string {
	return `${images.good}+${images.anomalous}`;
}

/** One line for each reason, with all the metrics that it takes away. */
function reasonsOf({ category, reasons }: CategoryEvaluation): string[] {
	const metricsByReason = new Map<string, string[]>();
	for (const { name, short } of METRICS) {
		if (!Object.hasOwn(reasons, name)) continue;
		metricsByReason.set(reasons[name], [...(metricsByReason.get(reasons[name]) ?? []), short]);
	}
	return [...metricsByReason].map(([reason, titles]) =>
		printable(`${category}: no ${titles.join(', ')}: ${reason}`),
	);
}

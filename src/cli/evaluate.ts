import { readCompareWith } from '../evaluation/baseline';
import { compareRuns } from '../evaluation/compare';
import { concludeRun } from '../evaluation/conclude';
import { defectTypes } from '../evaluation/defectTypes';
import { fewImagesWarning } from '../evaluation/fewImages';
import { runOf } from '../evaluation/run';
import { openEvaluationRuns } from '../store/evaluationRuns';
import { openModelStore } from '../store/openModelStore';
import { defineCommand } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, refuseWords, required, STORE_FLAG } from './commonFlags';
import { comparisonLines, describeRun } from './evaluationText';
import { EXIT } from './exit';
import { choice, list, number, text } from './flags';
import { GATE_FLAGS, gateRules } from './gateFlags';
import { examplesFor, REPORT_FLAGS, wantedReports, writeReports } from './reportFiles';
import { printable } from './table';

export const evaluateCommand = defineCommand({
	name: 'evaluate',
	synopsis: '--model NAME --data DIR [options]',
	summary:
		'Measure a model on the test images of a dataset folder: image and pixel metrics per category and their mean',
	examples: [
		'dinomaly evaluate --model bottles --data ./mvtec --report bottles.html',
		'dinomaly evaluate --model bottles --data ./mvtec --report bottles.html bottles.md --plots ./plots',
		'dinomaly evaluate --model bottles --data ./mvtec --category bottle --json',
		'dinomaly evaluate --model bottles@latest --data ./mvtec --compare production --floor imageAuroc=0.95 --max-drop "*:imageAuroc=0.02"',
	],
	flags: {
		model: text('NAME', 'Model, with a version or an alias: NAME@3, NAME@production'),
		data: text('DIR', 'Dataset folder'),
		category: list('NAME', 'Categories to evaluate (default: all)'),
		'mask-rule': choice(
			['nonzero', 'half'] as const,
			'Mask pixels that count as anomalous after resizing (default: nonzero)',
		),
		'max-fpr': number(
			'RATE',
			'False-positive rate up to which AUPRO averages, above 0 and at most 1 (default: 0.3)',
			{ min: 0, max: 1 },
		),
		'pixel-metrics': choice(
			['auto', 'exact', 'histogram'] as const,
			'How pixel scores are kept: exact, or counted in fine bins in bounded memory with bounds on the error (default: auto, exact up to 1,024 images of a category)',
		),
		...GATE_FLAGS,
		...REPORT_FLAGS,
		...DEVICE_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		refuseWords(words);
		const common = commonRequest(values, context);
		const runs = openEvaluationRuns(common.store);
		const { compare } = values;
		const model = required(values.model, 'model');
		const reports = wantedReports(values, context);
		const gates = gateRules(values);
		// Before the work, so that a wrong id costs nothing.
		const compareWith =
			compare === undefined
				? undefined
				: await readCompareWith(compare, { model, runs, store: openModelStore(common.store) });
		const { examples, ...result } = await context.engine.evaluate(
			{
				...common,
				examples: examplesFor(reports),
				model,
				data: context.path(required(values.data, 'data')),
				categories: values.category,
				maskRule: values['mask-rule'],
				maxFpr: values['max-fpr'],
				pixelMode: values['pixel-metrics'],
			},
			{
				...context.call,
				onProgress: (done, total) => {
					context.progress.count('evaluating', done, total);
				},
			},
		);
		const run = runOf({ ...result, examples });
		const { previous, verdict } = await concludeRun(runs, run, { gates, compareWith });
		const written = await writeReports(reports, { run, previous, verdict, examples }, context);
		const { failures } = result;
		const comparison =
			compare === undefined || previous === undefined ? undefined : compareRuns(previous, run);
		return {
			json: {
				...result,
				runId: run.id,
				defectTypes: defectTypes(run),
				fewImages: fewImagesWarning(run.categories) ?? null,
				...(comparison && { comparedWith: previous?.id, comparison }),
				...(verdict && { gate: verdict }),
				...(written.length > 0 && { reports: written }),
			},
			text: [
				describeRun(run),
				...failures.map(({ file, reason }) => printable(`${file}: ${reason}`)),
				`run ${run.id}`,
				...(compare === undefined ? [] : comparisonLines(run, previous, comparison)),
				...(verdict === undefined ? [] : [printable(verdict.reason)]),
				...written.map((path) => printable(`report ${path}`)),
			].join('\n'),
			...failureOf({ unread: failures.length, gateFailed: verdict?.passed === false }),
		};
	},
});

/** A gate that failed matters more than images that are left out: whoever reads the exit code must see it. */
function failureOf({ unread, gateFailed }: { readonly unread: number; readonly gateFailed: boolean }): {
	failure?: string;
	exitCode?: number;
} {
	if (gateFailed) return { failure: 'the evaluation does not pass its gate', exitCode: EXIT.gate };
	return unread === 0 ? {} : { failure: `${unread} images could not be evaluated and are left out` };
}

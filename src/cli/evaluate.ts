import type { CategoryEvaluation, EvaluateResult, MetricSet } from '../evaluation/request';
import { defineCommand } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, refuseWords, required, STORE_FLAG } from './commonFlags';
import { choice, list, text } from './flags';
import { duration } from './progress';
import { decimals, printable, table } from './table';

/** In the order in which the paper prints them. */
const METRICS: readonly (readonly [keyof MetricSet, string])[] = [
	['imageAuroc', 'I-AUROC'],
	['imageAp', 'I-AP'],
	['imageF1Max', 'I-F1-max'],
	['pixelAuroc', 'P-AUROC'],
	['pixelAp', 'P-AP'],
	['pixelF1Max', 'P-F1-max'],
	['aupro', 'AUPRO'],
	['auproOfficial', 'AUPRO (official rule)'],
];

export const evaluateCommand = defineCommand({
	name: 'evaluate',
	synopsis: '--model NAME --data DIR [options]',
	summary:
		'Measure a model on the test images of a dataset folder: image and pixel metrics per category and their mean',
	examples: ['dinomaly evaluate --model bottles --data ./mvtec --category bottle --json'],
	flags: {
		model: text('NAME', 'Model, with a version or an alias: NAME@3, NAME@production'),
		data: text('DIR', 'Dataset folder'),
		category: list('NAME', 'Categories to evaluate (default: all)'),
		'mask-rule': choice(
			['nonzero', 'half'] as const,
			'Mask pixels that count as anomalous after resizing (default: nonzero)',
		),
		...DEVICE_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		refuseWords(words);
		const result = await context.engine.evaluate(
			{
				...commonRequest(values, context),
				model: required(values.model, 'model'),
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
		const { failures } = result;
		return {
			json: result,
			text: describe(result),
			failure:
				failures.length === 0
					? undefined
					: `${failures.length} images could not be evaluated and are left out`,
		};
	},
});

function describe(result: EvaluateResult): string {
	const { categories, mean, notices, failures } = result;
	const rows = [
		...categories.map((category) => [category.category, countImages(category), ...numbers(category)]),
		['mean', '', ...numbers(mean)],
	];
	const headings = ['category', 'images', ...METRICS.map(([, title]) => title)];
	const head = `${result.model}@${result.version}, encoder ${result.encoder}, ${result.device}, ${duration(result.seconds)}`;
	return [
		printable(head),
		table(headings, rows, ['left', 'right', ...METRICS.map(() => 'right' as const)]),
		...categories.flatMap(reasonsOf),
		...notices.map(printable),
		...failures.map(({ file, reason }) => printable(`${file}: ${reason}`)),
	].join('\n');
}

function numbers(metrics: MetricSet): string[] {
	return METRICS.map(([name]) => decimals(metrics[name]));
}

function countImages({ images }: CategoryEvaluation): string {
	return `${images.good}+${images.anomalous}`;
}

/** One line for each reason, with all the metrics that it takes away. */
function reasonsOf({ category, reasons }: CategoryEvaluation): string[] {
	const metricsByReason = new Map<string, string[]>();
	for (const [metric, title] of METRICS) {
		if (!Object.hasOwn(reasons, metric)) continue;
		metricsByReason.set(reasons[metric], [...(metricsByReason.get(reasons[metric]) ?? []), title]);
	}
	return [...metricsByReason].map(([reason, titles]) =>
		printable(`${category}: no ${titles.join(', ')}: ${reason}`),
	);
}

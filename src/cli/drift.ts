import { readFile } from 'node:fs/promises';
import { DinomalyError } from '../errors';
import { shownValue } from '../shownValue';
import { judgeDrift } from '../evaluation/drift/judge';
import { driftReference } from '../evaluation/drift/reference';
import type { DriftReport } from '../evaluation/drift/report';
import type { MeasureResult } from '../evaluation/drift/request';
import { openModelStore } from '../store/openModelStore';
import { defineCommand, type CommandContext } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, required, STORE_FLAG } from './commonFlags';
import { EXIT } from './exit';
import { number, text, usage } from './flags';
import { expandImages } from './imageFiles';
import { decimals, printable, table } from './table';

const NOTHING: MeasureResult = { images: [], failures: [], notices: [] };

export const driftCommand = defineCommand({
	name: 'drift',
	synopsis: '--model NAME (FILE|DIR ... | --scores FILE) [options]',
	summary:
		'Check whether recent production images still look like those that the model was calibrated with: scores, brightness, contrast, sharpness, size',
	examples: [
		'dinomaly drift --model bottles@production ./incoming --newest 200',
		'dinomaly drift --model bottles --category bottle --scores scores.json --json',
	],
	flags: {
		model: text('NAME', 'Model, with a version or an alias: NAME@3, NAME@production'),
		scores: text(
			'FILE',
			'Take scores from what "dinomaly score --json" printed, instead of scoring images',
		),
		category: text('NAME', 'Category whose calibration applies (default: all categories together)'),
		newest: number('N', 'Of one folder: only the N images changed last', { min: 1, whole: true }),
		...DEVICE_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const { scores: scoreFile, newest } = values;
		if ((words.length === 0) === (scoreFile === undefined))
			throw usage('Expected either image files or folders, or --scores FILE, found both or none');
		const model = required(values.model, 'model');
		const common = commonRequest(values, context);
		const opened = await openModelStore(common.store).open(model);
		const reference = driftReference(opened, values.category ?? null);
		const scores = scoreFile === undefined ? undefined : await readScores(context.path(scoreFile));
		const measured =
			scores === undefined
				? await measure(
						{
							words,
							newest,
							model: `${opened.name}@${opened.version}`,
							category: values.category,
							common,
						},
						context,
					)
				: NOTHING;
		const report = judgeDrift(
			{
				scores: scores ?? measured.images.flatMap(({ score }) => (score === null ? [] : [score])),
				statistics: measured.images.map(({ statistics }) => statistics),
			},
			reference,
		);
		const { failures } = measured;
		return {
			json: { model: opened.name, version: opened.version, ...report, failures },
			text: describe(report, measured),
			...(report.verdict === 'drift'
				? { failure: 'recent images have drifted from the calibration', exitCode: EXIT.gate }
				: failures.length > 0 && {
						failure: `${failures.length} images could not be read and are left out`,
					}),
		};
	},
});

async function measure(
	{
		words,
		newest,
		model,
		category,
		common,
	}: {
		readonly words: readonly string[];
		readonly newest?: number;
		readonly model: string;
		readonly category?: string;
		readonly common: ReturnType<typeof commonRequest>;
	},
	context: CommandContext,
): Promise<MeasureResult> {
	const call = {
		...context.call,
		onProgress: (done: number, total: number) => {
			context.progress.count('measuring', done, total);
		},
	};
	if (newest !== undefined) {
		if (words.length !== 1) throw usage(`Expected one folder with --newest, found ${words.length} words`);
		const folder = context.path(words[0]);
		return context.engine.measureImages({ ...common, model, category, from: { folder }, newest }, call);
	}
	const files = await expandImages(words, { path: context.path, onNotice: context.progress.note });
	const images = files.map(({ path }) => ({ file: path }));
	return context.engine.measureImages({ ...common, model, category, from: { images } }, call);
}

/** Scores of what `dinomaly score --json` prints, or of a list of numbers or of objects with a score. */
async function readScores(path: string): Promise<number[]> {
	let found: unknown;
	try {
		found = JSON.parse(await readFile(path, 'utf8'));
	} catch (cause) {
		const problem =
			(cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : 'something else';
		throw new DinomalyError(
			'INPUT_MISSING',
			`Expected ${path} to hold JSON from "dinomaly score --json", found ${problem}`,
			{ cause },
		);
	}
	const items: unknown = Array.isArray(found) ? found : (found as { images?: unknown } | null)?.images;
	if (!Array.isArray(items))
		throw new DinomalyError(
			'INPUT_MISSING',
			`Expected ${path} to hold a list of scores, or "images" with scores, found neither`,
			{ hint: 'Write it with: dinomaly score --model NAME --json DIR > FILE' },
		);
	return items.map((item: unknown, place) => {
		const score = typeof item === 'number' ? item : (item as { score?: unknown } | null)?.score;
		if (typeof score === 'number' && Number.isFinite(score)) return score;
		throw new DinomalyError(
			'SCORE_NOT_FINITE',
			`Expected a number as score ${place + 1} of ${path}, found ${shownValue(score)}`,
		);
	});
}

function describe({ reason, checks, alarms, notices }: DriftReport, measured: MeasureResult): string {
	const rows = checks.map(({ measure: name, medianBefore, medianNow, ks, adjustedPValue, psi, change }) => [
		name,
		decimals(medianBefore),
		decimals(medianNow),
		decimals(ks.statistic, 3),
		decimals(adjustedPValue, 3),
		decimals(psi.value, 2),
		decimals(psi.byChance, 2),
		change,
	]);
	const headings = ['measure', 'median then', 'median now', 'KS', 'p', 'PSI', 'PSI by chance', 'change'];
	return [
		printable(reason),
		...(rows.length === 0
			? []
			: [
					table(
						headings,
						rows,
						headings.map((_, i) => (i === 0 ? 'left' : 'right')),
					),
				]),
		...(alarms === null
			? []
			: [
					`${alarms.count} images above the threshold, ${(100 * alarms.rate).toFixed(1)} % (95 %: ${alarms.interval.map((end) => (100 * end).toFixed(1)).join(' to ')} %); it is set for ${alarms.thresholdBasis}`,
				]),
		...[...notices, ...measured.notices].map(printable),
		...measured.failures.map(({ file, error }) => printable(`${file}: ${error.message}`)),
	].join('\n');
}

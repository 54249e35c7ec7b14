import { readFile } from 'node:fs/promises';
import type { CalibrateResult, CalibrateSource, LabelledScore } from '../calibration/request';
import { DinomalyError } from '../errors';
import { DEFAULT_POLICY } from '../routing/calibration';
import { openModelStore } from '../store/openModelStore';
import type { ModelCard } from '../store/card';
import { ZONES_FILE } from '../store/zonesFile';
import type { DecisionPolicy } from '../store/decisionPolicy';
import type { ThresholdStrategy } from '../store/thresholdStrategy';
import type { ZonesRequest } from '../zones/zonesRequest';
import { defineCommand } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, required, STORE_FLAG } from './commonFlags';
import { list, number, text, toggle, usage } from './flags';
import { table } from './table';
import { readZonesFile, ZONES_FLAG } from './zoneFlags';

const SHARE = { min: 0, max: 1 };

const STRATEGY_FLAGS = {
	'false-alarm-rate': number('X', 'At most this share of good parts raises an alarm, such as 0.01', SHARE),
	'miss-rate': number('X', 'At most this share of defects like the known ones is missed', SHARE),
	f1: toggle('Best balance of misses and false alarms'),
	'miss-cost': number('X', 'Cost of a missed defect; needs --false-alarm-cost'),
	'false-alarm-cost': number('X', 'Cost of a false alarm; needs --miss-cost'),
	'defect-share': number('X', 'Share of defective parts on the line (default: that of the images)', SHARE),
	quantile: number('X', 'Quantile of the normal scores, such as 0.99', SHARE),
	sigma: number('N', 'Mean of the normal scores plus so many standard deviations'),
	threshold: number('X', 'A threshold of your own'),
} as const;

export const calibrate = defineCommand({
	name: 'models calibrate',
	synopsis: 'NAME[@VERSION|@ALIAS] [--data DIR | --scores FILE] [options]',
	summary:
		'Give a model other thresholds without training it again: writes a new version with the same decoder; aliases stay where they are',
	examples: [
		'dinomaly models calibrate bottles --false-alarm-rate 0.005 --review-rate 0.05',
		'dinomaly models calibrate bottles --data ./new-parts',
		'dinomaly models calibrate bottles --data ./good-parts --zones zones.json',
		'dinomaly models calibrate bottles --data ./labelled --miss-cost 50 --false-alarm-cost 1 --defect-share 0.002',
	],
	flags: {
		model: text('NAME', 'The model, instead of as a word'),
		data: text(
			'DIR',
			'Test images of a dataset folder, or a plain folder of good parts, to set thresholds by',
		),
		category: list('NAME', 'Categories of that folder (default: all)'),
		...ZONES_FLAG,
		'no-zones': toggle('Inspect the whole image again; needs --data, as other zones do'),
		scores: text(
			'FILE',
			'Labelled scores instead: the output of evaluate --json, or a list of {score, category, anomalous}',
		),
		...STRATEGY_FLAGS,
		'review-rate': number('X', 'Share of good parts that may be sent to review or alarm', SHARE),
		'pixel-rate': number(
			'X',
			'Share of the pixels of good parts that a mask may hold (default: 0.001, with tiles divided by their number)',
			SHARE,
		),
		'min-region': number('PX', 'Leave smaller regions out, in pixels of the image', {
			min: 0,
			whole: true,
		}),
		...DEVICE_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const ref = required(values.model ?? words[0], 'model');
		if (words.length + (values.model === undefined ? 0 : 1) > 1)
			throw usage(
				`Expected one model name, found ${[values.model, ...words].filter(Boolean).join(' ')}`,
			);
		const common = commonRequest(values, context);
		const strategy = strategyOf(values);
		const changed =
			strategy !== undefined ||
			['review-rate', 'pixel-rate', 'min-region'].some(
				(name) => values[name as 'review-rate'] !== undefined,
			);
		const zones = await zonesOf(values, context.path);
		if (!changed && values.data === undefined && values.scores === undefined && zones === undefined)
			throw usage(
				'Expected images, scores or a rule to calibrate with, found none',
				'Give --data, --scores, or a rule such as --false-alarm-rate 0.005.',
			);
		const { calibration, card } = await openModelStore(common.store).open(ref);
		const current = calibration?.policy ?? DEFAULT_POLICY;
		const policy: DecisionPolicy = {
			...current,
			...(strategy && { strategy }),
			...(values['review-rate'] !== undefined && { reviewRate: values['review-rate'] }),
			...(values['pixel-rate'] !== undefined && { pixelRate: values['pixel-rate'] }),
			...(values['min-region'] !== undefined && { minRegionPx: values['min-region'] }),
		};
		const result = await context.engine.calibrate(
			{
				...common,
				model: ref,
				policy,
				...(zones !== undefined && { zones }),
				source: await sourceOf(values, context.path, card),
			},
			{
				...context.call,
				onProgress: (done, total) => {
					context.progress.count('calibrating', done, total);
				},
			},
		);
		for (const notice of result.notices) context.progress.note(notice);
		for (const { file, reason } of result.skipped) context.progress.note(`Skipped: ${file}: ${reason}`);
		return { json: result, text: described(result) };
	},
});

interface StrategyValues {
	readonly 'false-alarm-rate'?: number;
	readonly 'miss-rate'?: number;
	readonly f1?: boolean;
	readonly 'miss-cost'?: number;
	readonly 'false-alarm-cost'?: number;
	readonly 'defect-share'?: number;
	readonly quantile?: number;
	readonly sigma?: number;
	readonly threshold?: number;
}

/** The one rule that was asked for; undefined when none was. */
function strategyOf(values: StrategyValues): ThresholdStrategy | undefined {
	const asked: ThresholdStrategy[] = [];
	if (values['false-alarm-rate'] !== undefined)
		asked.push({ kind: 'falseAlarmRate', rate: values['false-alarm-rate'] });
	if (values['miss-rate'] !== undefined) asked.push({ kind: 'missRate', rate: values['miss-rate'] });
	if (values.f1 === true) asked.push({ kind: 'f1Max' });
	if (values.quantile !== undefined) asked.push({ kind: 'quantile', level: values.quantile });
	if (values.sigma !== undefined) asked.push({ kind: 'sigma', deviations: values.sigma });
	if (values.threshold !== undefined) asked.push({ kind: 'manual', threshold: values.threshold });
	const { 'miss-cost': missCost, 'false-alarm-cost': falseAlarmCost, 'defect-share': defectShare } = values;
	if ((missCost === undefined) !== (falseAlarmCost === undefined))
		throw usage('Expected --miss-cost and --false-alarm-cost together, found one of them');
	if (missCost !== undefined && falseAlarmCost !== undefined)
		asked.push({
			kind: 'cost',
			missCost,
			falseAlarmCost,
			...(defectShare !== undefined && { defectShare }),
		});
	if (asked.length > 1)
		throw usage(
			`Expected one rule for the threshold, found ${asked.map(({ kind }) => kind).join(' and ')}`,
		);
	return asked[0];
}

/** The zones of a file, null for none any more, undefined to leave them as they are. */
async function zonesOf(
	values: { readonly zones?: string; readonly 'no-zones'?: boolean },
	resolve: (file: string) => string,
): Promise<ZonesRequest | null | undefined> {
	if (values['no-zones'] !== true)
		return values.zones === undefined ? undefined : readZonesFile(resolve(values.zones));
	if (values.zones !== undefined) throw usage('Expected --zones or --no-zones, found both');
	return null;
}

async function sourceOf(
	values: { readonly data?: string; readonly scores?: string; readonly category?: readonly string[] },
	resolve: (file: string) => string,
	card: ModelCard,
): Promise<CalibrateSource | undefined> {
	if (values.data !== undefined && values.scores !== undefined)
		throw usage('Expected --data or --scores, found both');
	if (values.data !== undefined)
		return { kind: 'images', data: resolve(values.data), categories: values.category };
	if (values.scores === undefined) return undefined;
	const content = await readJsonFile(resolve(values.scores));
	requireSameZones(content, card);
	return {
		kind: 'scores',
		name: values.scores,
		scores: labelledScores(content, values.scores),
	};
}

async function readJsonFile(file: string): Promise<unknown> {
	try {
		return JSON.parse(await readFile(file, 'utf8')) as unknown;
	} catch (error) {
		throw new DinomalyError(
			'INPUT_MISSING',
			`Expected a JSON file of labelled scores at ${file}, found none`,
			{
				hint: 'Write one with "dinomaly evaluate --json > FILE".',
				cause: error,
			},
		);
	}
}

/** An evaluation says which zones its scores were measured in; thresholds of other zones must not follow from them. */
function requireSameZones(content: unknown, { name, version, files }: ModelCard): void {
	const measured = (content as { madeWith?: { zonesSha256?: unknown } } | null)?.madeWith?.zonesSha256;
	const own = Object.hasOwn(files, ZONES_FILE) ? files[ZONES_FILE].sha256 : null;
	if (measured === undefined || measured === own) return;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected scores that were measured in the zones of "${name}@${version}", found those of a model that looks elsewhere`,
		{ hint: 'Evaluate this version, and calibrate with its scores, or give images with --data.' },
	);
}

function labelledScores(content: unknown, name: string): LabelledScore[] {
	const rows: unknown = Array.isArray(content) ? content : (content as { images?: unknown } | null)?.images;
	const labelled = Array.isArray(rows) ? rows.map(labelledScore) : [undefined];
	if (labelled.every((row) => row !== undefined)) return labelled;
	throw new DinomalyError(
		'INPUT_MISSING',
		`Expected ${name} to list objects with a number "score", a text "category" and a true or false "anomalous", found something else`,
		{ hint: 'The output of "dinomaly evaluate --json" has them.' },
	);
}

function labelledScore(row: unknown): LabelledScore | undefined {
	const { score, category, anomalous } = (row ?? {}) as Partial<Record<string, unknown>>;
	if (typeof score !== 'number' || typeof category !== 'string' || typeof anomalous !== 'boolean')
		return undefined;
	return { score, category, anomalous };
}

function described({ model, version, parentVersion, limits, zones }: CalibrateResult): string {
	const rows = limits.map(({ category, normal, anomalous, own, threshold, reviewThreshold, basis }) => [
		category ?? 'all together',
		`${normal}+${anomalous}`,
		threshold.toFixed(4),
		reviewThreshold?.toFixed(4) ?? null,
		own ? basis : 'too few images of its own: as all together',
	]);
	return [
		table(['category', 'images', 'threshold', 'review', 'basis'], rows, [
			'left',
			'right',
			'right',
			'right',
		]),
		...(zones === null ? [] : ['', `It ${zones}.`]),
		'',
		`${model}@${version}, made from version ${parentVersion}. Promote it when it suits: dinomaly models promote ${model}@${version}`,
	].join('\n');
}

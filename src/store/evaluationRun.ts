import { DinomalyError } from '../errors';
import type { ModelConfig } from '../model/config';
import { readTiling } from './configFields';
import { checkSchema, readJson, type JsonFields } from './jsonFields';
import { isVersion } from './names';
import { isRunId } from './runId';

/** Metric name to value; null where the metric is not defined. Names that this version does not know are kept. */
export type MetricValues = Readonly<Record<string, number | null>>;

/** `dataset`: a model on the test images of a folder. `items`: images that a workflow had scored before. */
const SOURCES = ['dataset', 'items'] as const;
const MASK_RULES = ['nonzero', 'half'] as const;
/** How pixel metrics were asked for, and how they were made. */
const PIXEL_MODES = ['auto', 'exact', 'histogram'] as const;
const COUNTED_PIXELS = ['exact', 'histogram'] as const;

/** Points of a curve in the unit square, left to right. */
export interface CurveOfRun {
	readonly x: readonly number[];
	readonly y: readonly number[];
}

export interface CategoryOfRun {
	readonly category: string;
	readonly good: number;
	readonly anomalous: number;
	/** Anomalous images with a ground-truth mask. */
	readonly withMask: number;
	readonly metrics: MetricValues;
	/** Metric name to its 95 % confidence interval; runs of the first versions have none. */
	readonly intervals?: Readonly<Record<string, readonly [number, number] | null>>;
	/** Curves over pixels, to plot them; null without masks, and runs of the first versions have none. */
	readonly pixelCurves?: Readonly<Record<'roc' | 'precisionRecall' | 'pro', CurveOfRun>> | null;
	/** Mean share of the images' pixels that was inspected, in [0, 1]; absent where the model has no zones. */
	readonly inspectedShare?: number;
	/** Metric name to the reason why it is null. */
	readonly reasons: Readonly<Record<string, string>>;
	/** Images that score above it are anomalies; null without one. */
	readonly threshold: number | null;
	/** Good images above the threshold (overkill). */
	readonly falseAlarms: number | null;
	/** Anomalous images not above the threshold (escapes). */
	readonly misses: number | null;
	/** How the pixel metrics were made; null without any, absent in runs of the first versions, whose are exact. */
	readonly pixelMode?: (typeof COUNTED_PIXELS)[number] | null;
	/** Metric name to how far the exact value may be away at most; metrics that are exact are absent. */
	readonly errorBounds?: Readonly<Record<string, number>>;
	/** Pixel metrics of each kind of defect; absent in runs of the first versions. */
	readonly defectTypes?: readonly DefectTypeOfRun[];
}

export interface DefectTypeOfRun {
	readonly label: string;
	readonly images: number;
	readonly withMask: number;
	/** Pixel metrics of the images of this kind beside all good ones. */
	readonly metrics: MetricValues;
	readonly reasons: Readonly<Record<string, string>>;
}

/** How the figures were asked for. */
export interface SettingsOfRun {
	/** False positive rate up to which AUPRO averages. */
	readonly maxFpr: number;
	readonly pixelMode: (typeof PIXEL_MODES)[number];
	/** False-alarm rate that the thresholds are set for; null when they are set otherwise, or came with the items. */
	readonly falseAlarmRate: number | null;
	/** Strategy of the thresholds with its numbers, such as `falseAlarmRate 0.01`; absent when it is not known. */
	readonly thresholdRule?: string;
	/** Hash of the zones that the model looks at; absent when it looks everywhere, or when it is not known. */
	readonly zonesSha256?: string;
	/** CPU threads asked for; 0: the runtime's own choice, or not known. */
	readonly threads: number;
}

export interface ImageOfRun {
	readonly file: string;
	readonly category: string;
	/** `good`, or the defect type. */
	readonly label: string;
	readonly anomalous: boolean;
	readonly score: number;
	/** Present and true when it is unlike anything seen in training. */
	readonly outOfDistribution?: boolean;
}

/** One evaluation with everything that made its numbers: the content of `<run id>.json`. */
export interface EvaluationRun {
	readonly schemaVersion: 1;
	readonly id: string;
	/** ISO 8601. */
	readonly created: string;
	readonly source: (typeof SOURCES)[number];
	readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
	readonly encoder: { readonly name: string; readonly sha256: string };
	/** How images were brought to the encoder; without `tiling` as a whole. */
	readonly preprocessing: Pick<ModelConfig, 'imageSize' | 'cropSize' | 'tiling'>;
	/** `fingerprint` is the same for the same test images; null when it is not known. */
	readonly dataset: { readonly root: string; readonly fingerprint: string | null };
	readonly device: string;
	readonly maskRule: (typeof MASK_RULES)[number];
	/** Absent in runs of the first versions. */
	readonly settings?: SettingsOfRun;
	/** Program to version. */
	readonly versions: Readonly<Record<string, string | undefined>>;
	readonly categories: readonly CategoryOfRun[];
	/** Unweighted mean over the categories where a metric is defined. */
	readonly mean: MetricValues;
	readonly images: readonly ImageOfRun[];
	/** Images that could not be evaluated. */
	readonly failures: number;
	readonly notices: readonly string[];
	readonly seconds: number;
}

const SCHEMA_VERSION = 1;
/** A million images need some 150 MB; ten thousand, a large test set, 1.5 MB. */
const MAX_RUN_BYTES = 256 << 20;

/** Reads one stored run; throws MODEL_INVALID naming the field, what was expected and what was found. */
export async function readRunFile(path: string): Promise<EvaluationRun> {
	try {
		return parseRun(await readJson(path, MAX_RUN_BYTES), path);
	} catch (error) {
		if (!(error instanceof DinomalyError)) throw error;
		throw new DinomalyError(error.code, error.message, {
			hint: 'The record of this evaluation is damaged: delete the file; no model depends on it.',
			cause: error,
		});
	}
}

function parseRun(fields: JsonFields, source: string): EvaluationRun {
	checkSchema(fields, SCHEMA_VERSION, source);
	const model = fields.object('model');
	const version = model.text('version');
	if (!isVersion(version)) throw model.unexpected('version', 'a version such as "1"');
	const encoder = fields.object('encoder');
	const preprocessing = fields.object('preprocessing');
	const dataset = fields.object('dataset');
	const id = fields.text('id');
	if (!isRunId(id)) throw fields.unexpected('id', 'a run id such as "20250131T120000000Z-0123abcd"');
	return {
		schemaVersion: SCHEMA_VERSION,
		id,
		created: fields.moment('created'),
		source: fields.oneOf('source', SOURCES),
		model: { name: model.name('name', 'model'), version, sha256: model.sha256('sha256') },
		encoder: { name: encoder.text('name'), sha256: encoder.sha256('sha256') },
		preprocessing: {
			imageSize: preprocessing.count('imageSize', { min: 1 }),
			cropSize: preprocessing.count('cropSize', { min: 1 }),
			...(preprocessing.has('tiling') && { tiling: readTiling(preprocessing.object('tiling')) }),
		},
		dataset: {
			root: dataset.text('root'),
			fingerprint: dataset.isNull('fingerprint') ? null : dataset.sha256('fingerprint'),
		},
		device: fields.text('device'),
		maskRule: fields.oneOf('maskRule', MASK_RULES),
		...(fields.has('settings') && { settings: parseSettings(fields.object('settings')) }),
		versions: texts(fields.object('versions')),
		categories: fields.objects('categories').map(parseCategory),
		mean: values(fields.object('mean')),
		images: fields.objects('images').map(parseImage),
		failures: fields.count('failures'),
		notices: fields.objects('notices').map((notice) => notice.text('message', 10_000)),
		seconds: fields.number('seconds', { min: 0 }),
	};
}

function parseCategory(fields: JsonFields): CategoryOfRun {
	const orNull = (key: string, read: () => number): number | null => (fields.isNull(key) ? null : read());
	return {
		category: fields.text('category'),
		good: fields.count('good'),
		anomalous: fields.count('anomalous'),
		withMask: fields.count('withMask'),
		metrics: values(fields.object('metrics')),
		...(fields.has('intervals') && { intervals: intervals(fields.object('intervals')) }),
		...(fields.has('pixelCurves') && {
			pixelCurves: fields.isNull('pixelCurves') ? null : pixelCurves(fields.object('pixelCurves')),
		}),
		...(fields.has('inspectedShare') && {
			inspectedShare: fields.number('inspectedShare', { min: 0, max: 1 }),
		}),
		reasons: texts(fields.object('reasons')),
		threshold: orNull('threshold', () => fields.number('threshold')),
		falseAlarms: orNull('falseAlarms', () => fields.count('falseAlarms')),
		misses: orNull('misses', () => fields.count('misses')),
		...(fields.has('pixelMode') && {
			pixelMode: fields.isNull('pixelMode') ? null : fields.oneOf('pixelMode', COUNTED_PIXELS),
		}),
		...(fields.has('errorBounds') && { errorBounds: bounds(fields.object('errorBounds')) }),
		...(fields.has('defectTypes') && {
			defectTypes: fields.objects('defectTypes').map(parseDefectType),
		}),
	};
}

function parseSettings(fields: JsonFields): SettingsOfRun {
	return {
		maxFpr: fields.number('maxFpr', { min: 0, max: 1 }),
		pixelMode: fields.oneOf('pixelMode', PIXEL_MODES),
		falseAlarmRate: fields.isNull('falseAlarmRate')
			? null
			: fields.number('falseAlarmRate', { min: 0, max: 1 }),
		...(fields.has('thresholdRule') && { thresholdRule: fields.text('thresholdRule') }),
		...(fields.has('zonesSha256') && { zonesSha256: fields.sha256('zonesSha256') }),
		threads: fields.count('threads'),
	};
}

function parseDefectType(fields: JsonFields): DefectTypeOfRun {
	return {
		label: fields.text('label'),
		images: fields.count('images'),
		withMask: fields.count('withMask'),
		metrics: values(fields.object('metrics')),
		reasons: texts(fields.object('reasons')),
	};
}

function parseImage(fields: JsonFields): ImageOfRun {
	return {
		file: fields.text('file', 4096),
		category: fields.text('category'),
		label: fields.text('label'),
		anomalous: fields.flag('anomalous'),
		score: fields.number('score'),
		...(fields.has('outOfDistribution') && {
			outOfDistribution: fields.flag('outOfDistribution'),
		}),
	};
}

function values(fields: JsonFields): Record<string, number | null> {
	return Object.fromEntries(
		fields.keys().map((key) => [key, fields.isNull(key) ? null : fields.number(key)]),
	);
}

function bounds(fields: JsonFields): Record<string, number> {
	return Object.fromEntries(fields.keys().map((key) => [key, fields.number(key, { min: 0 })]));
}

function intervals(fields: JsonFields): Record<string, readonly [number, number] | null> {
	return Object.fromEntries(
		fields.keys().map((key) => {
			if (fields.isNull(key)) return [key, null];
			const ends = fields.ascending(key);
			if (ends.length !== 2) throw fields.unexpected(key, 'two numbers');
			return [key, [ends[0], ends[1]]];
		}),
	);
}

function pixelCurves(fields: JsonFields): CategoryOfRun['pixelCurves'] {
	return {
		roc: curve(fields.object('roc')),
		precisionRecall: curve(fields.object('precisionRecall')),
		pro: curve(fields.object('pro')),
	};
}

function curve(fields: JsonFields): CurveOfRun {
	const x = fields.ascending('x');
	const y = fields.numbers('y');
	if (y.length !== x.length) throw fields.unexpected('y', `${x.length} numbers, one for each of "x"`);
	return { x, y };
}

function texts(fields: JsonFields): Record<string, string> {
	return Object.fromEntries(fields.keys().map((key) => [key, fields.text(key, 10_000)]));
}

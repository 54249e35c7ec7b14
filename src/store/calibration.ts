import { join } from 'node:path';
import { CALIBRATION_FILE } from './card';
import { whenMissing } from '../files/diskError';
import { readPolicy, type DecisionPolicy } from './decisionPolicy';
import { checkSchema, readJson, type JsonFields } from './jsonFields';

/**
 * How a model answers to images that it was not trained on: the content of `calibration.json`. It holds what was measured; which
 * threshold follows from it is decided where scores are judged, so that a rule can change without retraining.
 */
export interface CalibrationFile {
	readonly schemaVersion: 1;
	/** When it was measured, ISO 8601. */
	readonly created: string;
	/** Category to the image scores of its held-out normal images, ascending: split-conformal p-values come from these. */
	readonly scores: Readonly<Record<string, readonly number[]>>;
	/**
	 * Category to the part that each of its scores is of, by numbers from 0, where several images show the same part; absent when every image
	 * is a part of its own.
	 */
	readonly parts?: Readonly<Record<string, readonly number[]>>;
	/** Category to the image scores of known anomalous images, ascending, when there are any: for thresholds by F1 or cost. */
	readonly anomalousScores?: Readonly<Record<string, readonly number[]>>;
	/** Category to the anomaly map values of its held-out normal images: thresholds for masks come from these. */
	readonly pixel: Readonly<Record<string, PixelCalibration>>;
	/** Category to how its held-out normal images were taken; absent in models of the first versions. */
	readonly images?: Readonly<Record<string, CalibrationImages>>;
	/** The same over all categories; quantiles cannot be pooled later, so it is measured with the rest. */
	readonly pooledPixel: PixelCalibration;
	/** What thresholds are to achieve; one false alarm in a hundred when absent. */
	readonly policy?: DecisionPolicy;
	/** Where the scores come from; normal images held out of the training when absent. */
	readonly source?: CalibrationSource;
}

/** Images that a calibration was made of after the training. */
export interface CalibrationSource {
	/** `images`: scored from a dataset folder; `scores`: scored items with labels, which bring no maps. */
	readonly kind: 'images' | 'scores';
	/** Last part of the dataset folder's path, or what the scores came as. */
	readonly name: string;
	readonly normal: number;
	readonly anomalous: number;
	/** Hash over the contents of the images; absent for scores. */
	readonly fingerprint?: string;
}

/** How images were taken: what drift is told by. One number for each image, ascending; see `imaging/statistics`. */
export interface CalibrationImages {
	readonly brightness: readonly number[];
	readonly contrast: readonly number[];
	readonly sharpness: readonly number[];
	/** Every size that there was, in pixels. */
	readonly sizes: readonly { readonly width: number; readonly height: number }[];
}

/** Distribution of anomaly map values over all pixels of normal images. */
export interface PixelCalibration {
	/** Number of map values that the quantiles are taken over. */
	readonly pixels: number;
	/** How many views of the encoder an image holds, on average; 1 when absent. */
	readonly views?: number;
	/** Largest map value of each image, ascending: as many numbers as images. */
	readonly maxPerImage: readonly number[];
	/** Ascending in level. */
	readonly quantiles: readonly PixelQuantile[];
}

export interface PixelQuantile {
	/** Share of the map values that are at most `value`, in (0, 1). */
	readonly level: number;
	readonly value: number;
}

/** Levels that are measured: the middle, and the tail that thresholds for masks lie in. */
export const PIXEL_LEVELS: readonly number[] = [0.5, 0.9, 0.99, 0.995, 0.999, 0.9999, 0.99999, 0.999999];

const SCHEMA_VERSION = 1;
/** A million calibration images need some 40 MB. */
const MAX_CALIBRATION_BYTES = 64 << 20;

/**
 * Reads `calibration.json` of a model folder; undefined when the model has none, which is allowed. Throws MODEL_INVALID naming the
 * field, what was expected and what was found.
 */
export async function readCalibration(folder: string): Promise<CalibrationFile | undefined> {
	const path = join(folder, CALIBRATION_FILE);
	const fields = await whenMissing(readJson(path, MAX_CALIBRATION_BYTES), undefined);
	return fields === undefined ? undefined : parseCalibration(fields, path);
}

/** Checks every field of an untrusted calibration; fields that are not known are dropped. `source` names it in errors. */
export function parseCalibration(fields: JsonFields, source: string): CalibrationFile {
	checkSchema(fields, SCHEMA_VERSION, source);
	const scores = readScores(fields, 'scores');
	return {
		schemaVersion: SCHEMA_VERSION,
		created: fields.moment('created'),
		scores,
		...(fields.has('parts') && { parts: readParts(fields.object('parts'), scores) }),
		...(fields.has('anomalousScores') && { anomalousScores: readScores(fields, 'anomalousScores') }),
		pixel: readPixels(fields.object('pixel'), scores),
		...(fields.has('images') && { images: readImages(fields.object('images')) }),
		pooledPixel: readPixel(fields.object('pooledPixel')),
		...(fields.has('policy') && { policy: readPolicy(fields.object('policy')) }),
		...(fields.has('source') && { source: readSource(fields.object('source')) }),
	};
}

function readSource(fields: JsonFields): CalibrationSource {
	return {
		kind: fields.oneOf('kind', ['images', 'scores'] as const),
		name: fields.text('name'),
		normal: fields.count('normal'),
		anomalous: fields.count('anomalous'),
		...(fields.has('fingerprint') && { fingerprint: fields.sha256('fingerprint') }),
	};
}

/** Image scores of all held-out normal images whatever their category, ascending: for images of unknown category. */
export function pooledScores({ scores }: CalibrationFile): Float64Array {
	return Float64Array.from(Object.values(scores).flat()).sort();
}

function readScores(fields: JsonFields, key: string): Record<string, number[]> {
	const byCategory = fields.object(key);
	const scores: Record<string, number[]> = {};
	for (const category of byCategory.categoryKeys()) scores[category] = byCategory.ascending(category);
	return scores;
}

function readParts(
	byCategory: JsonFields,
	scores: Readonly<Record<string, readonly number[]>>,
): Record<string, number[]> {
	const parts: Record<string, number[]> = {};
	for (const category of byCategory.categoryKeys()) {
		const own = byCategory.numbers(category);
		if (!Object.hasOwn(scores, category) || own.length !== scores[category].length)
			throw byCategory.unexpected(category, 'as many numbers as the category has scores');
		parts[category] = own;
	}
	return parts;
}

function readPixels(
	byCategory: JsonFields,
	scores: Readonly<Record<string, readonly number[]>>,
): Record<string, PixelCalibration> {
	const pixels: Record<string, PixelCalibration> = {};
	for (const category of byCategory.categoryKeys()) {
		if (!Object.hasOwn(scores, category))
			throw byCategory.unexpected(category, 'a category that has scores');
		pixels[category] = readPixel(byCategory.object(category));
	}
	return pixels;
}

function readImages(byCategory: JsonFields): Record<string, CalibrationImages> {
	const images: Record<string, CalibrationImages> = {};
	for (const category of byCategory.categoryKeys()) {
		const fields = byCategory.object(category);
		images[category] = {
			brightness: fields.ascending('brightness'),
			contrast: fields.ascending('contrast'),
			sharpness: fields.ascending('sharpness'),
			sizes: fields.objects('sizes').map((size) => ({
				width: size.count('width', { min: 1 }),
				height: size.count('height', { min: 1 }),
			})),
		};
	}
	return images;
}

function readPixel(fields: JsonFields): PixelCalibration {
	return {
		pixels: fields.count('pixels'),
		...(fields.has('views') && { views: fields.number('views', { min: 1 }) }),
		maxPerImage: fields.ascending('maxPerImage'),
		quantiles: readQuantiles(fields),
	};
}

function readQuantiles(fields: JsonFields): PixelQuantile[] {
	let before: PixelQuantile = { level: 0, value: -Infinity };
	return fields.objects('quantiles').map((quantile) => {
		const level = quantile.number('level', { min: 0, max: 1 });
		const value = quantile.number('value');
		if (level <= before.level || level >= 1)
			throw quantile.unexpected('level', `between ${before.level} and 1`);
		if (value < before.value)
			throw quantile.unexpected('value', `at least ${before.value}, the value of the level before`);
		before = { level, value };
		return before;
	});
}

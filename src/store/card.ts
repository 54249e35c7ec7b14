import { join } from 'node:path';
import type { ModelConfig, OptimiserConfig } from '../model/config';
import { readSignature, type CardSignature } from './cardSignature';
import { readConfig } from './configFields';
import type { FileDigest } from '../files/digest';
import { readDigests } from './digestFields';
import { checkSchema, readJson, type JsonFields } from './jsonFields';
import { isVersion } from './names';

/** What a model is, was trained on and was made with: the content of `model.json`. */
export interface ModelCard {
	readonly schemaVersion: 1;
	readonly name: string;
	/** "1", "2" and so on. */
	readonly version: string;
	/** When it was trained, ISO 8601. */
	readonly created: string;
	readonly config: ModelConfig & OptimiserConfig;
	readonly encoder: EncoderOfCard;
	readonly seed: number;
	readonly categories: readonly CategoryOfCard[];
	readonly data: DataOfCard;
	readonly training: TrainingOfCard;
	/** Metric name to value; null where the metric is not defined. */
	readonly metrics?: Readonly<Record<string, number | null>>;
	readonly versions: VersionsOfCard;
	/** Every file of the model but this one, by its name in the folder. */
	readonly files: Readonly<Record<string, FileDigest>>;
	/** The model that this one was made from without training: a refitted calibration or an import. */
	readonly parent?: { readonly name: string; readonly version: string };
	/** Who vouches for it; absent when nobody does. */
	readonly signature?: CardSignature;
}

export interface EncoderOfCard {
	readonly name: string;
	readonly sha256: string;
	readonly architecture: string;
	/** What every result must say about this encoder, such as that it is one of the package. */
	readonly notice?: string;
}

export interface CategoryOfCard {
	readonly name: string;
	readonly trainImages: number;
	readonly calibrationImages: number;
}

export interface DataOfCard {
	/** Last part of the dataset folder's path: the whole path would tell strangers about the machine. */
	readonly root: string;
	/** Same for the same images: a hash made by the dataset reader. */
	readonly fingerprint: string;
	/** Images that could not be read. */
	readonly skipped: number;
}

export interface TrainingOfCard {
	readonly iterations: number;
	readonly finalLoss: number;
	readonly seconds: number;
	readonly device: string;
	readonly threads: number;
}

/** What made the model. */
export interface VersionsOfCard {
	readonly package: string;
	readonly node: string;
	readonly onnxruntime: string;
	readonly sharp: string;
	readonly platform: string;
}

export const CARD_FILE = 'model.json';
export const DECODER_FILE = 'decoder.safetensors';
export const CALIBRATION_FILE = 'calibration.json';
export const TRAINING_FILE = 'training.json';

const SCHEMA_VERSION = 1;
/** A card with a thousand categories and metrics for each has some 200 KB. */
const MAX_CARD_BYTES = 4 << 20;

/** Reads `model.json` of a model folder; throws MODEL_INVALID naming the field, what was expected and what was found. */
export async function readCard(folder: string): Promise<ModelCard> {
	const path = join(folder, CARD_FILE);
	return parseCard(await readJson(path, MAX_CARD_BYTES), path);
}

/** Checks every field of an untrusted card; fields that are not known are dropped. `source` names it in errors. */
export function parseCard(fields: JsonFields, source: string): ModelCard {
	checkSchema(fields, SCHEMA_VERSION, source);
	const version = fields.text('version');
	if (!isVersion(version)) throw fields.unexpected('version', 'a version such as "1"');
	return {
		schemaVersion: SCHEMA_VERSION,
		name: fields.name('name', 'model'),
		version,
		created: fields.moment('created'),
		config: readConfig(fields.object('config')),
		encoder: readEncoder(fields.object('encoder')),
		seed: fields.count('seed'),
		categories: readCategories(fields),
		data: readData(fields.object('data')),
		training: readTraining(fields.object('training')),
		...(fields.has('metrics') && { metrics: readMetrics(fields.object('metrics')) }),
		versions: readVersions(fields.object('versions')),
		files: readFiles(fields),
		...(fields.has('parent') && { parent: readParent(fields.object('parent')) }),
		...(fields.has('signature') && { signature: readSignature(fields.object('signature')) }),
	};
}

function readFiles(fields: JsonFields): Record<string, FileDigest> {
	const digests = readDigests(fields.object('files'), CARD_FILE);
	if (Object.hasOwn(digests, DECODER_FILE)) return digests;
	throw fields.unexpected('files', `a map of file names that has "${DECODER_FILE}"`);
}

function readEncoder(fields: JsonFields): EncoderOfCard {
	return {
		name: fields.text('name'),
		sha256: fields.sha256('sha256'),
		architecture: fields.text('architecture'),
		...(fields.has('notice') && { notice: fields.text('notice') }),
	};
}

function readCategories(fields: JsonFields): CategoryOfCard[] {
	const seen = new Set<string>();
	return fields.objects('categories').map((category) => {
		const name = category.name('name', 'category');
		if (seen.has(name)) throw category.unexpected('name', 'a category name that is not there twice');
		seen.add(name);
		return {
			name,
			trainImages: category.count('trainImages'),
			calibrationImages: category.count('calibrationImages'),
		};
	});
}

function readData(fields: JsonFields): DataOfCard {
	return {
		root: fields.text('root'),
		fingerprint: fields.text('fingerprint'),
		skipped: fields.count('skipped'),
	};
}

function readTraining(fields: JsonFields): TrainingOfCard {
	return {
		iterations: fields.count('iterations'),
		finalLoss: fields.number('finalLoss'),
		seconds: fields.number('seconds', { min: 0 }),
		device: fields.text('device'),
		threads: fields.count('threads'),
	};
}

function readMetrics(fields: JsonFields): Record<string, number | null> {
	const metrics: Record<string, number | null> = {};
	for (const name of fields.keys()) {
		if (name in Object.prototype) throw fields.unexpected(name, 'absent, since no metric has this name');
		metrics[name] = fields.isNull(name) ? null : fields.number(name);
	}
	return metrics;
}

function readVersions(fields: JsonFields): VersionsOfCard {
	return {
		package: fields.text('package'),
		node: fields.text('node'),
		onnxruntime: fields.text('onnxruntime'),
		sharp: fields.text('sharp'),
		platform: fields.text('platform'),
	};
}

function readParent(fields: JsonFields): { name: string; version: string } {
	return { name: fields.name('name', 'model'), version: fields.text('version') };
}

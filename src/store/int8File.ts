import { join } from 'node:path';
import type { ModelCard } from './card';
import { checkSchema, readJson } from './jsonFields';

/** What comparing a version's scores in int8 with those in float32 gave; only versions that passed have it. */
export const INT8_FILE = 'int8.json';

const SCHEMA_VERSION = 1;
const MAX_INT8_BYTES = 1 << 20;

/** The content of `int8.json`. */
export interface Int8Check {
	/** When it was made, ISO 8601. */
	readonly created: string;
	/** Last part of the path of the folder of images. */
	readonly source: string;
	/** Good images and those of defects that were scored in both. */
	readonly normal: number;
	readonly anomalous: number;
	/** Spearman's rank correlation of the scores. */
	readonly rankCorrelation: number;
	/** Largest difference of a score, as a share of its value in float32. */
	readonly largestChange: number;
	/** Share of the map's values that came to lie on the other side of the threshold for masks. */
	readonly maskChange: number;
	/** How many times as fast it was, the median over the images. */
	readonly speedup: number;
	/** Median time of an image without decoding it. */
	readonly milliseconds: { readonly float32: number; readonly int8: number };
	/** Processor that it was measured on. */
	readonly processor: string;
}

/** What was found, in one line. */
export function describeInt8({
	normal,
	anomalous,
	source,
	rankCorrelation,
	speedup,
	milliseconds: { float32, int8 },
}: Int8Check): string {
	return (
		`${normal} good and ${anomalous} defective images of ${source}: the same verdicts as float32, rank correlation ${rankCorrelation.toFixed(4)}, ` +
		`${speedup.toFixed(2)} times as fast (${float32.toFixed(0)} against ${int8.toFixed(0)} ms)`
	);
}

export function int8Document(check: Int8Check): object {
	return { schemaVersion: SCHEMA_VERSION, ...check };
}

/** Reads the check of a model folder; undefined when its card names none. Throws MODEL_INVALID. */
export async function readInt8Check(
	folder: string,
	{ files }: Pick<ModelCard, 'files'>,
): Promise<Int8Check | undefined> {
	if (!Object.hasOwn(files, INT8_FILE)) return undefined;
	const path = join(folder, INT8_FILE);
	const fields = await readJson(path, MAX_INT8_BYTES);
	checkSchema(fields, SCHEMA_VERSION, path);
	const share = { min: 0, max: 1 };
	const milliseconds = fields.object('milliseconds');
	return {
		created: fields.moment('created'),
		source: fields.text('source'),
		normal: fields.count('normal'),
		anomalous: fields.count('anomalous'),
		rankCorrelation: fields.number('rankCorrelation', { min: -1, max: 1 }),
		largestChange: fields.number('largestChange', { min: 0 }),
		maskChange: fields.number('maskChange', share),
		speedup: fields.number('speedup', { min: 0 }),
		milliseconds: {
			float32: milliseconds.number('float32', { min: 0 }),
			int8: milliseconds.number('int8', { min: 0 }),
		},
		processor: fields.text('processor'),
	};
}

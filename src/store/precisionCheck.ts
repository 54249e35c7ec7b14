import { join } from 'node:path';
import { REDUCED_PRECISIONS, type ReducedPrecision } from '../runtime/precisionNames';
import type { ModelCard } from './card';
import { checkSchema, readJson } from './jsonFields';

/** What comparing a version's scores in a precision with those in float32 gave; only versions that passed have it. */
export const PRECISION_FILES: Readonly<Record<ReducedPrecision, string>> = {
	float16: 'float16.json',
	int8: 'int8.json',
};

const SCHEMA_VERSION = 1;
const MAX_BYTES = 1 << 20;

/** The content of such a file. */
export interface PrecisionCheck {
	readonly precision: ReducedPrecision;
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
	readonly milliseconds: { readonly float32: number; readonly reduced: number };
	/** Processor of the machine that it was measured on. */
	readonly processor: string;
	/** Where it was computed: int8 on the CPU. */
	readonly device: string;
}

/** What was found, in one line. */
export function describeCheck({
	normal,
	anomalous,
	source,
	rankCorrelation,
	speedup,
	device,
	milliseconds: { float32, reduced },
}: PrecisionCheck): string {
	return (
		`${normal} good and ${anomalous} defective images of ${source}: the same verdicts as float32, rank correlation ${rankCorrelation.toFixed(4)}, ` +
		`${speedup.toFixed(2)} times as fast on ${device} (${float32.toFixed(0)} against ${reduced.toFixed(0)} ms)`
	);
}

export function checkDocument({
	precision,
	milliseconds: { float32, reduced },
	device,
	...check
}: PrecisionCheck): object {
	const milliseconds = { float32, [precision]: reduced };
	return {
		schemaVersion: SCHEMA_VERSION,
		...check,
		milliseconds,
		...(precision !== 'int8' && { device }),
	};
}

/** All checks of a model folder. Throws MODEL_INVALID. */
export async function readChecks(
	folder: string,
	card: Pick<ModelCard, 'files'>,
): Promise<readonly PrecisionCheck[]> {
	const checks = await Promise.all(
		REDUCED_PRECISIONS.map((precision) => readCheck(folder, card, precision)),
	);
	return checks.filter((check) => check !== undefined);
}

/** Reads the check of a model folder in a precision; undefined when its card names none. Throws MODEL_INVALID. */
export async function readCheck(
	folder: string,
	{ files }: Pick<ModelCard, 'files'>,
	precision: ReducedPrecision,
): Promise<PrecisionCheck | undefined> {
	const name = PRECISION_FILES[precision];
	if (!Object.hasOwn(files, name)) return undefined;
	const path = join(folder, name);
	const fields = await readJson(path, MAX_BYTES);
	checkSchema(fields, SCHEMA_VERSION, path);
	const share = { min: 0, max: 1 };
	const milliseconds = fields.object('milliseconds');
	return {
		precision,
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
			reduced: milliseconds.number(precision, { min: 0 }),
		},
		processor: fields.text('processor'),
		device: precision === 'int8' ? 'cpu' : fields.text('device'),
	};
}

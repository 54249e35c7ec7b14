import path from 'node:path';
import { DinomalyError } from '../errors';
import { checkSchema, JsonFields } from '../store/jsonFields';
import type { OpenedModel } from '../store/modelStore';
import {
	readSafetensors,
	writeSafetensors,
	type SafetensorsFile,
	type TensorToWrite,
} from '../weights/safetensors';
import type { Distribution } from './distribution';

/** Beside the decoder; models of the first versions have none and are never held against it. */
export const DISTRIBUTION_FILE = 'distribution.safetensors';

const SCHEMA_VERSION = 1;
const CONTROLS = 'controls';

/** Writes what a model knows of good images. Half precision moves a distance by less than 0.001. */
export async function writeDistribution(file: string, { controls, categories }: Distribution): Promise<void> {
	const tensors = categories.flatMap(({ memory, normalDistances }, i) => [
		matrix(memoryName(i), memory),
		{
			name: distancesName(i),
			dtype: 'F32' as const,
			shape: [normalDistances.length],
			data: normalDistances,
		},
	]);
	await writeSafetensors(file, [matrix(CONTROLS, controls), ...tensors], {
		format: 'dinomaly-distribution',
		distribution: JSON.stringify({
			schemaVersion: SCHEMA_VERSION,
			categories: categories.map(({ category, limit }) => ({ name: category, limit })),
		}),
	});
}

/**
 * What a model's training images look like; null for a model that does not say.
 *
 * @param length values that an embedding of this model's encoder has, when that is known
 * @throws MODEL_INVALID or WEIGHTS_INVALID for a file that is damaged, of another encoder or newer than this package
 */
export async function readDistribution(
	{ card, path: folder }: Pick<OpenedModel, 'card' | 'path'>,
	length?: number,
): Promise<Distribution | null> {
	if (!Object.hasOwn(card.files, DISTRIBUTION_FILE)) return null;
	const stored = await readSafetensors(path.join(folder, DISTRIBUTION_FILE));
	const fields = new JsonFields(parsed(stored), stored.source);
	checkSchema(fields, SCHEMA_VERSION, stored.source);
	const controls = readVectors(stored, CONTROLS, length);
	const categories = fields.objects('categories').map((category, i) => ({
		category: category.name('name', 'category'),
		limit: category.number('limit', { min: 0, max: 2 }),
		memory: readVectors(stored, memoryName(i), length),
		normalDistances: requireFinite(stored, distancesName(i)),
	}));
	return { controls, categories };
}

function readVectors(
	stored: SafetensorsFile,
	name: string,
	length: number | undefined,
): readonly Float32Array[] {
	const { shape } = stored.info(name);
	const [count, width] = shape;
	if (shape.length !== 2 || count < 1 || width < 1 || width !== (length ?? width))
		throw damaged(stored.source, `embeddings of ${length ?? 'one or more'} values as "${name}"`);
	const values = requireFinite(stored, name);
	return Array.from({ length: count }, (_, i) => values.subarray(i * width, (i + 1) * width));
}

function requireFinite(stored: SafetensorsFile, name: string): Float32Array {
	const values = stored.readFloat32(name);
	if (values.every(Number.isFinite)) return values;
	throw damaged(stored.source, `finite numbers as "${name}"`);
}

function parsed({ metadata, source }: SafetensorsFile): unknown {
	try {
		return JSON.parse(metadata.distribution) as unknown;
	} catch {
		throw damaged(source, 'a list of categories');
	}
}

function damaged(source: string, expected: string): DinomalyError {
	return new DinomalyError('MODEL_INVALID', `Expected ${source} to hold ${expected}, found it damaged`, {
		hint: 'Restore the model, or train it again.',
	});
}

function matrix(name: string, rows: readonly Float32Array[]): TensorToWrite {
	const [{ length: width }] = rows;
	const data = new Float32Array(rows.length * width);
	for (const [i, row] of rows.entries()) data.set(row, i * width);
	return { name, dtype: 'F16', shape: [rows.length, width], data };
}

function memoryName(index: number): string {
	return `memory.${index}`;
}

function distancesName(index: number): string {
	return `distances.${index}`;
}

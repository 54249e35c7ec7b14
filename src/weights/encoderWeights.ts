import { DinomalyError } from '../errors';
import { holdsDescriptors, openDescriptors } from './descriptorWeights';
import {
	canonicalShapes,
	gatedMlp,
	recogniseArchitecture,
	type EncoderWeights,
	type Shape,
} from './encoderArchitecture';
import { recogniseNames, type Source, type Sources } from './encoderNames';
import type { SafetensorsFile } from './safetensors';
import { shapeLookup } from './shapeLookup';

export type { EncoderWeights };

export interface OpenEncoderOptions {
	/** Attention heads; from the file's metadata (`heads`) or the width when absent. */
	readonly heads?: number;
}

/** Thirds of a fused qkv parameter. */
const QKV_PARTS = 3;
const KEY_PART = 1;
const GATED = /\.mlp\.(?:w[123]|w12|weights_(?:in|out)|fc1_[gx])\./;

/**
 * Recognises a checkpoint in timm's, Meta's or Hugging Face's naming (DINOv2, DINO, DeiT, MAE, BEiT) and gives its parameters canonical
 * names. Reads no values yet. Throws ENCODER_INVALID, naming what is missing or what this package cannot compute.
 */
export function openEncoder(file: SafetensorsFile, { heads }: OpenEncoderOptions = {}): EncoderWeights {
	if (holdsDescriptors(file)) return openDescriptors(file);
	const { source } = file;
	const { sources, foreign } = recogniseNames(file.names);
	if (foreign.length > 0) throw foreignParameter(source, foreign);
	const stored = new Map<string, Shape>();
	for (const [canonical, parts] of sources) stored.set(canonical, shapeOf(canonical, parts, file));
	const hint = heads ?? headsFromMetadata(file);
	const architecture = recogniseArchitecture(stored, { source, heads: hint });
	const shapes = canonicalShapes(architecture);
	const shape = shapeLookup(shapes, source);
	return {
		source,
		architecture,
		names: [...shapes.keys()],
		shape,
		get: (name) => load(name, shape(name), { file, sources, dim: architecture.dim }),
	};
}

interface LoadContext {
	readonly file: SafetensorsFile;
	readonly sources: Sources;
	readonly dim: number;
}

function load(name: string, shape: Shape, { file, sources, dim }: LoadContext): Float32Array {
	const size = shape.reduce((product, side) => product * side, 1);
	const shared = name.endsWith('.relative_position_bias_table')
		? sources.get('relative_position_bias_table')
		: undefined;
	const parts = sources.get(name) ?? shared;
	// Only BEiT gets here without a stored tensor: it knows positions by their distance alone.
	if (parts === undefined) return new Float32Array(size);
	if (name === 'pos_embed') return withClsRow(file.readFloat32(parts[0].stored), size, dim);
	if (parts[0].part === undefined) return file.readFloat32(parts[0].stored);
	const fused = new Float32Array(size);
	for (const { stored, part } of parts)
		fused.set(file.readFloat32(stored), ((part ?? 0) * size) / QKV_PARTS);
	return fused;
}

/** timm adds DINOv2's position of cls to the token itself and stores patches only: then cls has no position left to add. */
function withClsRow(table: Float32Array, size: number, dim: number): Float32Array {
	if (table.length === size) return table;
	const padded = new Float32Array(size);
	padded.set(table, dim);
	return padded;
}

/** Shape of the whole parameter; checks that parts make up exactly one. */
function shapeOf(canonical: string, parts: readonly Source[], file: SafetensorsFile): Shape {
	const [first] = parts;
	const { shape } = file.info(first.stored);
	const found = parts.map(({ part }) => part);
	if (parts.length === 1 && first.part === undefined) return shape;
	if (found.includes(undefined) || new Set(found).size < found.length) {
		throw invalid(
			`Expected ${canonical} once in ${file.source}, found ${parts.map(({ stored }) => stored).join(', ')}`,
		);
	}
	for (let part = 0; part < QKV_PARTS; part++) {
		// BEiT's keys have no bias: softmax would cancel it.
		const optional = part === KEY_PART && canonical.endsWith('.bias');
		if (!optional && !found.some((one) => one === part)) {
			throw invalid(
				`Expected ${['query', 'key', 'value'][part]} of ${canonical} in ${file.source}, found none`,
			);
		}
	}
	for (const { stored } of parts) {
		const other = file.info(stored).shape;
		if (other.join() !== shape.join()) {
			throw invalid(
				`Expected ${stored} of ${file.source} to have the shape of ${first.stored}, found (${other.join(', ')})`,
			);
		}
	}
	return [QKV_PARTS * (shape[0] ?? 0), ...shape.slice(1)];
}

function headsFromMetadata({ metadata, source }: SafetensorsFile): number | undefined {
	if (!Object.hasOwn(metadata, 'heads')) return undefined;
	if (/^[1-9]\d{0,3}$/.test(metadata.heads)) return Number(metadata.heads);
	throw invalid(
		`Expected the metadata "heads" of ${source} to be a number, found ${JSON.stringify(metadata.heads.slice(0, 40))}`,
	);
}

function foreignParameter(source: string, foreign: readonly string[]): DinomalyError {
	const gated = foreign.find((name) => GATED.test(name));
	if (gated !== undefined) return gatedMlp(source, gated);
	return invalid(
		`Expected a plain Vision Transformer in ${source}, found a parameter of another design (${foreign[0]})`,
	);
}

function invalid(message: string): DinomalyError {
	return new DinomalyError('ENCODER_INVALID', message, {
		hint: 'Use one of the encoders of the catalogue, such as dinov2-reg-small, or a checkpoint with the same parameters.',
	});
}

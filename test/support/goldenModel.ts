import type { ModelConfig, OptimiserConfig } from '../../src/model/config';
import { buildEncoder } from '../../src/model/encoder';
import type { EncoderDims } from '../../src/model/layout';
import type { Value } from '../../src/runtime/session';
import { openEncoder, type EncoderWeights } from '../../src/weights/encoderWeights';
import { readSafetensors } from '../../src/weights/safetensors';
import { sharedPath } from './golden';
import { floats, runGraph } from './run';

/** The tensors of one golden file. */
export interface Golden {
	readonly names: readonly string[];
	readonly metadata: Readonly<Record<string, string>>;
	floats(name: string): Float32Array;
	doubles(name: string): Float64Array;
	bytes(name: string): Uint8Array;
	/** The only element of a float64 tensor. */
	number(name: string): number;
	shape(name: string): readonly number[];
}

export interface NamedTensor {
	readonly data: Float32Array;
	readonly shape: readonly number[];
}

export async function openGolden(name: string): Promise<Golden> {
	const file = await readSafetensors(sharedPath('golden', `${name}.safetensors`));
	return {
		names: file.names,
		metadata: file.metadata,
		floats: (tensor) => file.readFloat32(tensor),
		doubles: (tensor) => file.read(tensor) as Float64Array,
		bytes: (tensor) => file.read(tensor) as Uint8Array,
		number: (tensor) => (file.read(tensor) as Float64Array)[0],
		shape: (tensor) => file.info(tensor).shape,
	};
}

/** Tensors called `<prefix>.<reference's parameter name>`, under our parameter names. */
export function parametersOf(golden: Golden, prefix: string): Map<string, NamedTensor> {
	const found = new Map<string, NamedTensor>();
	for (const name of golden.names) {
		if (!name.startsWith(`${prefix}.`)) continue;
		const own = ourName(name.slice(prefix.length + 1));
		if (own !== null) found.set(own, { data: golden.floats(name), shape: golden.shape(name) });
	}
	if (found.size === 0) throw new Error(`No tensor starts with ${prefix}`);
	return found;
}

/** Only the decoder's parts are trainable in the reference: an ndarray of bottleneck modules, then one of decoder blocks. */
function ourName(name: string): string | null {
	const [container, index, ...rest] = name.split('.');
	if (container === '1') return `decoder.${index}.${rest.join('.')}`;
	if (container !== '0') return null;
	const [layer, ...tail] = rest;
	if (layer.startsWith('fc')) return `bottleneck.${rest.join('.')}`;
	const reduced: Record<string, string> = { '0.0': 'fc0', '1.0': 'fc1', '1.3': 'fc2' };
	return `bottleneck.${reduced[`${index}.${layer}`]}.${tail.join('.')}`;
}

export const TINY_DIMS: EncoderDims = {
	dim: 32,
	heads: 2,
	patch: 14,
	registers: 4,
	targetLayers: [2, 3, 4, 5, 6, 7, 8, 9],
};

export async function openTinyEncoder(): Promise<EncoderWeights> {
	const file = await readSafetensors(sharedPath('golden', 'encoder_tiny.safetensors'));
	return openEncoder(file, { heads: TINY_DIMS.heads });
}

/** Group means of the tiny encoder for images (B, 3, side, side): one (B, tokens, D) per group. */
export async function encodeTiny(images: NamedTensor, groups: number): Promise<Float32Array[]> {
	const [count, , cropSize] = images.shape;
	const graph = buildEncoder({
		weights: await openTinyEncoder(),
		cropSize,
		images: count,
		targetLayers: TINY_DIMS.targetLayers,
		groups,
	});
	const outputs = await runGraph(graph, { image: floats(images.data, images.shape) });
	return Array.from({ length: groups }, (_, k) => floatsOf(outputs[`feature${k}`]));
}

export const REFERENCE_MODEL: ModelConfig = {
	imageSize: 56,
	cropSize: 56,
	mixer: { kind: 'linear' },
	groups: 2,
	noise: { kind: 'dropout', rate: 0 },
	recentering: false,
};

export const REFERENCE_OPTIMISER: OptimiserConfig = {
	iterations: 10_000,
	batchSize: 2,
	learningRate: 2e-3,
	finalLearningRate: 2e-4,
	warmup: 100,
	weightDecay: 1e-4,
	epsilon: 1e-10,
	amsgrad: true,
	clipNorm: 0.1,
	hardMining: true,
	hardMiningShare: 0.9,
	hardMiningRamp: 1000,
	hardMiningFactor: 0.1,
};

export function floatsOf(value: Value): Float32Array {
	if (!(value.data instanceof Float32Array)) throw new Error(`Expected float32, found ${value.dtype}`);
	return value.data;
}

/** (a, b, ...rest) as (b, a, ...rest). */
export function swapFirstAxes<T extends Float32Array | Uint8Array>(data: T, a: number, b: number): T {
	const width = data.length / (a * b);
	const swapped = data.slice() as T;
	for (let i = 0; i < a; i++) {
		for (let j = 0; j < b; j++) {
			swapped.set(data.subarray((i * b + j) * width, (i * b + j + 1) * width), (j * a + i) * width);
		}
	}
	return swapped;
}

/** A feature map (B, D, height, width) as (patches, B, D). */
export function patchesFirst(data: Float32Array, shape: readonly number[]): Float32Array {
	const [images, dim, height, width] = shape;
	const patches = height * width;
	const result = new Float32Array(data.length);
	for (let b = 0; b < images; b++) {
		for (let c = 0; c < dim; c++) {
			for (let p = 0; p < patches; p++) {
				result[(p * images + b) * dim + c] = data[(b * dim + c) * patches + p];
			}
		}
	}
	return result;
}

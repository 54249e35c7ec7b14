import type { Random } from '../random';
import type { Shape } from '../graph';
import { sizeOf } from '../graph';
import type { ModelConfig } from './config';
import { DECODER_BLOCKS, type EncoderDims } from './layout';

type Initialiser = 'truncatedNormal' | 'zeros' | 'ones' | 'uniformFan';

/** One trainable tensor of bottleneck or decoder. Weights are (out, in), as PyTorch keeps them. */
export interface ParameterSpec {
	readonly name: string;
	readonly shape: Shape;
	readonly initialiser: Initialiser;
}

/** Hidden width of every MLP over its width. */
const MLP_RATIO = 4;
/** Dinomaly2's first bottleneck layer (reference: its 2D scripts). */
export const REDUCED_WIDTH = 256;
/** Linear weights are drawn from N(0, 0.01^2) cut at three deviations (reference: trunc_normal_ in the scripts). */
const INIT_STD = 0.01;
const INIT_CUT = 0.03;

/** The trainable tensors of a model in a fixed order. */
export function parameterSpecs(
	config: ModelConfig,
	dims: EncoderDims,
	reducedWidth = REDUCED_WIDTH,
): ParameterSpec[] {
	const { dim } = dims;
	const hidden = MLP_RATIO * dim;
	const specs: ParameterSpec[] = [];
	if (config.bottleneck === 'reduced') {
		specs.push(
			...linearSpecs('bottleneck.fc0', reducedWidth, dim),
			...linearSpecs('bottleneck.fc1', hidden, reducedWidth),
		);
	} else {
		specs.push(...linearSpecs('bottleneck.fc1', hidden, dim));
	}
	specs.push(...linearSpecs('bottleneck.fc2', dim, hidden));
	for (let block = 0; block < DECODER_BLOCKS; block++) {
		const prefix = `decoder.${block}`;
		specs.push(
			...normSpecs(`${prefix}.norm1`, dim),
			...mixerSpecs(prefix, config, dim),
			...normSpecs(`${prefix}.norm2`, dim),
		);
		specs.push(
			...linearSpecs(`${prefix}.mlp.fc1`, hidden, dim),
			...linearSpecs(`${prefix}.mlp.fc2`, dim, hidden),
		);
	}
	return specs;
}

/** Fresh parameters, the reference's initialisation, drawn in the order of `specs`. */
export function initialParameters(
	specs: readonly ParameterSpec[],
	random: Random,
): Map<string, Float32Array> {
	return new Map(specs.map((spec) => [spec.name, initialise(spec, random)]));
}

/** Number of trainable scalars. */
export function parameterCount(specs: readonly ParameterSpec[]): number {
	return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function linearSpecs(name: string, out: number, into: number): ParameterSpec[] {
	return [
		{ name: `${name}.weight`, shape: [out, into], initialiser: 'truncatedNormal' },
		{ name: `${name}.bias`, shape: [out], initialiser: 'zeros' },
	];
}

function normSpecs(name: string, dim: number): ParameterSpec[] {
	return [
		{ name: `${name}.weight`, shape: [dim], initialiser: 'ones' },
		{ name: `${name}.bias`, shape: [dim], initialiser: 'zeros' },
	];
}

function mixerSpecs(prefix: string, config: ModelConfig, dim: number): ParameterSpec[] {
	if (config.mixer.kind !== 'conv') {
		return [
			...linearSpecs(`${prefix}.attn.qkv`, 3 * dim, dim),
			...linearSpecs(`${prefix}.attn.proj`, dim, dim),
		];
	}
	const { kernel } = config.mixer;
	return [
		{ name: `${prefix}.conv.pwconv1.weight`, shape: [2 * dim, dim], initialiser: 'truncatedNormal' },
		{
			name: `${prefix}.conv.dwconv.weight`,
			shape: [2 * dim, 1, kernel, kernel],
			initialiser: 'uniformFan',
		},
		{ name: `${prefix}.conv.pwconv2.weight`, shape: [dim, 2 * dim], initialiser: 'truncatedNormal' },
	];
}

function initialise(spec: ParameterSpec, random: Random): Float32Array {
	const values = new Float32Array(sizeOf(spec.shape));
	if (spec.initialiser === 'ones') values.fill(1);
	if (spec.initialiser === 'truncatedNormal') {
		for (let i = 0; i < values.length; i++) values[i] = truncatedNormal(random);
	}
	if (spec.initialiser === 'uniformFan') {
		const bound = 1 / Math.sqrt(sizeOf(spec.shape.slice(1)));
		for (let i = 0; i < values.length; i++) values[i] = (2 * random.next() - 1) * bound;
	}
	return values;
}

/** Redrawing outside the cut gives the same distribution as the reference's inverse CDF. */
function truncatedNormal(random: Random): number {
	for (;;) {
		const value = INIT_STD * random.normal();
		if (Math.abs(value) <= INIT_CUT) return value;
	}
}

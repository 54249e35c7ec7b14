import {
	add,
	depthwiseConv,
	gelu,
	geluLinear,
	linear,
	reshape,
	scale,
	slice,
	transpose,
	type Tensor,
} from '../graph';
import {
	linearAttention,
	maskedLinearAttention,
	neighbourMask,
	project,
	softmaxAttention,
	type HeadLayout,
} from './attention';
import type { MixerConfig, ModelConfig } from './config';
import { DECODER_BLOCKS, layerGroups, tokenLayout, type EncoderDims, type TokenLayout } from './layout';
import { normLinear, type NormLinear, type NormLinearOptions } from './normLinear';

/** Keeps linear attention finite on blank images (the reference's own advice against NaN); far below what float32 can tell otherwise. */
export const ATTENTION_EPSILON = 1e-6;

export type ParameterLookup = (name: string) => Tensor;

export interface DecoderOptions extends NormLinearOptions {
	readonly config: ModelConfig;
	readonly dims: EncoderDims;
	/** Images per batch. */
	readonly images: number;
	/** Added to linear attention's normaliser. */
	readonly attentionEpsilon?: number;
}

/**
 * The decoder's eight blocks on rows (tokens * images, D): x += Mixer(LN(x)); x += MLP(LN(x)).
 * @returns the output of every block, in forward order
 */
export function decode(x: Tensor, parameter: ParameterLookup, options: DecoderOptions): Tensor[] {
	const mix = mixerOf(x, options);
	const outputs: Tensor[] = [];
	let rows = x;
	for (let block = 0; block < DECODER_BLOCKS; block++) {
		const at = (name: string): Tensor => parameter(`decoder.${block}.${name}`);
		rows = add(rows, mix(rows, at));
		const fc1 = normed(rows, at, 'norm2', 'mlp.fc1', options);
		const wide = linear(fc1.rows, fc1.weight, fc1.bias);
		rows = add(rows, geluLinear(wide, at('mlp.fc2.weight'), at('mlp.fc2.bias')));
		outputs.push(rows);
	}
	return outputs;
}

/**
 * Means of decoder outputs per group, patch tokens only, as (patches, images, D). The list is reversed first, so
 * that shallow encoder layers meet late decoder blocks.
 */
export function decoderGroups(outputs: readonly Tensor[], options: DecoderOptions): Tensor[] {
	const layout = tokenLayout(options.config, options.dims);
	const reversed = [...outputs].reverse();
	return layerGroups(options.config.groups).map((layers) => {
		const mean = meanOf(layers.map((layer) => reversed[layer]));
		const tokens = reshape(mean, [layout.decoderTokens, options.images, options.dims.dim]);
		return slice(tokens, 0, layout.decoderTokens - layout.patches, layout.decoderTokens);
	});
}

/** Mean of tensors of one shape. */
export function meanOf(tensors: readonly Tensor[]): Tensor {
	const sum = tensors.reduce((total, tensor) => add(total, tensor));
	return scale(sum, 1 / tensors.length);
}

/** A block's LN and the linear layer behind it, by their names. */
function normed(
	rows: Tensor,
	at: ParameterLookup,
	norm: string,
	layer: string,
	options: NormLinearOptions,
): NormLinear {
	return normLinear(
		rows,
		{ weight: at(`${layer}.weight`), bias: at(`${layer}.bias`) },
		{ gain: at(`${norm}.weight`), shift: at(`${norm}.bias`) },
		options,
	);
}

type Mixer = (rows: Tensor, at: ParameterLookup) => Tensor;

function mixerOf(x: Tensor, options: DecoderOptions): Mixer {
	const layout = tokenLayout(options.config, options.dims);
	const { mixer } = options.config;
	if (mixer.kind === 'conv') return convMixer(layout, mixer.kernel, options);
	const heads: HeadLayout = {
		tokens: layout.decoderTokens,
		images: options.images,
		heads: options.dims.heads,
		dim: options.dims.dim,
	};
	const keep = neighbourKeep(x, mixer, layout);
	return (rows, at) => {
		const qkv = normed(rows, at, 'norm1', 'attn.qkv', options);
		const projections = project(qkv.rows, qkv.weight, qkv.bias);
		const mixed =
			mixer.kind === 'linear'
				? linearAttention(projections, heads, options.attentionEpsilon ?? ATTENTION_EPSILON)
				: mixer.kind === 'softmax'
					? softmaxAttention(projections, heads, keep)
					: maskedLinearAttention(projections, heads, keep);
		return linear(mixed, at('attn.proj.weight'), at('attn.proj.bias'));
	};
}

function neighbourKeep(
	x: Tensor,
	mixer: MixerConfig,
	{ grid, prefix, decoderTokens }: TokenLayout,
): Tensor | null {
	if (!('neighbour' in mixer) || mixer.neighbour === 0) return null;
	return x.graph.constant(neighbourMask(grid, prefix, mixer.neighbour), [decoderTokens, decoderTokens]);
}

/** Separable convolution as spatial mixer (reference: ConvBlock): Linear(D, 2D), GELU, depthwise k x k, Linear(2D, D). */
function convMixer({ grid, patches }: TokenLayout, kernel: number, options: DecoderOptions): Mixer {
	const { images } = options;
	const wide = 2 * options.dims.dim;
	return (rows, at) => {
		const norm = { gain: at('norm1.weight'), shift: at('norm1.bias') };
		const widen = normLinear(rows, { weight: at('conv.pwconv1.weight'), bias: null }, norm, options);
		const hidden = gelu(linear(widen.rows, widen.weight, widen.bias));
		const image = reshape(transpose(reshape(hidden, [patches, images, wide]), [1, 2, 0]), [
			images,
			wide,
			grid,
			grid,
		]);
		const mixed = depthwiseConv(image, at('conv.dwconv.weight'), Math.floor(kernel / 2));
		const back = reshape(transpose(reshape(mixed, [images, wide, patches]), [2, 0, 1]), [
			patches * images,
			wide,
		]);
		return linear(back, at('conv.pwconv2.weight'), null);
	};
}

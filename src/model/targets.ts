import { layerNorm, reshape, slice, sub, toFloat32, transpose, type Tensor } from '../graph';
import type { ModelConfig } from './config';
import { meanOf } from './decoder';
import type { EncoderDims } from './layout';
import { tokenLayout } from './layout';

/** LayerNorm without gain and bias after recentering (Dinomaly2). */
const RECENTERING_EPSILON = 1e-8;

export interface Targets {
	/** Bottleneck input: rows (decoder tokens * images, D), the mean over all target layers. */
	readonly fused: Tensor;
	/** What each group must reconstruct: (patches, images, D). */
	readonly groups: readonly Tensor[];
}

/**
 * Bottleneck input and reconstruction targets from the encoder's group means.
 *
 * @param features one tensor per group, (encoder tokens, images, D), float16 or float32
 */
export function targetsOf(features: readonly Tensor[], config: ModelConfig, dims: EncoderDims): Targets {
	const layout = tokenLayout(config, dims);
	const means = features.map(toFloat32);
	const fused = meanOf(means);
	const [, images] = fused.shape;
	const decoderTokens = slice(fused, 0, layout.encoderTokens - layout.decoderTokens, layout.encoderTokens);
	const groups = means.map((mean) => {
		const patches = slice(mean, 0, layout.prefix, layout.encoderTokens);
		return config.recentering ? recentre(patches, slice(mean, 0, 0, 1)) : patches;
	});
	return { fused: reshape(decoderTokens, [layout.decoderTokens * images, dims.dim]), groups };
}

/** (images, tokens, D) as (tokens, images, D). */
export function tokensFirst(features: Tensor): Tensor {
	return transpose(features, [1, 0, 2]);
}

/** Context-aware recentering: the class token is subtracted, then every token is normalised (Dinomaly2). */
function recentre(patches: Tensor, classToken: Tensor): Tensor {
	const width = patches.shape[2];
	const { graph } = patches;
	const gain = graph.constant(new Float32Array(width).fill(1), [width]);
	const bias = graph.constant(new Float32Array(width), [width]);
	return layerNorm(sub(patches, classToken), gain, bias, RECENTERING_EPSILON);
}

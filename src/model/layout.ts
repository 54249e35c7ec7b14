import type { ModelConfig } from './config';

/** Sizes that the encoder fixes for the trainable part. */
export interface EncoderDims {
	/** Token width D. */
	readonly dim: number;
	readonly heads: number;
	/** Side of a patch in pixels. */
	readonly patch: number;
	/** Register tokens, 0 to 4. */
	readonly registers: number;
	/** Target layers, 0-based and ascending. */
	readonly targetLayers: readonly number[];
}

/** Extents of the token tensors of one model. Rows of a token matrix are ordered [token][image]. */
export interface TokenLayout {
	/** Side of the patch grid. */
	readonly grid: number;
	/** Patch tokens per image. */
	readonly patches: number;
	/** Tokens before the patches: class token and registers. */
	readonly prefix: number;
	/** Tokens that the encoder gives per image. */
	readonly encoderTokens: number;
	/** Tokens that bottleneck and decoder see per image; without the prefix for convolutional mixers. */
	readonly decoderTokens: number;
}

/** Number of decoder blocks (reference: dinomaly scripts, "for i in range(8)"). */
export const DECODER_BLOCKS = 8;

export function tokenLayout(config: Pick<ModelConfig, 'cropSize' | 'mixer'>, dims: EncoderDims): TokenLayout {
	const grid = config.cropSize / dims.patch;
	const patches = grid * grid;
	const prefix = 1 + dims.registers;
	const encoderTokens = prefix + patches;
	return {
		grid,
		patches,
		prefix,
		encoderTokens,
		decoderTokens: config.mixer.kind === 'conv' ? patches : encoderTokens,
	};
}

/** Indices 0..7 of layers that each of the loose constraint's groups averages (1, 2, 4 groups, or 8: layer to layer). */
export function layerGroups(groups: number): number[][] {
	const size = DECODER_BLOCKS / groups;
	return Array.from({ length: groups }, (_, k) => Array.from({ length: size }, (__, i) => k * size + i));
}

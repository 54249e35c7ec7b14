import { DinomalyError } from '../errors';

/** The 8 blocks, counted from 0, whose outputs Dinomaly reconstructs: the middle of a 12-block ViT. */
const MIDDLE_OF_BASE = [2, 3, 4, 5, 6, 7, 8, 9] as const;
/** Every second block of the middle of a 24-block ViT. */
const MIDDLE_OF_LARGE = [4, 6, 8, 10, 12, 14, 16, 18] as const;
const LARGE_DEPTH = 24;

/**
 * Blocks (0-based) whose residual streams are the targets, for an encoder of `depth` blocks (reference: target_layers of the
 * training scripts). Blocks after the last one need not be run. Throws ENCODER_INVALID for encoders that are too shallow.
 */
export function targetLayers(depth: number): readonly number[] {
	const layers = depth >= LARGE_DEPTH ? MIDDLE_OF_LARGE : MIDDLE_OF_BASE;
	const needed = layers[layers.length - 1] + 1;
	if (depth >= needed) return layers;
	throw new DinomalyError(
		'ENCODER_INVALID',
		`Expected an encoder of at least ${needed} blocks, found ${depth}`,
		{
			hint: 'Use an encoder with 10 or more transformer blocks, such as dinov2-reg-small.',
		},
	);
}

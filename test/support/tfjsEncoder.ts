import * as tf from '@tensorflow/tfjs';
import type { EncoderWeights } from '../../src/weights/encoderWeights';
import { expandRelativePositionBias } from '../../src/weights/relativePosition';

const NORM_EPSILON = 1e-6;

/**
 * Residual streams (images, tokens, D) after the given blocks of a Vision Transformer in TensorFlow.js, for images
 * (images, 3, side, side) on the grid that the position embedding was stored for.
 */
export function encoderBlocks(
	images: tf.Tensor4D,
	weights: EncoderWeights,
	blocks: readonly number[],
): tf.Tensor3D[] {
	const { depth } = weights.architecture;
	const taken: tf.Tensor3D[] = [];
	let x = embed(images, weights);
	for (let block = 0; block < depth; block++) {
		const of = (name: string): tf.Tensor => tensorOf(weights, `blocks.${block}.${name}`);
		const scaled = (branch: tf.Tensor3D, name: string): tf.Tensor3D =>
			weights.architecture.layerScale ? branch.mul(of(name)) : branch;
		x = x.add(scaled(attention(norm(x, of, 'norm1'), of, weights, block), 'ls1.gamma'));
		const hidden = linear(norm(x, of, 'norm2'), of, 'mlp.fc1');
		const active = hidden.mul(tf.erf(hidden.div(Math.SQRT2)).add(1)).div<tf.Tensor3D>(2);
		x = x.add(scaled(linear(active, of, 'mlp.fc2'), 'ls2.gamma'));
		if (blocks.includes(block)) taken.push(x);
	}
	return taken;
}

type Lookup = (name: string) => tf.Tensor;

function embed(images: tf.Tensor4D, weights: EncoderWeights): tf.Tensor3D {
	const { patch, dim, registers } = weights.architecture;
	const kernel = tensorOf(weights, 'patch_embed.proj.weight').transpose<tf.Tensor4D>([2, 3, 1, 0]);
	const projected = tf.conv2d(images.transpose<tf.Tensor4D>([0, 2, 3, 1]), kernel, patch, 'valid');
	const [count] = images.shape;
	const patches = projected.reshape([count, -1, dim]).add(tensorOf(weights, 'patch_embed.proj.bias'));
	const repeat = (name: string): tf.Tensor3D => tensorOf(weights, name).tile([count, 1, 1]);
	const placed = tf
		.concat([repeat('cls_token'), patches], 1)
		.add<tf.Tensor3D>(tensorOf(weights, 'pos_embed'));
	if (registers === 0) return placed;
	return tf.concat(
		[placed.slice([0, 0, 0], [-1, 1, -1]), repeat('register_tokens'), placed.slice([0, 1, 0])],
		1,
	);
}

function attention(x: tf.Tensor3D, of: Lookup, weights: EncoderWeights, block: number): tf.Tensor3D {
	const { dim, heads, family, gridSide } = weights.architecture;
	const [images, tokens] = x.shape;
	const width = dim / heads;
	const split = linear(x, of, 'attn.qkv').reshape([images, tokens, 3, heads, width]);
	const [query, key, value] = tf.unstack(split.transpose([2, 0, 3, 1, 4]));
	let logits = tf.matMul(query, key, false, true).div(Math.sqrt(width));
	if (family === 'beit') {
		const table = weights.get(`blocks.${block}.attn.relative_position_bias_table`);
		logits = logits.add(
			tf.tensor(expandRelativePositionBias(table, gridSide, heads), [heads, tokens, tokens]),
		);
	}
	const mixed = tf.matMul(tf.softmax(logits), value).transpose([0, 2, 1, 3]);
	return linear(mixed.reshape([images, tokens, dim]), of, 'attn.proj');
}

function linear(x: tf.Tensor3D, of: Lookup, layer: string): tf.Tensor3D {
	const [images, tokens, width] = x.shape;
	const product = tf.matMul<tf.Tensor2D>(
		x.reshape([images * tokens, width]),
		of(`${layer}.weight`),
		false,
		true,
	);
	return product.add(of(`${layer}.bias`)).reshape([images, tokens, product.shape[1]]);
}

function norm(x: tf.Tensor3D, of: Lookup, name: string): tf.Tensor3D {
	const { mean, variance } = tf.moments(x, -1, true);
	const normal = x.sub(mean).div(variance.add(NORM_EPSILON).sqrt());
	return normal.mul(of(`${name}.weight`)).add(of(`${name}.bias`));
}

function tensorOf(weights: EncoderWeights, name: string): tf.Tensor {
	return tf.tensor(weights.get(name), [...weights.shape(name)]);
}

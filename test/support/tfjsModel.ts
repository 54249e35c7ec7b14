import * as tf from '@tensorflow/tfjs';
import type { MixerConfig } from '../../src/model/config';

/** Bottleneck and decoder in TensorFlow.js, written from the paper and independently of the graphs of src/model. */

export type Tensors = Readonly<Record<string, tf.Tensor>>;

export interface TfjsModel {
	readonly dim: number;
	readonly heads: number;
	/** Side of the patch grid. */
	readonly grid: number;
	/** Class token and registers. */
	readonly prefix: number;
	readonly groups: number;
	readonly mixer: MixerConfig;
	readonly recentering?: boolean;
	readonly attentionEpsilon?: number;
	/** Strength of feature jitter. */
	readonly jitterScale?: number;
}

/** Noise of one step, (images, tokens, width): dropout factors by what they follow, or normal numbers for jitter. */
export type Noise = Partial<
	Readonly<Record<'input' | 'reduced' | 'hidden' | 'output' | 'jitter', tf.Tensor3D>>
>;

export interface Reconstruction {
	/** (images, patches, D), one per group. */
	readonly targets: readonly tf.Tensor3D[];
	readonly reconstructions: readonly tf.Tensor3D[];
}

const BLOCKS = 8;
const NORM_EPSILON = 1e-8;

/** What the decoder must reconstruct and what it makes of it, from group means of the encoder, (images, tokens, D) each. */
export function forward(
	features: readonly tf.Tensor3D[],
	parameters: Tensors,
	model: TfjsModel,
	noise: Noise = {},
): Reconstruction {
	const patchesOnly = model.mixer.kind === 'conv';
	const patches = (x: tf.Tensor3D): tf.Tensor3D => x.slice([0, model.prefix, 0]);
	const fused = tf.mean<tf.Tensor3D>(tf.stack([...features]), 0);
	let x = bottleneck(patchesOnly ? patches(fused) : fused, parameters, model, noise);
	const outputs: tf.Tensor3D[] = [];
	for (let block = 0; block < BLOCKS; block++) {
		const of = (name: string): tf.Tensor => parameters[`decoder.${block}.${name}`];
		x = x.add(mix(norm(x, of('norm1.weight'), of('norm1.bias')), of, model));
		const hidden = gelu(linear(norm(x, of('norm2.weight'), of('norm2.bias')), of, 'mlp.fc1'));
		x = x.add(linear(hidden, of, 'mlp.fc2'));
		outputs.unshift(x);
	}
	const size = BLOCKS / model.groups;
	const reconstructions = features.map((_, k) => {
		const mean = tf.mean<tf.Tensor3D>(tf.stack(outputs.slice(k * size, (k + 1) * size)), 0);
		return patchesOnly ? mean : patches(mean);
	});
	const targets = features.map((one) => (model.recentering ? recentre(patches(one), one) : patches(one)));
	return { targets, reconstructions };
}

function bottleneck(x: tf.Tensor3D, parameters: Tensors, model: TfjsModel, noise: Noise): tf.Tensor3D {
	const of = (name: string): tf.Tensor => parameters[`bottleneck.${name}`];
	const drop = (y: tf.Tensor3D, factors?: tf.Tensor3D): tf.Tensor3D => (factors ? y.mul(factors) : y);
	const isReduced = 'bottleneck.fc0.weight' in parameters;
	const jittered = noise.jitter
		? x.add(noise.jitter.mul(x.norm('euclidean', -1, true).mul((model.jitterScale ?? 0) / model.dim)))
		: (x as tf.Tensor);
	const entered = isReduced
		? drop(linear(x, of, 'fc0'), noise.reduced)
		: drop(jittered as tf.Tensor3D, noise.input);
	return drop(linear(drop(gelu(linear(entered, of, 'fc1')), noise.hidden), of, 'fc2'), noise.output);
}

/** Dinomaly2: patches minus the class token, each normalised. */
function recentre(patches: tf.Tensor3D, all: tf.Tensor3D): tf.Tensor3D {
	return norm(patches.sub(all.slice([0, 0, 0], [-1, 1, -1])));
}

type Lookup = (name: string) => tf.Tensor;

function mix(x: tf.Tensor3D, of: Lookup, model: TfjsModel): tf.Tensor3D {
	if (model.mixer.kind === 'conv') return separableConv(x, of, model);
	const [images, tokens] = x.shape;
	const { dim, heads } = model;
	const split = linear(x, of, 'attn.qkv').reshape([images, tokens, 3, heads, dim / heads]);
	// (3, images, heads, tokens, width)
	const [query, key, value] = tf.unstack(split.transpose([2, 0, 3, 1, 4]));
	const mixed = attend(query, key, value, model);
	return linear(mixed.transpose([0, 2, 1, 3]).reshape([images, tokens, dim]), of, 'attn.proj');
}

/** Attention of (images, heads, tokens, width) queries, keys and values. */
function attend(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, model: TfjsModel): tf.Tensor {
	const { mixer, attentionEpsilon = 0 } = model;
	const phi = (t: tf.Tensor): tf.Tensor => tf.elu(t).add(1);
	if (mixer.kind === 'linear') {
		const context = tf.matMul(phi(key), value, true);
		const total = phi(query).mul(phi(key).sum(2, true)).sum(-1, true);
		return tf.matMul(phi(query), context).div(total.add(attentionEpsilon));
	}
	const keep = 'neighbour' in mixer && mixer.neighbour > 0 ? neighbourMask(model, mixer.neighbour) : 1;
	if (mixer.kind === 'softmax') {
		const width = query.shape[3] ?? 1;
		return tf.matMul(
			tf.softmax(tf.matMul(query, key, false, true).div(Math.sqrt(width))).mul(keep),
			value,
		);
	}
	const weights = tf.matMul(phi(query), phi(key), false, true).mul(keep);
	return tf.matMul(weights.div(weights.sum(-1, true)), value);
}

/** 0 where both tokens are patches at most floor(neighbour / 2) rows and columns apart. */
function neighbourMask({ grid, prefix }: TfjsModel, neighbour: number): tf.Tensor2D {
	const reach = Math.floor(neighbour / 2);
	const place = (token: number): [number, number] => [
		Math.floor((token - prefix) / grid),
		(token - prefix) % grid,
	];
	const tokens = Array.from({ length: prefix + grid * grid }, (_, token) => token);
	const sees = (query: number, key: number): boolean => {
		if (query < prefix || key < prefix) return true;
		const [[y, x], [v, u]] = [place(query), place(key)];
		return Math.abs(y - v) > reach || Math.abs(x - u) > reach;
	};
	return tf.tensor2d(tokens.map((query) => tokens.map((key) => Number(sees(query, key)))));
}

function separableConv(x: tf.Tensor3D, of: Lookup, { grid }: TfjsModel): tf.Tensor3D {
	const [images, patches] = x.shape;
	const wide = gelu(linear(x, of, 'conv.pwconv1'));
	const image = wide.reshape<tf.Tensor4D>([images, grid, grid, wide.shape[2]]);
	const kernel = of('conv.dwconv.weight').transpose<tf.Tensor4D>([2, 3, 0, 1]);
	const mixed = tf.depthwiseConv2d(image, kernel, 1, 'same');
	return linear(mixed.reshape([images, patches, wide.shape[2]]), of, 'conv.pwconv2');
}

/** x W^T + b; weights are (out, in). Layers of convolutional mixers have no bias. */
function linear(x: tf.Tensor, of: Lookup, layer: string): tf.Tensor3D {
	const [images, tokens, width] = x.shape;
	const product = tf.matMul(x.reshape([images * tokens, width]), of(`${layer}.weight`), false, true);
	const rows = layer.startsWith('conv.') ? product : product.add(of(`${layer}.bias`));
	return rows.reshape([images, tokens, rows.shape[1] ?? 0]);
}

function norm(x: tf.Tensor3D, gain?: tf.Tensor, bias?: tf.Tensor): tf.Tensor3D {
	const { mean, variance } = tf.moments(x, -1, true);
	const normal: tf.Tensor3D = x.sub(mean).div(variance.add(NORM_EPSILON).sqrt());
	return gain && bias ? normal.mul(gain).add(bias) : normal;
}

function gelu(x: tf.Tensor3D): tf.Tensor3D {
	return x.mul(tf.erf(x.mul(Math.SQRT1_2)).add(1)).mul(0.5);
}

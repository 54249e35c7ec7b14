import type { MixerConfig } from '../config';
import type { Tensors, tf, Tfjs } from './types';

/** What bottleneck and decoder are built by. */
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

type Lookup = (name: string) => tf.Tensor;

/** Bottleneck and decoder in TensorFlow.js, written from the paper and independently of the graphs beside this folder. */
export class TfjsDecoder {
	constructor(
		private readonly tf: Tfjs,
		private readonly model: TfjsModel,
	) {}

	/** What the decoder must reconstruct and what it makes of it, from group means of the encoder, (images, tokens, D) each. */
	forward(features: readonly tf.Tensor3D[], parameters: Tensors, noise: Noise = {}): Reconstruction {
		const { tf, model } = this;
		const patchesOnly = model.mixer.kind === 'conv';
		const patches = (x: tf.Tensor3D): tf.Tensor3D => x.slice([0, model.prefix, 0]);
		const fused = tf.mean<tf.Tensor3D>(tf.stack([...features]), 0);
		let x = this.bottleneck(patchesOnly ? patches(fused) : fused, parameters, noise);
		const outputs: tf.Tensor3D[] = [];
		for (let block = 0; block < BLOCKS; block++) {
			const of = (name: string): tf.Tensor => parameters[`decoder.${block}.${name}`];
			x = x.add(this.mix(this.norm(x, of('norm1.weight'), of('norm1.bias')), of));
			const normal = this.norm(x, of('norm2.weight'), of('norm2.bias'));
			x = x.add(this.linear(this.gelu(this.linear(normal, of, 'mlp.fc1')), of, 'mlp.fc2'));
			outputs.unshift(x);
		}
		const size = BLOCKS / model.groups;
		const reconstructions = features.map((_, k) => {
			const mean = tf.mean<tf.Tensor3D>(tf.stack(outputs.slice(k * size, (k + 1) * size)), 0);
			return patchesOnly ? mean : patches(mean);
		});
		const targets = features.map((one) =>
			model.recentering ? this.recentre(patches(one), one) : patches(one),
		);
		return { targets, reconstructions };
	}

	private bottleneck(x: tf.Tensor3D, parameters: Tensors, noise: Noise): tf.Tensor3D {
		const { dim, jitterScale = 0 } = this.model;
		const of = (name: string): tf.Tensor => parameters[`bottleneck.${name}`];
		const drop = (y: tf.Tensor3D, factors?: tf.Tensor3D): tf.Tensor3D => (factors ? y.mul(factors) : y);
		const isReduced = 'bottleneck.fc0.weight' in parameters;
		const jittered = noise.jitter
			? x.add(noise.jitter.mul(x.norm('euclidean', -1, true).mul(jitterScale / dim)))
			: (x as tf.Tensor);
		const entered = isReduced
			? drop(this.linear(x, of, 'fc0'), noise.reduced)
			: drop(jittered as tf.Tensor3D, noise.input);
		const hidden = drop(this.gelu(this.linear(entered, of, 'fc1')), noise.hidden);
		return drop(this.linear(hidden, of, 'fc2'), noise.output);
	}

	/** Dinomaly2: patches minus the class token, each normalised. */
	private recentre(patches: tf.Tensor3D, all: tf.Tensor3D): tf.Tensor3D {
		return this.norm(patches.sub(all.slice([0, 0, 0], [-1, 1, -1])));
	}

	private mix(x: tf.Tensor3D, of: Lookup): tf.Tensor3D {
		const { dim, heads, mixer } = this.model;
		if (mixer.kind === 'conv') return this.separableConv(x, of);
		const [images, tokens] = x.shape;
		const split = this.linear(x, of, 'attn.qkv').reshape([images, tokens, 3, heads, dim / heads]);
		// (3, images, heads, tokens, width)
		const [query, key, value] = this.tf.unstack(split.transpose([2, 0, 3, 1, 4]));
		const mixed = this.attend(query, key, value);
		return this.linear(mixed.transpose([0, 2, 1, 3]).reshape([images, tokens, dim]), of, 'attn.proj');
	}

	/** Attention of (images, heads, tokens, width) queries, keys and values. */
	private attend(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor): tf.Tensor {
		const { tf } = this;
		const { mixer, attentionEpsilon = 0 } = this.model;
		const phi = (t: tf.Tensor): tf.Tensor => tf.elu(t).add(1);
		if (mixer.kind === 'linear') {
			const context = tf.matMul(phi(key), value, true);
			const total = phi(query).mul(phi(key).sum(2, true)).sum(-1, true);
			return tf.matMul(phi(query), context).div(total.add(attentionEpsilon));
		}
		const keep =
			'neighbour' in mixer && mixer.neighbour > 0 ? this.neighbourMask(mixer.neighbour) : tf.scalar(1);
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
	private neighbourMask(neighbour: number): tf.Tensor2D {
		const { grid, prefix } = this.model;
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
		return this.tf.tensor2d(tokens.map((query) => tokens.map((key) => Number(sees(query, key)))));
	}

	private separableConv(x: tf.Tensor3D, of: Lookup): tf.Tensor3D {
		const { grid } = this.model;
		const [images, patches] = x.shape;
		const wide = this.gelu(this.linear(x, of, 'conv.pwconv1'));
		const image = wide.reshape<tf.Tensor4D>([images, grid, grid, wide.shape[2]]);
		const kernel = of('conv.dwconv.weight').transpose<tf.Tensor4D>([2, 3, 0, 1]);
		const mixed = this.tf.depthwiseConv2d(image, kernel, 1, 'same');
		return this.linear(mixed.reshape([images, patches, wide.shape[2]]), of, 'conv.pwconv2');
	}

	/** x W^T + b; weights are (out, in). Layers of convolutional mixers have no bias. */
	private linear(x: tf.Tensor, of: Lookup, layer: string): tf.Tensor3D {
		const [images, tokens, width] = x.shape;
		const product = this.tf.matMul(
			x.reshape([images * tokens, width]),
			of(`${layer}.weight`),
			false,
			true,
		);
		const rows = layer.startsWith('conv.') ? product : product.add(of(`${layer}.bias`));
		return rows.reshape([images, tokens, rows.shape[1] ?? 0]);
	}

	private norm(x: tf.Tensor3D, gain?: tf.Tensor, bias?: tf.Tensor): tf.Tensor3D {
		const { mean, variance } = this.tf.moments(x, -1, true);
		const normal: tf.Tensor3D = x.sub(mean).div(variance.add(NORM_EPSILON).sqrt());
		return gain && bias ? normal.mul(gain).add(bias) : normal;
	}

	private gelu(x: tf.Tensor3D): tf.Tensor3D {
		return x.mul(this.tf.erf(x.mul(Math.SQRT1_2)).add(1)).mul(0.5);
	}
}

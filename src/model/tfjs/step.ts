import { TfjsDecoder, type Noise, type TfjsModel } from './decoder';
import type { Tensors, tf, Tfjs } from './types';

const BETA1 = 0.9;
const BETA2 = 0.999;
const COSINE_EPSILON = 1e-8;
const CLIP_EPSILON = 1e-6;

export interface TfjsOptimiser {
	readonly weightDecay: number;
	readonly epsilon: number;
	readonly amsgrad: boolean;
	readonly clipNorm: number;
}

export interface TfjsHardMining {
	/** Points of a batch that count as hard; the gradients of all others are scaled down. */
	readonly hard: number;
	readonly factor: number;
}

/** The state of every parameter, by name; gradients' moments start at zero. */
export interface TfjsState {
	readonly values: Tensors;
	readonly first: Tensors;
	readonly second: Tensors;
	readonly largestSecond: Tensors;
}

export interface TfjsBatch {
	/** Group means of the encoder, (images, tokens, D) each. */
	readonly features: readonly tf.Tensor3D[];
	readonly noise?: Noise;
}

/** What undoes the bias of the moments towards zero. */
export interface Corrections {
	/** 1 - BETA1^step. */
	readonly first: number;
	/** sqrt(1 - BETA2^step). */
	readonly secondRoot: number;
}

export interface TfjsSettings {
	readonly model: TfjsModel;
	readonly optimiser: TfjsOptimiser;
	readonly mining: TfjsHardMining | null;
	readonly corrections: Corrections;
	/** By parameter. */
	readonly learningRate: (name: string) => number;
}

export interface TfjsStepResult {
	readonly state: TfjsState;
	readonly loss: tf.Scalar;
	/** Before clipping. */
	readonly gradients: Tensors;
	readonly gradientNorm: tf.Scalar;
}

/** The corrections at a step, counted from 1. */
export function correctionsAt(step: number): Corrections {
	return { first: 1 - BETA1 ** step, secondRoot: Math.sqrt(1 - BETA2 ** step) };
}

/**
 * One training step of Dinomaly in TensorFlow.js, with its own differentiation: an oracle for the ONNX graphs, something to measure them
 * against, and a second way to train.
 */
export class TfjsStep {
	constructor(private readonly tf: Tfjs) {}

	initialState(values: Tensors): TfjsState {
		const zeros = (): Tensors => mapTensors(values, (value) => this.tf.zerosLike(value));
		return { values, first: zeros(), second: zeros(), largestSecond: zeros() };
	}

	/** Forward, loss, backward, clipping, StableAdamW. The caller disposes what is returned. */
	trainStep(state: TfjsState, batch: TfjsBatch, settings: TfjsSettings): TfjsStepResult {
		const { tf } = this;
		const { model, mining, optimiser } = settings;
		const names = Object.keys(state.values);
		const decoder = new TfjsDecoder(tf, model);
		const lossOf = (...values: tf.Tensor[]): tf.Scalar => {
			const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]]));
			const { targets, reconstructions } = decoder.forward(batch.features, parameters, batch.noise);
			return this.looseLoss(targets, reconstructions, mining);
		};
		const { value, grads } = tf.valueAndGrads(lossOf)(names.map((name) => state.values[name]));
		const gradients = Object.fromEntries(names.map((name, i) => [name, grads[i]]));
		return this.tidied(() => {
			const gradientNorm = this.globalNorm(grads);
			const factor = tf.minimum(1, tf.scalar(optimiser.clipNorm).div(gradientNorm.add(CLIP_EPSILON)));
			const clipped = mapTensors(gradients, (gradient) => gradient.mul(factor));
			return {
				state: this.stableAdamW(state, clipped, settings),
				loss: value,
				gradients,
				gradientNorm,
			};
		});
	}

	/** Mean over groups and images of 1 - cos over all numbers of an image; hard mining changes the gradient alone. */
	looseLoss(
		targets: readonly tf.Tensor3D[],
		reconstructions: readonly tf.Tensor3D[],
		mining: TfjsHardMining | null,
	): tf.Scalar {
		const { tf } = this;
		const losses = targets.map((target, k) => {
			const mined = mining
				? this.scaleGradient(reconstructions[k], this.hardness(target, reconstructions[k], mining))
				: reconstructions[k];
			const [images] = target.shape;
			const cosines = this.cosine(target.reshape([images, -1]), mined.reshape([images, -1]));
			return tf.mean(tf.sub(1, cosines));
		});
		return tf.mean(tf.stack(losses));
	}

	/** StableAdamW on every parameter, in the order of its authors' description. */
	stableAdamW(
		state: TfjsState,
		gradients: Tensors,
		settings: Pick<TfjsSettings, 'optimiser' | 'corrections' | 'learningRate'>,
	): TfjsState {
		const { tf } = this;
		const { corrections, learningRate } = settings;
		const { weightDecay, epsilon, amsgrad } = settings.optimiser;
		const first = mapTensors(gradients, (g, name) => state.first[name].mul(BETA1).add(g.mul(1 - BETA1)));
		const second = mapTensors(gradients, (g, name) =>
			state.second[name].mul(BETA2).add(g.square().mul(1 - BETA2)),
		);
		const largestSecond = mapTensors(second, (v, name) => tf.maximum(state.largestSecond[name], v));
		const values = mapTensors(gradients, (g, name) => {
			const rate = learningRate(name);
			const spread = (amsgrad ? largestSecond : second)[name];
			const denominator = spread.sqrt().div(corrections.secondRoot).add(epsilon);
			const rms = g.div(denominator).square().mean().sqrt();
			const update = first[name]
				.div(denominator)
				.mul(rate / corrections.first)
				.div(tf.maximum(1, rms));
			return state.values[name].mul(1 - rate * weightDecay).sub(update);
		});
		return { values, first, second, largestSecond };
	}

	/** 1 at the hardest points, the factor at those that are closer to their targets: (images, patches, 1). */
	private hardness(
		target: tf.Tensor3D,
		reconstruction: tf.Tensor3D,
		{ hard, factor }: TfjsHardMining,
	): tf.Tensor {
		const { tf } = this;
		const distances = tf.sub(1, this.cosine(target, reconstruction));
		const threshold = tf.topk(distances.flatten(), hard).values.min();
		return tf.where(distances.less(threshold), tf.scalar(factor), tf.scalar(1)).expandDims(-1);
	}

	/** x, whose gradient is multiplied by `factor`. */
	private scaleGradient(x: tf.Tensor3D, factor: tf.Tensor): tf.Tensor3D {
		const identity = this.tf.customGrad<tf.Tensor3D>((y) => ({
			value: (y as tf.Tensor3D).clone(),
			gradFunc: (gradient: tf.Tensor) => gradient.mul(factor),
		}));
		return identity(x);
	}

	/** Cosine over the last axis, norms not below 1e-8. */
	private cosine(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
		const norm = (x: tf.Tensor): tf.Tensor => this.tf.maximum(x.square().sum(-1).sqrt(), COSINE_EPSILON);
		return a
			.mul(b)
			.sum(-1)
			.div(norm(a).mul(norm(b)));
	}

	private globalNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
		return this.tf.addN(tensors.map((tensor) => tensor.square().sum<tf.Scalar>())).sqrt();
	}

	/** tf.tidy for results whose type is an interface; it keeps every tensor inside them. */
	private tidied<T extends object>(compute: () => T): T {
		return this.tf.tidy(compute as unknown as () => tf.TensorContainer) as unknown as T;
	}
}

function mapTensors(tensors: Tensors, change: (tensor: tf.Tensor, name: string) => tf.Tensor): Tensors {
	return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}

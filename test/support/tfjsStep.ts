import * as tf from '@tensorflow/tfjs';
import { forward, type Noise, type Tensors, type TfjsModel } from './tfjsModel';

export type { Noise, Tensors, TfjsModel } from './tfjsModel';

/** One training step of Dinomaly in TensorFlow.js: an oracle for the ONNX graphs, and something to measure them against. */

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

export interface HardMining {
	/** Share of the points whose gradients are scaled down. */
	readonly share: number;
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

export interface TfjsSettings {
	readonly model: TfjsModel;
	readonly optimiser: TfjsOptimiser;
	readonly mining: HardMining | null;
	/** 1 at the first step. */
	readonly step: number;
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

/** TensorFlow.js on the CPU, without its advice to install something else. */
export async function useTfjsCpu(): Promise<void> {
	tf.enableProdMode();
	await tf.setBackend('cpu');
}

export function initialState(values: Tensors): TfjsState {
	const zeros = (): Tensors => mapTensors(values, (value) => tf.zerosLike(value));
	return { values, first: zeros(), second: zeros(), largestSecond: zeros() };
}

/** Forward, loss, backward, clipping, StableAdamW. The caller disposes what is returned. */
export function trainStep(state: TfjsState, batch: TfjsBatch, settings: TfjsSettings): TfjsStepResult {
	const { model, mining, optimiser } = settings;
	const names = Object.keys(state.values);
	const lossOf = (...values: tf.Tensor[]): tf.Scalar => {
		const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]]));
		const { targets, reconstructions } = forward(batch.features, parameters, model, batch.noise);
		return looseLoss(targets, reconstructions, mining);
	};
	const { value, grads } = tf.valueAndGrads(lossOf)(names.map((name) => state.values[name]));
	const gradients = Object.fromEntries(names.map((name, i) => [name, grads[i]]));
	return tidied(() => {
		const gradientNorm = globalNorm(grads);
		const factor = tf.minimum(1, tf.scalar(optimiser.clipNorm).div(gradientNorm.add(CLIP_EPSILON)));
		const clipped = mapTensors(gradients, (gradient) => gradient.mul(factor));
		return {
			state: stableAdamW(state, clipped, settings),
			loss: value,
			gradients,
			gradientNorm,
		};
	});
}

/** Mean over groups and images of 1 - cos over all numbers of an image; hard mining changes the gradient alone. */
export function looseLoss(
	targets: readonly tf.Tensor3D[],
	reconstructions: readonly tf.Tensor3D[],
	mining: HardMining | null,
): tf.Scalar {
	const losses = targets.map((target, k) => {
		const mined = mining
			? scaleGradient(reconstructions[k], hardness(target, reconstructions[k], mining))
			: reconstructions[k];
		const [images] = target.shape;
		const cosines = cosine(target.reshape([images, -1]), mined.reshape([images, -1]));
		return tf.mean(tf.sub(1, cosines));
	});
	return tf.mean(tf.stack(losses));
}

/** 1 at the hardest points, the factor at those that are closer to their targets: (images, patches, 1). */
function hardness(
	target: tf.Tensor3D,
	reconstruction: tf.Tensor3D,
	{ share, factor }: HardMining,
): tf.Tensor {
	const distances = tf.sub(1, cosine(target, reconstruction));
	const count = Math.max(1, Math.trunc(distances.size * (1 - share)));
	const threshold = tf.topk(distances.flatten(), count).values.min();
	return tf.where(distances.less(threshold), tf.scalar(factor), tf.scalar(1)).expandDims(-1);
}

/** x, whose gradient is multiplied by `factor`. */
function scaleGradient(x: tf.Tensor3D, factor: tf.Tensor): tf.Tensor {
	const identity = tf.customGrad((y) => ({
		value: (y as tf.Tensor).clone(),
		gradFunc: (gradient: tf.Tensor) => gradient.mul(factor),
	}));
	return identity(x);
}

/** Cosine over the last axis, norms not below 1e-8. */
function cosine(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
	const norm = (x: tf.Tensor): tf.Tensor => tf.maximum(x.square().sum(-1).sqrt(), COSINE_EPSILON);
	return a
		.mul(b)
		.sum(-1)
		.div(norm(a).mul(norm(b)));
}

/** StableAdamW on every parameter, in the order of its authors' description. */
export function stableAdamW(
	state: TfjsState,
	gradients: Tensors,
	settings: Pick<TfjsSettings, 'optimiser' | 'step' | 'learningRate'>,
): TfjsState {
	const { step, learningRate } = settings;
	const { weightDecay, epsilon, amsgrad } = settings.optimiser;
	const first = mapTensors(gradients, (g, name) => state.first[name].mul(BETA1).add(g.mul(1 - BETA1)));
	const second = mapTensors(gradients, (g, name) =>
		state.second[name].mul(BETA2).add(g.square().mul(1 - BETA2)),
	);
	const largestSecond = mapTensors(second, (v, name) => tf.maximum(state.largestSecond[name], v));
	const values = mapTensors(gradients, (g, name) => {
		const rate = learningRate(name);
		const spread = (amsgrad ? largestSecond : second)[name];
		const denominator = spread
			.sqrt()
			.div(Math.sqrt(1 - BETA2 ** step))
			.add(epsilon);
		const rms = g.div(denominator).square().mean().sqrt();
		const update = first[name]
			.div(denominator)
			.mul(rate / (1 - BETA1 ** step))
			.div(tf.maximum(1, rms));
		return state.values[name].mul(1 - rate * weightDecay).sub(update);
	});
	return { values, first, second, largestSecond };
}

function globalNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
	return tf.addN(tensors.map((tensor) => tensor.square().sum<tf.Scalar>())).sqrt();
}

function mapTensors(tensors: Tensors, change: (tensor: tf.Tensor, name: string) => tf.Tensor): Tensors {
	return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}

/** tf.tidy for results whose type is an interface; it keeps every tensor inside them. */
function tidied<T extends object>(compute: () => T): T {
	return tf.tidy(compute as unknown as () => tf.TensorContainer) as unknown as T;
}

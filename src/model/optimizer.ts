import {
	add,
	div,
	maximum,
	minimum,
	mul,
	offset,
	reciprocal,
	scale,
	sizeOf,
	sqrt,
	square,
	sub,
	sumSquareAll,
	type Tensor,
} from '../graph';
import type { OptimiserConfig } from './config';

/** Decay of the moments (reference: StableAdamW defaults). */
export const BETA1 = 0.9;
export const BETA2 = 0.999;
/** Guards the clip factor's division (torch.nn.utils.clip_grad_norm_). */
const CLIP_EPSILON = 1e-6;

/** The optimizer's state of one tensor; `largestSecond` only with amsgrad. */
export interface ParameterState {
	readonly value: Tensor;
	readonly first: Tensor;
	readonly second: Tensor;
	readonly largestSecond: Tensor | null;
}

/** Run-time scalars of one step. */
export interface StepScalars {
	readonly learningRate: Tensor;
	/** 1 - BETA1^t at step t, counted from 1. */
	readonly firstCorrection: Tensor;
	/** sqrt(1 - BETA2^t). */
	readonly secondCorrection: Tensor;
}

/** min(1, clipNorm / (norm + 1e-6)) and the global L2 norm of the gradients. */
export function clipFactor(gradients: readonly Tensor[], clipNorm: number): { factor: Tensor; norm: Tensor } {
	const norm = sqrt(gradients.map(sumSquareAll).reduce((sum, part) => add(sum, part)));
	const { graph } = norm;
	return {
		factor: minimum(scale(reciprocal(offset(norm, CLIP_EPSILON)), clipNorm), graph.scalar(1)),
		norm,
	};
}

/**
 * One step of StableAdamW on one tensor: AdamW whose update is divided by max(1, RMS(g / denominator))
 * (reference: optimizers/StableAdamW.py; Wortsman et al. 2023, algorithm 2).
 *
 * @param factor multiplies the gradient first
 */
export function stableAdamW(
	state: ParameterState,
	gradient: Tensor,
	factor: Tensor,
	scalars: StepScalars,
	config: Pick<OptimiserConfig, 'weightDecay' | 'epsilon'>,
): ParameterState {
	const { graph } = gradient;
	// The gradient times sqrt(1 - BETA2) serves both moments and saves a pass over it.
	const root = Math.sqrt(1 - BETA2);
	const scaled = mul(gradient, scale(factor, root));
	const first = add(scale(state.first, BETA1), scale(scaled, (1 - BETA1) / root));
	const second = add(scale(state.second, BETA2), square(scaled));
	const largestSecond = state.largestSecond ? maximum(state.largestSecond, second) : null;
	// Denominator times sqrt(1 - BETA2^t): the correction is applied to scalars instead.
	const denominator = add(sqrt(largestSecond ?? second), scale(scalars.secondCorrection, config.epsilon));
	const squares = sumSquareAll(div(scaled, denominator));
	const rms = mul(sqrt(scale(squares, 1 / sizeOf(gradient.shape) / (1 - BETA2))), scalars.secondCorrection);
	const rate = div(
		mul(scalars.learningRate, scalars.secondCorrection),
		mul(scalars.firstCorrection, maximum(rms, graph.scalar(1))),
	);
	const decay = offset(scale(scalars.learningRate, -config.weightDecay), 1);
	const value = sub(mul(state.value, decay), mul(div(first, denominator), rate));
	return { value, first, second, largestSecond };
}

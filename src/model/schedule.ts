import type { OptimiserConfig } from './config';

/**
 * Learning rate at iteration `step` (0-based): a linear warm-up from 0 whose last value is the peak, then a cosine to
 * the final rate, which holds after the end. The first step's rate is 0 (reference: WarmCosineScheduler).
 */
export function learningRateAt(
	step: number,
	config: Pick<OptimiserConfig, 'iterations' | 'learningRate' | 'finalLearningRate' | 'warmup'>,
): number {
	const { iterations, learningRate, finalLearningRate, warmup } = config;
	if (step >= iterations) return finalLearningRate;
	if (step < warmup) return warmup === 1 ? 0 : (learningRate * step) / (warmup - 1);
	const progress = (step - warmup) / (iterations - warmup);
	return finalLearningRate + 0.5 * (learningRate - finalLearningRate) * (1 + Math.cos(Math.PI * progress));
}

/** Dinomaly2's schedule: warm-up to the peak at step `warmup`, then a cosine to `finalRatio` of it. */
export function recenteredLearningRateAt(
	step: number,
	peak: number,
	warmup: number,
	iterations: number,
	finalRatio: number,
): number {
	if (step < warmup) return (peak * step) / warmup;
	const progress = (step - warmup) / (iterations - warmup);
	return peak * (finalRatio + (1 - finalRatio) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}

/** Share of points whose gradient is scaled down at iteration `step`: a linear ramp (reference: p = min(0.9 it / 1000, 0.9)). */
export function hardMiningShareAt(
	step: number,
	config: Pick<OptimiserConfig, 'hardMining' | 'hardMiningShare' | 'hardMiningRamp'>,
): number {
	if (!config.hardMining) return 0;
	return Math.min((config.hardMiningShare * step) / config.hardMiningRamp, config.hardMiningShare);
}

/** Index of the hard-mining threshold among `points` distances sorted descending; at least one point stays hard. */
export function hardMiningRank(points: number, share: number): number {
	return Math.max(1, Math.trunc(points * (1 - share))) - 1;
}

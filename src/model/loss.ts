import {
	add,
	div,
	gather,
	greaterOrEqual,
	hookGradient,
	maximum,
	mul,
	offset,
	reduceSum,
	reshape,
	scale,
	sizeOf,
	sqrt,
	square,
	stopGradient,
	sumAll,
	topK,
	where,
	type Tensor,
} from '../graph';

/** Norms below this are taken as this (torch's cosine_similarity). */
export const COSINE_EPSILON = 1e-8;

export interface HardMining {
	/** int64 scalar: position of the threshold among all point distances of the batch, sorted descending. */
	readonly rank: Tensor;
	/** Factor of the gradients of easier points. */
	readonly factor: number;
}

/**
 * Global cosine loss of group maps (patches, images, D): the mean over images of 1 - cos over all numbers of an image,
 * averaged over groups. Hard mining leaves the value alone and scales down the gradient at points whose own distance
 * lies below the threshold (reference: global_cosine_hm_percent; Dinomaly eq. 6).
 */
export function looseLoss(
	targets: readonly Tensor[],
	reconstructions: readonly Tensor[],
	mining: HardMining | null,
): Tensor {
	const losses = targets.map((target, k) => {
		const reconstruction = reconstructions[k];
		return globalDistance(
			target,
			mining ? mineHardPoints(target, reconstruction, mining) : reconstruction,
		);
	});
	return scale(sumOf(losses), 1 / losses.length);
}

/** 1 - cos over channels at every point of two maps (..., D), the last axis kept as 1. */
export function pointDistance(a: Tensor, b: Tensor): Tensor {
	const dot = reduceSum(mul(a, b), [-1]);
	const norms = mul(clampedNorm(reduceSum(square(a), [-1])), clampedNorm(reduceSum(square(b), [-1])));
	return offset(scale(div(dot, norms), -1), 1);
}

/** Mean over images of 1 - cos over all numbers of an image: a scalar. */
export function globalDistance(target: Tensor, reconstruction: Tensor): Tensor {
	const images = target.shape[1];
	const perImage = (x: Tensor): Tensor => reduceSum(reduceSum(x, [-1]), [0]);
	const dot = perImage(mul(target, reconstruction));
	const norms = mul(clampedNorm(perImage(square(target))), clampedNorm(perImage(square(reconstruction))));
	return offset(scale(sumAll(div(dot, norms)), -1 / images), 1);
}

/** The reconstruction, whose gradient is scaled down at points that are easier than the one at the threshold's rank. */
export function mineHardPoints(target: Tensor, reconstruction: Tensor, { rank, factor }: HardMining): Tensor {
	return hookGradient(reconstruction, (g) => {
		const distance = stopGradient(pointDistance(target, reconstruction));
		return mul(g, hardOrFactor(distance, distanceAtRank(distance, rank), factor));
	});
}

/** 1 at points not closer than the threshold, `factor` at the others. */
export function hardOrFactor(distance: Tensor, threshold: Tensor, factor: number): Tensor {
	const { graph } = distance;
	return where(greaterOrEqual(distance, threshold), graph.scalar(1), graph.scalar(factor));
}

/** The distance at a run-time rank among all, sorted descending: a scalar. */
export function distanceAtRank(distance: Tensor, rank: Tensor): Tensor {
	const count = sizeOf(distance.shape);
	return gather(topK(reshape(distance, [count]), count), rank);
}

export function sumOf(scalars: readonly Tensor[]): Tensor {
	return scalars.reduce((sum, scalar) => add(sum, scalar));
}

function clampedNorm(sumOfSquares: Tensor): Tensor {
	// Clamped under the root: the root's own slope is infinite at 0, and a blank reconstruction would turn the gradient into NaN.
	return sqrt(maximum(sumOfSquares, sumOfSquares.graph.scalar(COSINE_EPSILON ** 2)));
}

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
export function looseLoss(targets: readonly Tensor[], reconstructions: readonly Tensor[], mining: HardMining | null): Tensor {
	const losses = targets.map((target, k) => {
		const reconstruction = reconstructions[k];
		const hooked = mining ? hookGradient(reconstruction, (g) => mul(g, gradientFactor(target, reconstruction, mining))) : reconstruction;
		return globalCosineDistance(target, hooked);
	});
	return scale(
		losses.reduce((sum, loss) => add(sum, loss)),
		1 / losses.length,
	);
}

/** 1 - cos over channels at every point of two maps (..., D), the last axis kept as 1. */
export function pointDistance(a: Tensor, b: Tensor): Tensor {
	const dot = reduceSum(mul(a, b), [-1]);
	const norms = mul(clampedNorm(reduceSum(square(a), [-1])), clampedNorm(reduceSum(square(b), [-1])));
	return offset(scale(div(dot, norms), -1), 1);
}

function globalCosineDistance(target: Tensor, reconstruction: Tensor): Tensor {
	const images = target.shape[1];
	const perImage = (x: Tensor): Tensor => reduceSum(reduceSum(x, [-1]), [0]);
	const dot = perImage(mul(target, reconstruction));
	const norms = mul(clampedNorm(perImage(square(target))), clampedNorm(perImage(square(reconstruction))));
	return offset(scale(sumAll(div(dot, norms)), -1 / images), 1);
}

function gradientFactor(target: Tensor, reconstruction: Tensor, mining: HardMining): Tensor {
	const { graph } = target;
	const distance = stopGradient(pointDistance(target, reconstruction));
	const count = sizeOf(distance.shape);
	const threshold = gather(topK(reshape(distance, [count]), count), mining.rank);
	return where(greaterOrEqual(distance, threshold), graph.scalar(1), graph.scalar(mining.factor));
}

function clampedNorm(sumOfSquares: Tensor): Tensor {
	return maximum(sqrt(sumOfSquares), sumOfSquares.graph.scalar(COSINE_EPSILON));
}

import {
	concat,
	div,
	matmul,
	maximum,
	reduceSumSquare,
	reshape,
	slice,
	sqrt,
	transpose,
	type Tensor,
} from '../graph';

/** Keeps a token of zeros from being divided by its length. */
const LEAST_SQUARES = 1e-24;

/**
 * What an image shows as a whole: per group the sum of the directions of the encoder's patch tokens, (images, groups * D). Every patch
 * counts the same, however long its token, so that a small defect changes little.
 *
 * @param features one tensor per group, (images, tokens, D)
 * @param prefix tokens before the patches
 */
export function appendEmbedding(features: readonly Tensor[], prefix: number): Tensor {
	const sums = features.map((feature) => {
		const { graph } = feature;
		const [images, tokens, width] = feature.shape;
		const patches = slice(feature, 1, prefix, tokens);
		const lengths = sqrt(maximum(reduceSumSquare(patches, [2]), graph.scalar(LEAST_SQUARES)));
		const weights = transpose(div(graph.scalar(1), lengths), [0, 2, 1]);
		return reshape(matmul(weights, patches), [images, width]);
	});
	return concat(sums, 1);
}

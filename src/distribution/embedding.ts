/** How the features of one image, or of one of its tiles, are laid out: all groups one after the other, each (tokens, width) row by row. */
export interface FeatureLayout {
	readonly groups: number;
	/** Tokens before the patches: class token and registers. */
	readonly prefix: number;
	readonly width: number;
}

/** Adds to `sums` (groups * width), per group, the directions of the patch tokens: what `model/embedding` does for features at hand. */
export function addPatches(
	sums: Float64Array,
	features: Float32Array,
	{ groups, prefix, width }: FeatureLayout,
): void {
	const size = features.length / groups;
	for (let group = 0; group < groups; group++) {
		const to = group * width;
		const end = (group + 1) * size;
		for (let token = group * size + prefix * width; token < end; token += width) {
			let squares = 0;
			for (let i = 0; i < width; i++) squares += features[token + i] * features[token + i];
			const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
			for (let i = 0; i < width; i++) sums[to + i] += scale * features[token + i];
		}
	}
}

/**
 * The embedding of an image: each group's sum of directions brought to the same length, all together to length 1. Distances between
 * embeddings lie in [0, 2]; two images with nothing in common are about 1.4 apart.
 *
 * @param sums groups * width values
 */
export function unitEmbedding(sums: ArrayLike<number>, groups: number): Float32Array {
	const unit = new Float32Array(sums.length);
	const width = sums.length / groups;
	for (let start = 0; start < sums.length; start += width) {
		let squares = 0;
		for (let i = start; i < start + width; i++) squares += sums[i] * sums[i];
		const scale = squares > 0 ? 1 / Math.sqrt(groups * squares) : 0;
		for (let i = start; i < start + width; i++) unit[i] = sums[i] * scale;
	}
	return unit;
}

/** Euclidean distance of two embeddings, in [0, 2]. */
export function distanceBetween(a: Float32Array, b: Float32Array): number {
	let squares = 0;
	for (let i = 0; i < a.length; i++) {
		const difference = a[i] - b[i];
		squares += difference * difference;
	}
	return Math.sqrt(squares);
}

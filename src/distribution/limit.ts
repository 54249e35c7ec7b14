import { distanceBetween } from './embedding';

/** Share of good images that lie no further than usual. */
const USUAL_SHARE = 0.9;
/** How far the limit lies from what is usual for good images towards pictures of nothing (docs/out-of-distribution.md has the measurements). */
const WAY_TO_CONTROLS = 0.6;
/** Distance of embeddings at right angles, which have nothing in common. Control pictures may lie on the far side of that. */
const NOTHING_IN_COMMON = Math.SQRT2;

/**
 * The distance beyond which an image is unlike all good ones: three fifths of the way from the distance that nine of ten good images keep to the nearest
 * other one, and the median distance of control pictures, which show nothing and count as having nothing in common at most. It follows the scale of the
 * encoder, whatever that is.
 *
 * @param normalDistances of each good image to the nearest other one
 * @returns null when good images differ among themselves as much as from pictures of nothing, so that no distance tells anything
 */
export function distanceLimit(
	normalDistances: ArrayLike<number>,
	memory: readonly Float32Array[],
	controls: readonly Float32Array[],
): number | null {
	const usual = quantile(normalDistances, USUAL_SHARE);
	const nothing = Math.min(
		NOTHING_IN_COMMON,
		median(controls.map((control) => nearestDistance(memory, control))),
	);
	return nothing > usual ? usual + WAY_TO_CONTROLS * (nothing - usual) : null;
}

/** Distance to the nearest of several embeddings, in [0, 2]; infinite when there is none. */
export function nearestDistance(memory: readonly Float32Array[], embedding: Float32Array): number {
	let least = Infinity;
	for (const known of memory) least = Math.min(least, distanceBetween(embedding, known));
	return least;
}

/** The smallest value that a share of all does not exceed; 0 of none. */
function quantile(values: ArrayLike<number>, share: number): number {
	const sorted = Float64Array.from(values).sort();
	return sorted.length === 0 ? 0 : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Of an even number of values the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

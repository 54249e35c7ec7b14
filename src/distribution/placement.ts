import type { CategoryDistribution, Distribution } from './distribution';
import { nearestDistance } from './limit';

/** Where an image lies among the good images that a model knows. */
export interface Placement {
	/** Distance to the nearest known good image of the category, or of any where none is given; in [0, 2]. */
	readonly distance: number;
	/** Images that lie further than this are unlike anything seen in training. */
	readonly limit: number;
	readonly isUnknown: boolean;
	/** The category that the image looks like: the one given when it is within that one's limit, else the nearest; null for none. */
	readonly resembles: string | null;
}

/**
 * Places an image among known good ones: those of the category given, else those of the category that it is most like.
 *
 * @param expected category that the image is said to be of; null when nobody says
 * @returns null when nothing is known of that category, or of any
 */
export function placeImage(
	{ categories }: Distribution,
	embedding: Float32Array,
	expected: string | null,
): Placement | null {
	if (expected === null) {
		const nearest = nearestOf(categories, embedding);
		return nearest && placement(nearest, nearest);
	}
	const own = categories.find(({ category }) => category === expected);
	if (own === undefined) return null;
	const held = place(own, embedding);
	// Other categories are looked through only when the image is not of its own.
	return placement(held, isWithin(held) ? held : nearestOf(categories, embedding));
}

/** What a model can tell, category by category. */
export interface KnownImages {
	readonly category: string;
	/** Embeddings that are kept. */
	readonly kept: number;
	/** Good images that the limit rests on. */
	readonly images: number;
	/** Of these, how many the limit would take for strangers if they had not been known themselves. */
	readonly beyond: number;
	readonly limit: number;
}

export function knownImages({ categories }: Distribution): KnownImages[] {
	return categories.map(({ category, memory, normalDistances, limit }) => ({
		category,
		kept: memory.length,
		images: normalDistances.length,
		beyond: normalDistances.filter((distance) => distance > limit).length,
		limit,
	}));
}

interface Placed {
	readonly category: string;
	readonly distance: number;
	readonly limit: number;
}

function place({ category, memory, limit }: CategoryDistribution, embedding: Float32Array): Placed {
	return { category, distance: nearestDistance(memory, embedding), limit };
}

/** The category that an image is nearest to in proportion to its limit; null when there is none. */
function nearestOf(categories: readonly CategoryDistribution[], embedding: Float32Array): Placed | null {
	let nearest: Placed | null = null;
	for (const category of categories) {
		const placed = place(category, embedding);
		if (nearest === null || placed.distance / placed.limit < nearest.distance / nearest.limit)
			nearest = placed;
	}
	return nearest;
}

function isWithin({ distance, limit }: Placed): boolean {
	return distance <= limit;
}

function placement(held: Placed, nearest: Placed | null): Placement {
	return {
		distance: held.distance,
		limit: held.limit,
		isUnknown: !isWithin(held),
		resembles: nearest !== null && isWithin(nearest) ? nearest.category : null,
	};
}

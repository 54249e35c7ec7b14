import { chooseCoreset, distancesToOthers } from './coreset';
import { distanceLimit } from './limit';

/** What good images of one category look like to the encoder. */
export interface CategoryDistribution {
	readonly category: string;
	/** Embeddings that stand for those of all good images, at most `MEMORY_IMAGES`. */
	readonly memory: readonly Float32Array[];
	/** How far each good image lies from the nearest other one in memory (leave-one-out), in [0, 2], in no order. */
	readonly normalDistances: Float32Array;
	/** Images further than this from all in memory are unlike anything seen in training; see `distanceLimit`. */
	readonly limit: number;
}

/** What a model knows of good images, category by category; categories that nothing can be told of are absent. */
export interface Distribution {
	/** Embeddings of `controlPictures`. */
	readonly controls: readonly Float32Array[];
	readonly categories: readonly CategoryDistribution[];
}

/** An embedding and the category that it is of. */
export interface KnownEmbedding {
	readonly category: string;
	/** Of length 1; see `unitEmbedding`. */
	readonly embedding: Float32Array;
}

/** Embeddings kept for a category: a few hundred kilobytes, looked through in less than a millisecond. */
export const MEMORY_IMAGES = 256;
/** Fewer good images say too little about how much they differ. */
export const LEAST_IMAGES = 5;
/** Of more images this many are looked at, evenly spread, so that choosing takes seconds. */
const MOST_CANDIDATES = 4096;

/**
 * Describes the good images of each category. Left out are categories with fewer than `LEAST_IMAGES`, and those whose images differ among
 * themselves as much as from pictures of nothing.
 *
 * @param controls embeddings of `controlPictures` by the same encoder
 * @param before what was known before; its memory stands for the images that are not at hand any more
 */
export function describeImages(
	images: readonly KnownEmbedding[],
	controls: readonly Float32Array[],
	before: readonly CategoryDistribution[] = [],
): Distribution {
	const names = new Set([...before, ...images].map(({ category }) => category));
	const categories = [...names].flatMap((category) => {
		const own = images.filter((image) => image.category === category).map(({ embedding }) => embedding);
		const known = before.find((one) => one.category === category);
		if (own.length === 0) return known ? [known] : [];
		const described = describe([...(known?.memory ?? []), ...own], controls);
		return described === null ? [] : [{ category, ...described }];
	});
	return { controls, categories };
}

function describe(
	all: readonly Float32Array[],
	controls: readonly Float32Array[],
): Omit<CategoryDistribution, 'category'> | null {
	if (all.length < LEAST_IMAGES) return null;
	const candidates = evenly(all, MOST_CANDIDATES);
	const chosen = chooseCoreset(candidates, MEMORY_IMAGES);
	const memory = chosen.map((i) => candidates[i]);
	const normalDistances = Float32Array.from(distancesToOthers(candidates, chosen).filter(Number.isFinite));
	const limit = distanceLimit(normalDistances, memory, controls);
	return limit === null ? null : { memory, normalDistances, limit };
}

/** At most so many of the items, spread evenly over all. */
export function evenly<T>(items: readonly T[], most: number): readonly T[] {
	if (items.length <= most) return items;
	return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]);
}

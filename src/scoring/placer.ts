import type { Distribution } from '../distribution/distribution';
import { placeImage, type Placement } from '../distribution/placement';
import type { ModelCard } from '../store/card';

/** Where an image lies among the good ones; null when that cannot be told. */
export type Place = (embedding: Float32Array | null, category: string | null) => Placement | null;

/** Where an image lies among the good ones that a version knows. */
export function placer(distribution: Distribution | null, card: ModelCard): Place {
	return (embedding, category) => {
		if (distribution === null || embedding === null) return null;
		const names = category === null ? card.categories.map(({ name }) => name) : [category];
		return names.every((name) => knows(distribution, name))
			? placeImage(distribution, embedding, category)
			: null;
	};
}

function knows({ categories }: Distribution, name: string): boolean {
	return categories.some(({ category }) => category === name);
}

import type { Random } from '../../random';
import type { Noise } from './noise';
import type { Picture } from './picture';

/** One defect to draw into a picture. */
export interface DefectOrder {
	/** One of the product's `defects`. */
	readonly kind: string;
	/** From 0 (subtle) to 1 (obvious). */
	readonly severity: number;
	/** Decides place and shape. */
	readonly random: Random;
}

/** What every picture of a product is drawn with. */
export interface Studio {
	/** Pixels. */
	readonly side: number;
	readonly noise: Noise;
	/** Decides how this piece and its photograph differ from the next; consumed alike with and without a defect. */
	readonly variation: Random;
}

/** A kind of part with the defects that it can have; one category of the sample dataset. */
export interface Product {
	readonly name: string;
	readonly defects: readonly string[];
	/** Draws one piece; without a defect when `defect` is null, in which case the mask stays empty. */
	draw(studio: Studio, defect: DefectOrder | null): Picture;
}

/** The side in pixels that the products' measures are given for; pictures of other sides are scaled. */
export const DESIGN_SIDE = 320;

/** Uniform in [-amount, amount]. */
export function plusMinus(random: Random, amount: number): number {
	return amount * (2 * random.next() - 1);
}

/** Uniform in [low, high]. */
export function between(random: Random, low: number, high: number): number {
	return low + (high - low) * random.next();
}

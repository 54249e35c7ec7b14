import { createRandom, deriveSeed } from '../../random';
import { Noise } from './noise';
import { photograph, randomExposure } from './picture';
import type { PlannedPicture } from './plan';

export interface DrawnPicture {
	/** Pixels, of the square picture and its mask. */
	readonly side: number;
	/** Three bytes a pixel. */
	readonly rgb: Uint8Array;
	/** One byte a pixel: 255 on the defect, else 0. */
	readonly mask: Uint8Array;
}

/** The texture that a dataset's pictures share; each samples it at places of its own. */
export function sampleNoise(seed: number): Noise {
	return new Noise(createRandom(deriveSeed(seed, 'noise')));
}

/** Draws a planned picture; the same plan and texture give the same bytes. */
export function drawPicture(
	{ product, defect, seed }: PlannedPicture,
	noise: Noise,
	side: number,
): DrawnPicture {
	// One generator a purpose: the piece looks the same whether it has a defect or not.
	const variation = createRandom(deriveSeed(seed, 'variation'));
	const order = defect === null ? null : { ...defect, random: createRandom(deriveSeed(seed, 'defect')) };
	const picture = product.draw({ side, noise, variation }, order);
	const exposure = randomExposure(createRandom(deriveSeed(seed, 'exposure')));
	const rgb = photograph(picture, exposure, createRandom(deriveSeed(seed, 'sensor')));
	return { side, rgb, mask: picture.mask };
}

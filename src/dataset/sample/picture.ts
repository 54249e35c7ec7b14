import type { Random } from '../../random';
import { clamp } from './shapes';

/** A square picture in linear light, three values a pixel, with the mask of its defect. */
export interface Picture {
	/** Pixels. */
	readonly side: number;
	readonly rgb: Float32Array;
	/** 255 where the defect is, else 0. */
	readonly mask: Uint8Array;
}

/** Colour in linear light. */
export type Rgb = readonly [number, number, number];

export function createPicture(side: number): Picture {
	return { side, rgb: new Float32Array(3 * side * side), mask: new Uint8Array(side * side) };
}

/** Blends a colour over one pixel. */
export function blendPixel(picture: Picture, pixel: number, color: Rgb, opacity: number): void {
	const { rgb } = picture;
	const at = 3 * pixel;
	rgb[at] += (color[0] - rgb[at]) * opacity;
	rgb[at + 1] += (color[1] - rgb[at + 1]) * opacity;
	rgb[at + 2] += (color[2] - rgb[at + 2]) * opacity;
}

/** Multiplies the light of one pixel. */
export function scalePixel(picture: Picture, pixel: number, factor: number): void {
	const { rgb } = picture;
	const at = 3 * pixel;
	rgb[at] *= factor;
	rgb[at + 1] *= factor;
	rgb[at + 2] *= factor;
}

/** How one photograph differs from the next. */
export interface Exposure {
	/** Overall brightness, about 1. */
	readonly gain: number;
	/** White balance: gain of red against blue, about 1. */
	readonly warmth: number;
	/** Share of light lost in the corners. */
	readonly vignette: number;
	/** Weight of each neighbour in the blur of the lens, in [0, 0.25]. */
	readonly blur: number;
}

export function randomExposure(random: Random): Exposure {
	return {
		gain: 1 + 0.05 * (2 * random.next() - 1),
		warmth: 1 + 0.015 * (2 * random.next() - 1),
		vignette: 0.16 + 0.05 * random.next(),
		blur: 0.1 + 0.07 * random.next(),
	};
}

/** Standard deviation of the sensor's noise in the dark, and what light adds to it (photon noise). */
const READ_NOISE = 0.0016;
const PHOTON_NOISE = 0.0085;

/**
 * What a camera makes of a picture: vignette, lens blur, sensor noise, display gamma.
 * @param noise source of the sensor noise; none when absent
 * @returns 8-bit RGB, three bytes a pixel
 */
export function photograph(picture: Picture, exposure: Exposure, noise?: Random): Uint8Array {
	const { side } = picture;
	const light = blurred(picture, exposure.blur);
	const grain = new Float32Array(light.length);
	noise?.fillNormal(grain);
	const bytes = new Uint8Array(light.length);
	const gains = [exposure.gain * exposure.warmth, exposure.gain, exposure.gain / exposure.warmth];
	for (let y = 0, at = 0; y < side; y++) {
		for (let x = 0; x < side; x++) {
			const dx = (2 * x) / side - 1;
			const dy = (2 * y) / side - 1;
			const falloff = 1 - 0.5 * exposure.vignette * (dx * dx + dy * dy);
			for (let channel = 0; channel < 3; channel++, at++) {
				const value = Math.max(0, light[at] * falloff * gains[channel]);
				bytes[at] = displayByte(value + grain[at] * (READ_NOISE + PHOTON_NOISE * Math.sqrt(value)));
			}
		}
	}
	return bytes;
}

const GAMMA_STEPS = 4096;
const GAMMA = Uint8Array.from({ length: GAMMA_STEPS + 1 }, (_, i) =>
	Math.round(255 * encodeGamma(i / GAMMA_STEPS)),
);

/** The sRGB transfer function (IEC 61966-2-1). */
function encodeGamma(value: number): number {
	return value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
}

function displayByte(value: number): number {
	return GAMMA[Math.round(clamp(value, 0, 1) * GAMMA_STEPS)];
}

/** A separable blur of three pixels; the border pixels are repeated. */
function blurred({ side, rgb }: Picture, weight: number): Float32Array {
	const centre = 1 - 2 * weight;
	const rows = new Float32Array(rgb.length);
	const result = new Float32Array(rgb.length);
	for (let y = 0; y < side; y++) {
		for (let x = 0; x < side; x++) {
			const at = 3 * (y * side + x);
			const left = x > 0 ? at - 3 : at;
			const right = x + 1 < side ? at + 3 : at;
			for (let c = 0; c < 3; c++)
				rows[at + c] = centre * rgb[at + c] + weight * (rgb[left + c] + rgb[right + c]);
		}
	}
	for (let y = 0; y < side; y++) {
		const up = y > 0 ? -3 * side : 0;
		const down = y + 1 < side ? 3 * side : 0;
		for (let at = 3 * y * side; at < 3 * (y + 1) * side; at++) {
			result[at] = centre * rows[at] + weight * (rows[at + up] + rows[at + down]);
		}
	}
	return result;
}

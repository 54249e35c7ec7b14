import { cropOffset } from './geometry';
import type { RgbImage } from './image';
import { resizeBilinear } from './resample';

export interface CropSizes {
	/** Side in pixels that the image is resized to; the aspect ratio is not kept. */
	readonly imageSize: number;
	/** Side in pixels of the centre crop; an image smaller than the crop is padded with black. */
	readonly cropSize: number;
}

/** ImageNet statistics, as every encoder of the catalogue was trained with. */
export const CHANNEL_MEAN = [0.485, 0.456, 0.406] as const;
export const CHANNEL_STD = [0.229, 0.224, 0.225] as const;

/** Normalised value of each byte, for each channel: there are only 256, so a look-up is exact. */
const NORMALIZED = CHANNEL_MEAN.map((mean, channel) => normalizedBytes(mean, CHANNEL_STD[channel]));

/**
 * Makes the encoder's input of an image: resize to a square, centre crop, scale to 0..1, normalise.
 * Bit-identical to the reference (its `get_data_transforms`), for training and scoring alike.
 *
 * @param target where to write, `3 * cropSize * cropSize` values; a new array when absent
 * @returns shape (3, cropSize, cropSize), channels first
 */
export function preprocess(
	image: RgbImage,
	{ imageSize, cropSize }: CropSizes,
	target: Float32Array = new Float32Array(3 * cropSize * cropSize),
): Float32Array {
	const offset = cropOffset(imageSize, cropSize);
	const padding = Math.max(0, -offset);
	const start = Math.max(0, offset);
	const side = Math.min(imageSize, cropSize);
	const size = { width: imageSize, height: imageSize };
	const { data } = resizeBilinear(image, size, { x: start, y: start, width: side, height: side });
	for (let channel = 0; channel < 3; channel++) {
		const table = NORMALIZED[channel];
		const plane = target.subarray(channel * cropSize * cropSize, (channel + 1) * cropSize * cropSize);
		// Padding is black before normalisation, as in the reference.
		if (padding > 0) plane.fill(table[0]);
		for (let y = 0; y < side; y++) {
			let p = y * side * 3 + channel;
			let o = (y + padding) * cropSize + padding;
			for (let x = 0; x < side; x++, p += 3) plane[o++] = table[data[p]];
		}
	}
	return target;
}

/** Each step rounds to single precision, as it does on tensors. */
function normalizedBytes(mean: number, standardDeviation: number): Float32Array {
	const table = new Float32Array(256);
	for (let byte = 0; byte < 256; byte++) {
		const centred = Math.fround(Math.fround(byte / 255) - Math.fround(mean));
		table[byte] = centred / Math.fround(standardDeviation);
	}
	return table;
}

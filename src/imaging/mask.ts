import { cropOffset } from './geometry';
import type { Raster } from './image';
import type { CropSizes } from './preprocess';
import { resizeBilinear, resizeNearest, resizeNearestCorner } from './resample';

/** A ground-truth mask as it was stored. */
export interface MaskImage extends Raster {
	/** `levels`: gray or colour, may be mixed; `labels`: bilevel or palette indices, which never are. */
	readonly kind: 'levels' | 'labels';
}

/** Which mask pixels count as anomalous after resizing: above 0 (the reference) or above one half of full scale. */
export type MaskRule = 'nonzero' | 'half';

export interface MaskOptions extends CropSizes {
	/** Side of the result, that of the anomaly map it is compared with. */
	readonly evalSide?: number;
	readonly rule?: MaskRule;
}

/** Maps are scored at this side in the reference evaluation. */
const EVAL_SIDE = 256;

/**
 * Brings a ground-truth mask to the pixels of the anomaly map, by the reference's path: resize, centre crop, nearest
 * to `evalSide`, then binarise and take the largest channel. With `nonzero`, every soft edge pixel that resizing made
 * counts as anomalous, which widens regions by about a pixel; `half` does not. Labels other than 0 always count.
 *
 * @returns 0 or 1 for each of `evalSide * evalSide` pixels
 */
export function prepareMask(
	mask: MaskImage,
	{ imageSize, cropSize, evalSide = EVAL_SIDE, rule = 'nonzero' }: MaskOptions,
): Uint8Array {
	const size = { width: imageSize, height: imageSize };
	const resized = mask.kind === 'labels' ? resizeNearest(mask, size) : resizeBilinear(mask, size);
	const cropped = cropCentre(resized, cropSize);
	const { data, channels } = resizeNearestCorner(cropped, { width: evalSide, height: evalSide });
	const floor = mask.kind === 'labels' || rule === 'nonzero' ? 0 : fullScale(mask.data) / 2;
	const result = new Uint8Array(evalSide * evalSide);
	for (let i = 0; i < data.length; i++) {
		if (data[i] > floor) result[(i / channels) | 0] = 1;
	}
	return result;
}

/** Many masks are stored as 0 and 1 instead of 0 and 255. */
export function fullScale(data: Uint8Array): number {
	for (let i = 0; i < data.length; i++) if (data[i] > 1) return 255;
	return 1;
}

function cropCentre(image: MaskImage, side: number): MaskImage {
	const { data, width, height, channels } = image;
	const offset = cropOffset(width, side);
	const cropped = new Uint8Array(side * side * channels);
	const from = Math.max(0, offset);
	const to = Math.max(0, -offset);
	const count = Math.min(width, side) * channels;
	for (let row = 0; row < Math.min(height, side); row++) {
		const start = ((from + row) * width + from) * channels;
		cropped.set(data.subarray(start, start + count), ((to + row) * side + to) * channels);
	}
	return { ...image, data: cropped, width: side, height: side };
}

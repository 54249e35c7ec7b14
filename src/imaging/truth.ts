import type { RgbImage } from './image';
import type { MaskImage } from './mask';

/** What is not part of the defect keeps this share of its light. */
const DIMMED = 0.3;
const OUTLINE: readonly [number, number, number] = [255, 255, 255];

/**
 * An image with its ground truth shown: the defect as it is, outlined in white, all else dimmed. Needs no colour, so that it is read on
 * gray paper and with any eyes.
 *
 * @param mask of any size; every pixel above 0 that falls into a pixel of the picture marks it
 */
export function markTruth(picture: RgbImage, mask: MaskImage): RgbImage {
	const { width, height } = picture;
	const inside = coverage(mask, width, height);
	const data = Uint8Array.from(picture.data);
	for (let y = 0, i = 0; y < height; y++) {
		for (let x = 0; x < width; x++, i++) {
			if (inside[i] === 1) continue;
			const edge = touches(inside, { x, y, width, height });
			for (let c = 0; c < 3; c++) {
				const p = i * 3 + c;
				data[p] = edge ? OUTLINE[c] : data[p] * DIMMED + 0.5;
			}
		}
	}
	return { data, width, height, channels: 3 };
}

/** 1 where a mask pixel above 0 falls, so that a scratch of one pixel does not vanish when it shrinks. */
function coverage(mask: MaskImage, width: number, height: number): Uint8Array {
	const inside = new Uint8Array(width * height);
	for (let y = 0; y < height; y++) {
		const [top, bottom] = span(y, height, mask.height);
		for (let x = 0; x < width; x++) {
			const [left, right] = span(x, width, mask.width);
			if (anyAbove0(mask, { left, right, top, bottom })) inside[y * width + x] = 1;
		}
	}
	return inside;
}

/** Pixels of the mask below one pixel of the picture along one axis: at least one. */
function span(at: number, side: number, maskSide: number): [number, number] {
	const from = Math.min(maskSide - 1, Math.floor((at * maskSide) / side));
	return [from, Math.max(from + 1, Math.floor(((at + 1) * maskSide) / side))];
}

function anyAbove0(
	{ data, width, channels }: MaskImage,
	{ left, right, top, bottom }: { left: number; right: number; top: number; bottom: number },
): boolean {
	for (let y = top; y < bottom; y++) {
		const end = (y * width + right) * channels;
		for (let p = (y * width + left) * channels; p < end; p++) if (data[p] > 0) return true;
	}
	return false;
}

/** Whether one of the eight pixels around is inside. */
function touches(
	inside: Uint8Array,
	{ x, y, width, height }: { x: number; y: number; width: number; height: number },
): boolean {
	for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
		for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++)
			if (inside[row * width + column] === 1) return true;
	}
	return false;
}

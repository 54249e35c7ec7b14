import type { RgbImage } from '../imaging/image';
import { resizeBilinear } from '../imaging/resample';
import { markTruth } from '../imaging/truth';
import { DinomalyError } from '../errors';
import { decodeMask } from '../runtime/images';
import { encodeJpeg } from '../runtime/jpeg';

/** Wide enough to see a defect on a phone, small enough for dozens of them in one page. */
const PICTURE_SIDE_PX = 320;
const JPEG_QUALITY = 80;

/** The image in the size of a report's pictures; one that is small already stays as it is. */
export function shrink({ data, width, height }: RgbImage): RgbImage {
	const scale = Math.min(1, PICTURE_SIDE_PX / Math.max(width, height));
	if (scale === 1) return { data, width, height, channels: 3 };
	const size = {
		width: Math.max(1, Math.round(width * scale)),
		height: Math.max(1, Math.round(height * scale)),
	};
	return resizeBilinear<RgbImage>({ data, width, height, channels: 3 }, size);
}

/** A picture of a report as JPEG. */
export function encodePicture(picture: RgbImage): Promise<Uint8Array> {
	return encodeJpeg(picture, JPEG_QUALITY);
}

/**
 * The picture with its ground truth shown, as JPEG; null for a mask that cannot be read, which costs its picture only.
 * @param mask path of the file, or what is in it
 */
export async function drawTruth(picture: RgbImage, mask: string | Uint8Array): Promise<Uint8Array | null> {
	try {
		return await encodePicture(markTruth(picture, await decodeMask(mask)));
	} catch (error) {
		if (error instanceof DinomalyError) return null;
		throw error;
	}
}

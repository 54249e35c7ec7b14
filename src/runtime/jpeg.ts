import type Sharp from 'sharp';
import type { RgbImage } from '../imaging/image';
import { loadNative } from './native';

/**
 * Encodes an image as JPEG without colour subsampling, so that fine coloured detail survives.
 * @param quality in 1 .. 100
 * @throws DinomalyError RUNTIME_MISSING when sharp does not load
 */
export async function encodeJpeg({ data, width, height }: RgbImage, quality = 92): Promise<Uint8Array> {
	const sharp = loadNative('sharp') as typeof Sharp;
	return sharp(data, { raw: { width, height, channels: 3 } })
		.jpeg({ quality, chromaSubsampling: '4:4:4' })
		.toBuffer();
}

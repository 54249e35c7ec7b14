import { DinomalyError } from '../errors';
import { BmpError } from '../imaging/bmp';
import type { ImageFormat } from '../imaging/fileKind';
import type { Size } from '../imaging/image';

const READABLE = 'PNG, JPEG, WebP, TIFF, GIF, AVIF or BMP';

/** Nothing lies where the image should be. */
export function missingImage(shown: string, cause: unknown): DinomalyError {
	return new DinomalyError('INPUT_MISSING', `Expected an image file, found nothing at ${shown}`, {
		hint: 'Check the path; a relative one starts at the folder that the program was started in.',
		cause,
	});
}

/** Something is there that is no image. `found` reads on after "found". */
export function notAnImage(shown: string, found: string, cause?: unknown): DinomalyError {
	return new DinomalyError(
		'IMAGE_UNREADABLE',
		`Expected an image (${READABLE}), found ${found} in ${shown}`,
		{
			hint: `Replace it by an image, or remove it; other kinds of images must be converted to PNG or JPEG first.`,
			cause,
		},
	);
}

/** An image that does not decode. The decoder's own words stay in the cause: they name its internals. */
export function damagedImage(shown: string, format: ImageFormat, cause: unknown): DinomalyError {
	const found = cause instanceof BmpError ? cause.message : 'one that is cut short or damaged';
	return new DinomalyError(
		'IMAGE_UNREADABLE',
		`Expected a whole ${format.toUpperCase()} image, found ${found} in ${shown}`,
		{
			hint: 'Copy or export the image again from where it came from, or remove it.',
			cause,
		},
	);
}

export function unsupportedPixels(shown: string, found: string): DinomalyError {
	return new DinomalyError(
		'IMAGE_UNREADABLE',
		`Expected pixels of 8 or 16 bits, gray or RGB, found ${found} in ${shown}`,
		{
			hint: 'Export the image with 8 bits a channel.',
		},
	);
}

export function tooLargeImage(shown: string, { width, height }: Size, maxPixels: number): DinomalyError {
	return new DinomalyError(
		'IMAGE_TOO_LARGE',
		`Expected at most ${megapixels(maxPixels)} megapixels, found ${width} x ${height} = ${megapixels(width * height)} megapixels in ${shown}`,
		{ hint: 'Scale the image down or cut it into parts first.' },
	);
}

function megapixels(pixels: number): string {
	return String(Number((pixels / 1e6).toPrecision(3)));
}

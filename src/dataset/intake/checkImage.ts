import { DinomalyError } from '../../errors';
import type { ImageFormat } from '../../imaging/fileKind';
import type { Size } from '../../imaging/image';
import { decodeImage, decodeMask, imageHeader } from '../../runtime/images';

/** An image or mask as it comes in. */
export interface IncomingFile {
	/** What messages call it; the start of its file name in the dataset. */
	readonly name: string;
	readonly bytes: Uint8Array;
}

/** Sizes are those after EXIF orientation is applied. */
export interface CheckedImage extends Size {
	readonly format: ImageFormat;
}

/** Below this, it is an icon or a tracking pixel and no photograph of a part: one patch of the usual encoders has 14 to 16. */
const SMALLEST_SIDE_PX = 16;
/** These change values near edges, and any value above 0 counts as defect. */
const LOSSY: readonly ImageFormat[] = ['jpeg', 'avif'];

/**
 * Decodes a whole image to see that it can be read.
 * @throws DinomalyError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function checkImage({ name, bytes }: IncomingFile): Promise<CheckedImage> {
	const { width, height, format } = await imageHeader(bytes, { name });
	if (Math.min(width, height) < SMALLEST_SIDE_PX) {
		throw new DinomalyError(
			'IMAGE_UNREADABLE',
			`Expected an image of at least ${SMALLEST_SIDE_PX} pixels a side, found ${width} x ${height} in ${name}`,
			{ hint: 'This is an icon or a thumbnail: send the photograph itself.' },
		);
	}
	await decodeImage(bytes, { name });
	return { width, height, format };
}

/**
 * Decodes a mask to see that it can be read, has the size of its image and marks something.
 * @throws DinomalyError MASK_MISMATCH, IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function checkMask({ name, bytes }: IncomingFile, image: Size): Promise<CheckedImage> {
	const { width, height, format } = await imageHeader(bytes, { name });
	if (LOSSY.includes(format)) {
		throw new DinomalyError('MASK_MISMATCH', `Expected a mask without loss, found ${format} in ${name}`, {
			hint: 'Save the mask as PNG: compression with loss changes pixels beside the defect, and they would count as defect.',
		});
	}
	if (width !== image.width || height !== image.height) {
		throw new DinomalyError(
			'MASK_MISMATCH',
			`Expected a mask of ${image.width} x ${image.height} pixels as its image, found ${width} x ${height} in ${name}`,
			{ hint: 'Draw the mask on the image in its original size.' },
		);
	}
	const { data } = await decodeMask(bytes, { name });
	if (data.some((value) => value !== 0)) return { width, height, format };
	throw new DinomalyError(
		'MASK_MISMATCH',
		`Expected a mask that marks the defect, found an empty one in ${name}`,
		{
			hint: 'Pixels of the defect must be above 0; leave the mask out when the defect has no place.',
		},
	);
}

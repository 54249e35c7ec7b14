import { setImmediate as nextTick } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import type { RgbImage } from '../imaging/image';
import { decodeImage } from '../runtime/images';
import { drawTruth, encodePicture, shrink } from './pictures';

/** What a scored item brings with it, each in the bytes of its file. */
export interface ItemImages {
	readonly image: Uint8Array;
	/** The image under its heat map, as Score Image draws it. */
	readonly heatmap?: Uint8Array;
	/** Ground-truth mask. */
	readonly mask?: Uint8Array;
}

/** The same as a report shows it: JPEG files of at most 320 pixels; null for what was not there or cannot be read. */
export interface ItemPictures {
	readonly image: Uint8Array | null;
	readonly heatmap: Uint8Array | null;
	readonly truth: Uint8Array | null;
}

export interface ItemPicturesRequest {
	readonly items: readonly ItemImages[];
}

/** Draws the pictures of scored items for a report, in their order. What is no image is left out: the report is about the figures. */
export async function drawItemPictures(
	{ items }: ItemPicturesRequest,
	{ signal }: { readonly signal: AbortSignal },
): Promise<ItemPictures[]> {
	const pictures: ItemPictures[] = [];
	for (const { image, heatmap, mask } of items) {
		signal.throwIfAborted();
		const small = await smallPicture(image);
		const overlay = heatmap === undefined ? null : await smallPicture(heatmap);
		pictures.push({
			image: small && (await encodePicture(small)),
			heatmap: overlay && (await encodePicture(overlay)),
			truth: small === null || mask === undefined ? null : await drawTruth(small, mask),
		});
		await nextTick(); // lets messages in, such as a cancel
	}
	return pictures;
}

async function smallPicture(bytes: Uint8Array): Promise<RgbImage | null> {
	try {
		return shrink(await decodeImage(bytes));
	} catch (error) {
		if (error instanceof DinomalyError && error.code !== 'RUNTIME_MISSING') return null;
		throw error;
	}
}

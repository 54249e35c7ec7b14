import { DinomalyError } from '../errors';
import { imageHeader } from '../runtime/images';
import type { ImageHeader } from './inspect';
import { mapLimited } from './parallel';

export interface ImageHeadersRequest {
	readonly files: readonly string[];
}

const PARALLEL = 8;

/** Size and format of each image without decoding it; null for a file that is no image. */
export async function readImageHeaders(
	{ files }: ImageHeadersRequest,
	{ signal }: { readonly signal?: AbortSignal } = {},
): Promise<(ImageHeader | null)[]> {
	return mapLimited(files, headerOf, { limit: PARALLEL, signal });
}

async function headerOf(file: string): Promise<ImageHeader | null> {
	try {
		const { width, height, format } = await imageHeader(file);
		return { width, height, format };
	} catch (error) {
		if (error instanceof DinomalyError && error.code !== 'RUNTIME_MISSING') return null;
		throw error;
	}
}

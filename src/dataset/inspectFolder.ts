import { decodeImage, imageHeader } from '../runtime/images';
import { inspectDataset, type DatasetInspection, type ImageHeader } from './inspect';
import { scanDataset } from './scan';

export interface InspectRequest {
	/** Dataset folder, in any layout. */
	readonly dir: string;
	/** Categories to look at; all when absent. */
	readonly categories?: readonly string[];
	/** Read headers only: ten times as fast, but an image that is cut short passes. */
	readonly headersOnly?: boolean;
}

export interface InspectFolderOptions {
	readonly signal?: AbortSignal;
	readonly onProgress?: (done: number, total: number) => void;
}

/** Decoded images are large; the decoder's own threads are four. */
const PARALLEL = 4;

/**
 * Inspects a dataset folder, decoding every image and mask.
 * @throws DinomalyError as `scanDataset`
 */
export async function inspectFolder(
	{ dir, categories, headersOnly = false }: InspectRequest,
	{ signal, onProgress }: InspectFolderOptions = {},
): Promise<DatasetInspection> {
	const dataset = await scanDataset(dir, { categories, signal });
	const header = headersOnly ? imageHeader : decodedHeader;
	return inspectDataset(dataset, { header, parallel: PARALLEL, signal, onProgress });
}

async function decodedHeader(file: string): Promise<ImageHeader> {
	const header = await imageHeader(file);
	await decodeImage(file);
	return header;
}

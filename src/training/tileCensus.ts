import type { ImageEntry } from '../dataset/dataset';
import { DinomalyError } from '../errors';
import { layoutTiles, tileCount, type Tiling } from '../imaging/tiling';
import { imageHeader } from '../runtime/images';
import { readAhead } from '../runtime/readAhead';

/**
 * How many tiles images fall into, by their headers; without tiles each image counts once. Images that cannot be read count nothing: they
 * are reported where they are decoded.
 */
export async function countTiles(
	entries: readonly ImageEntry[],
	tiling: Tiling | undefined,
	signal: AbortSignal,
): Promise<number> {
	if (tiling === undefined) return entries.length;
	let total = 0;
	for await (const count of readAhead(entries, ({ path }) => tilesIn(path, tiling))) {
		signal.throwIfAborted();
		total += count;
	}
	return total;
}

async function tilesIn(path: string, tiling: Tiling): Promise<number> {
	try {
		return tileCount(layoutTiles(await imageHeader(path), tiling));
	} catch (error) {
		if (error instanceof DinomalyError) return 0;
		throw error;
	}
}

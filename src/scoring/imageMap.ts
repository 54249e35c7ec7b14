import { setImmediate as nextTick } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import type { Box, MapGeometry } from '../imaging/geometry';
import type { Size } from '../imaging/image';
import { mapScore } from '../imaging/mapScore';
import { TileMerger } from '../imaging/tileMerger';
import { layoutTiles, tileBox, tileCount } from '../imaging/tiling';
import { EVAL_SIDE } from '../model/anomalyMap';
import type { ModelConfig } from '../model/config';
import type { MapAndScore } from './scorer';

/** What a model says about a whole image, however it was looked at. */
export interface ImageMap extends MapAndScore {
	/** How the map lies on the image; says the map's size too. */
	readonly geometry: MapGeometry;
}

export interface ImageMapOptions {
	readonly config: Pick<ModelConfig, 'imageSize' | 'cropSize' | 'tiling'>;
	readonly signal?: AbortSignal;
}

/** Gives map and score of a tile, by its number and its box in the original; a null box is the whole image. */
export type ScorePart = (index: number, box: Box | null) => Promise<MapAndScore>;

/**
 * Map and score of an image: of the whole when the model knows no tiles, else of its tiles one after the other, merged. Only one tile's
 * map is held at a time beside the merged one.
 * @throws CONFIG_INVALID when the image falls into too many tiles; CANCELLED when the signal fired between two tiles
 */
export async function mapImage(
	{ width, height }: Size,
	scorePart: ScorePart,
	{ config, signal }: ImageMapOptions,
): Promise<ImageMap> {
	const { imageSize, cropSize, tiling } = config;
	if (tiling === undefined) {
		const whole = { imageSize, cropSize, mapWidth: EVAL_SIDE, mapHeight: EVAL_SIDE, width, height };
		return { ...(await scorePart(0, null)), geometry: whole };
	}
	const layout = layoutTiles({ width, height }, tiling);
	const merger = new TileMerger(layout, EVAL_SIDE);
	for (let i = 0; i < tileCount(layout); i++) {
		if (i > 0) await betweenTiles(signal);
		merger.add(i, (await scorePart(i, tileBox(layout, i))).map);
	}
	const map = merger.result();
	return {
		map,
		score: mapScore({ data: map, ...merger.size }, merger.footprints()),
		geometry: {
			imageSize: cropSize,
			cropSize,
			mapWidth: merger.size.width,
			mapHeight: merger.size.height,
			width,
			height,
		},
	};
}

/** Lets messages in, such as a cancel. */
async function betweenTiles(signal: AbortSignal | undefined): Promise<void> {
	await nextTick();
	if (signal?.aborted)
		throw new DinomalyError('CANCELLED', 'Scoring was cancelled between two tiles of an image');
}

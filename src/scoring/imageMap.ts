import { setImmediate as nextTick } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import type { Box, MapGeometry } from '../imaging/geometry';
import type { Size } from '../imaging/image';
import { mapScore } from '../imaging/mapScore';
import { TileMerger } from '../imaging/tileMerger';
import { tileBox, tileCount, type TileLayout } from '../imaging/tiling';
import { EVAL_SIDE } from '../model/anomalyMap';
import { PartialMapper } from '../model/partialMap';
import { seenImage, type Seeing } from './mapGeometry';
import type { MapAndScore } from './scorer';
import type { SeenArea } from './seenArea';

/** What a model says about a whole image, however it was looked at. */
export interface ImageMap extends Pick<MapAndScore, 'map' | 'score'> {
	/** How the map lies on the image; says the map's size too. */
	readonly geometry: MapGeometry;
	/** How many times as much as one view of the encoder the image holds: 1 when it is seen whole, else its area in tiles. */
	readonly views: number;
	/** What of the image was inspected; undefined: all of it. Elsewhere the map means nothing. */
	readonly seen?: SeenArea;
}

export interface ImageMapOptions {
	readonly config: Seeing;
	/** What of the image is inspected; all when absent. */
	readonly seen?: SeenArea;
	readonly signal?: AbortSignal;
}

/** Gives map and score of a tile, by its number and its box in the original; a null box is the whole image. */
export type ScorePart = (index: number, box: Box | null) => Promise<MapAndScore>;

/**
 * Map and score of an image: of the whole when the model knows no tiles, else of its tiles one after the other, merged. Only one tile's
 * map is held at a time beside the merged one. With an area that is inspected, patches and values outside of it do not count, and tiles
 * without any are not looked at.
 * @throws CONFIG_INVALID when the image falls into too many tiles; CANCELLED when the signal fired between two tiles
 */
export async function mapImage(
	size: Size,
	scorePart: ScorePart,
	options: ImageMapOptions,
): Promise<ImageMap> {
	const { config, seen } = options;
	const { geometry, layout } = seenImage(size, config);
	if (layout !== null) return mapTiles({ geometry, layout }, scorePart, options);
	if (seen === undefined) {
		const { map, score } = await scorePart(0, null);
		return { map, score, geometry, views: 1 };
	}
	const [used] = seen.parts;
	if (used === null) throw nothingInspected(size);
	const { distances } = await scorePart(0, null);
	const { map } = mapperFor(distances, config).map(distances, used);
	const whole = { data: map, width: geometry.mapWidth, height: geometry.mapHeight };
	const score = mapScore(whole, [[0, 0, whole.width, whole.height]], seen.inspected);
	return { map, score, geometry, views: 1, seen };
}

async function mapTiles(
	{ geometry, layout }: { readonly geometry: MapGeometry; readonly layout: TileLayout },
	scorePart: ScorePart,
	{ config, seen, signal }: ImageMapOptions,
): Promise<ImageMap> {
	if (seen?.parts.every((used) => used === null)) throw nothingInspected(layout);
	const merger = new TileMerger(layout, EVAL_SIDE);
	for (let i = 0; i < tileCount(layout); i++) {
		const used = seen?.parts[i];
		if (used === null) continue;
		if (i > 0) await betweenTiles(signal);
		const { map, distances } = await scorePart(i, tileBox(layout, i));
		if (used === undefined) {
			merger.add(i, map);
			continue;
		}
		const inPart = mapperFor(distances, config).map(distances, used);
		merger.addInPart(i, inPart.map, inPart.reach);
	}
	const map = merger.result();
	const score = mapScore({ data: map, ...merger.size }, merger.footprints(), seen?.inspected);
	const views = (layout.width * layout.height) / (layout.tileWidth * layout.tileHeight);
	return { map, score, geometry, views, ...(seen && { seen }) };
}

const mappers = new Map<string, PartialMapper>();

/** One for each size of what encoders see, of which a process meets a few. */
function mapperFor({ length }: Float32Array, { cropSize }: Seeing): PartialMapper {
	const key = `${length} ${cropSize}`;
	const mapper = mappers.get(key) ?? new PartialMapper(Math.sqrt(length), cropSize);
	mappers.set(key, mapper);
	return mapper;
}

function nothingInspected({ width, height }: Size): DinomalyError {
	return new DinomalyError(
		'ZONE_MISMATCH',
		`Expected the model's zones to leave at least one patch of the encoder to inspect, found none in ${width} x ${height} pixels`,
		{
			hint: 'Calibrate the model with zones that leave more of the image, or train it with smaller tiles.',
		},
	);
}

/** Lets messages in, such as a cancel. */
async function betweenTiles(signal: AbortSignal | undefined): Promise<void> {
	await nextTick();
	if (signal?.aborted)
		throw new DinomalyError('CANCELLED', 'Scoring was cancelled between two tiles of an image');
}

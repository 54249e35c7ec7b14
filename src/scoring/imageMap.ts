import { setImmediate as nextTick } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import type { Box, MapGeometry } from '../imaging/geometry';
import type { Size } from '../imaging/image';
import { mapScore } from '../imaging/mapScore';
import { TileMerger } from '../imaging/tileMerger';
import { tileBox, tileCount, type TileLayout } from '../imaging/tiling';
import { inFlight } from '../runtime/inFlight';
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

/** How the parts of an image are scored. */
export interface PartScoring<Part extends MapAndScore = MapAndScore> {
	/** Gives map and score of a tile, by its number and its box in the original; a null box is the whole image. */
	readonly scorePart: (index: number, box: Box | null) => Promise<Part>;
	/** Tiles that are given to it at a time; 1 when absent. */
	readonly atOnce?: number;
	/** Called for each part in their order, before it is taken into the map. */
	readonly onPart?: (part: Part) => void;
}

/**
 * Map and score of an image: of the whole when the model knows no tiles, else of its tiles, merged. Beside the merged map only those of the
 * tiles under way are held, one when they are scored one after the other. With an area that is inspected, patches and values outside of it do not count, and tiles
 * without any are not looked at.
 * @throws CONFIG_INVALID when the image falls into too many tiles; CANCELLED when the signal fired between two tiles
 */
export async function mapImage<Part extends MapAndScore>(
	size: Size,
	parts: PartScoring<Part>,
	options: ImageMapOptions,
): Promise<ImageMap> {
	const { config, seen } = options;
	const { geometry, layout } = seenImage(size, config);
	if (layout !== null) return mapTiles({ geometry, layout }, parts, options);
	const used = seen?.parts[0];
	if (used === null) throw nothingInspected(size);
	const part = await parts.scorePart(0, null);
	parts.onPart?.(part);
	const { map: wholeMap, score: wholeScore, distances } = part;
	if (seen === undefined || used === undefined)
		return { map: wholeMap, score: wholeScore, geometry, views: 1 };
	const { map } = mapperFor(distances, config).map(distances, used);
	const whole = { data: map, width: geometry.mapWidth, height: geometry.mapHeight };
	const score = mapScore(whole, [[0, 0, whole.width, whole.height]], seen.inspected);
	return { map, score, geometry, views: 1, seen };
}

async function mapTiles<Part extends MapAndScore>(
	{ geometry, layout }: { readonly geometry: MapGeometry; readonly layout: TileLayout },
	{ scorePart, atOnce = 1, onPart }: PartScoring<Part>,
	{ config, seen, signal }: ImageMapOptions,
): Promise<ImageMap> {
	if (seen?.parts.every((used) => used === null)) throw nothingInspected(layout);
	const merger = new TileMerger(layout, EVAL_SIDE);
	const looked = Array.from({ length: tileCount(layout) }, (_, i) => i).filter(
		(i) => seen?.parts[i] !== null,
	);
	const scored = inFlight(looked, atOnce, (i) => scorePart(i, tileBox(layout, i)));
	let done = 0;
	for await (const part of scored) {
		onPart?.(part);
		const i = looked[done++];
		const used = seen?.parts[i] ?? undefined;
		if (used === undefined) merger.add(i, part.map);
		else {
			const inPart = mapperFor(part.distances, config).map(part.distances, used);
			merger.addInPart(i, inPart.map, inPart.reach);
		}
		if (done < looked.length) await betweenTiles(signal);
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

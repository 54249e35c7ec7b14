import { DinomalyError } from '../errors';
import { DEFAULT_OVERLAP, type Tiling } from '../imaging/tiling';

/** How a user says that images are to be cut into tiles: by one of the first three. */
export interface TileRequest {
	/** Length in pixels of the original of the smallest defect that must be found. */
	readonly smallestDefectPx?: number;
	/** Side of a tile in pixels of the original. */
	readonly sidePx?: number;
	/** Columns and rows of tiles, whatever the size of the image. */
	readonly grid?: { readonly columns: number; readonly rows: number };
	/** Share of a tile's side that neighbours have in common, in [0, 0.5]; a quarter when absent. */
	readonly overlap?: number;
}

export interface Seen {
	/** Side in pixels of what the encoder sees. */
	readonly cropSize: number;
	/** Side in pixels of its patches. */
	readonly patch: number;
}

/**
 * Patches that the smallest defect should be long. An encoder says one thing about each patch: what is shorter than a patch is only part
 * of what one patch says, and is drowned by the rest of it (docs/decisions/0007).
 */
const PATCHES_PER_DEFECT = 1;
/** Tiles smaller than this hold no context that tells a defect from the part. */
const LEAST_SIDE_PX = 32;

/**
 * Side of the tiles, in pixels of the original, in which a defect of the given length is as long as a patch of the encoder. Smaller
 * tiles find smaller defects and take longer: half the side is four times as many tiles.
 *
 * @example
 * tileSideFor(20, { cropSize: 224, patch: 16 }); // 280
 */
export function tileSideFor(smallestDefectPx: number, { cropSize, patch }: Seen): number {
	return Math.max(LEAST_SIDE_PX, Math.floor((smallestDefectPx * cropSize) / patch / PATCHES_PER_DEFECT));
}

/**
 * The tiling that a request means.
 * @throws CONFIG_INVALID when it says nothing or contradicts itself; ranges are checked with the rest of the configuration
 */
export function resolveTiling(request: TileRequest, seen: Seen): Tiling {
	const { smallestDefectPx, sidePx, grid, overlap = DEFAULT_OVERLAP } = request;
	const given = [smallestDefectPx, sidePx, grid].filter((value) => value !== undefined);
	if (given.length !== 1) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected one of the smallest defect, the tile size and the tile grid to say how images are cut, found ${given.length === 0 ? 'an overlap alone' : given.length}`,
			{ hint: 'Give the length of the smallest defect, or else the size or the grid of the tiles.' },
		);
	}
	if (grid !== undefined) return { kind: 'grid', ...grid, overlap };
	if (smallestDefectPx === undefined) return { kind: 'side', sidePx: sidePx ?? 0, overlap };
	if (!(smallestDefectPx >= 1 && smallestDefectPx <= 100_000)) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected the smallest defect to be a number of pixels from 1 to 100,000, found ${smallestDefectPx}`,
			{ hint: 'Measure a defect in an image as the camera delivers it.' },
		);
	}
	return { kind: 'side', sidePx: tileSideFor(smallestDefectPx, seen), overlap };
}

/** Columns and rows from a text such as "4x3"; undefined when it is none. */
export function parseGrid(text: string): { columns: number; rows: number } | undefined {
	const match = /^\s*(\d{1,4})\s*[x×]\s*(\d{1,4})\s*$/i.exec(text);
	return match === null ? undefined : { columns: Number(match[1]), rows: Number(match[2]) };
}

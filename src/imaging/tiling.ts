import { DinomalyError } from '../errors';
import type { Box } from './geometry';
import type { RgbImage, Size } from './image';

/**
 * How an image is cut into overlapping tiles. `side`: squares of that many pixels of the original, so parts keep their proportions;
 * `grid`: so many columns and rows whatever the size of the image, for cameras that deliver one scene in several sizes.
 */
export type Tiling =
	| {
			readonly kind: 'side';
			/** Side of a tile in pixels of the original image. */
			readonly sidePx: number;
			/** Least share of a tile's side that it has in common with its neighbour, in [0, 0.5]. */
			readonly overlap: number;
	  }
	| {
			readonly kind: 'grid';
			readonly columns: number;
			readonly rows: number;
			/** Least share of a tile's side that it has in common with its neighbour, in [0, 0.5]. */
			readonly overlap: number;
	  };

/** Where the tiles of one image lie: all of one size, in straight columns and rows that reach from edge to edge. */
export interface TileLayout extends Size {
	readonly tileWidth: number;
	readonly tileHeight: number;
	/** Left edge of each column, ascending. */
	readonly lefts: readonly number[];
	/** Top edge of each row, ascending. */
	readonly tops: readonly number[];
}

/** A quarter: wide enough for a defect at the edge of one tile to lie well inside the next. */
export const DEFAULT_OVERLAP = 0.25;

/** More tiles than this are a mistake in the settings: they would take most of an hour an image on a CPU. */
const MAX_TILES = 10_000;

/**
 * Lays tiles over an image. Tiles never reach beyond it; those of a fixed side shrink to squares of its shorter side.
 * @throws DinomalyError CONFIG_INVALID when the image falls into more than 10,000 tiles
 */
export function layoutTiles(image: Size, tiling: Tiling): TileLayout {
	const layout = tiling.kind === 'grid' ? layoutGrid(image, tiling) : layoutSquares(image, tiling);
	if (tileCount(layout) <= MAX_TILES) return layout;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected at most ${MAX_TILES} tiles an image, found ${tileCount(layout)} tiles of ${layout.tileWidth} x ${layout.tileHeight} px in ${image.width} x ${image.height} px`,
		{ hint: 'Use larger tiles or less overlap, or shrink the images.' },
	);
}

/** Number of tiles of a layout. */
export function tileCount({ lefts, tops }: TileLayout): number {
	return lefts.length * tops.length;
}

/** The tile with the given number, row by row. */
export function tileBox({ lefts, tops, tileWidth, tileHeight }: TileLayout, index: number): Box {
	return [lefts[index % lefts.length], tops[Math.floor(index / lefts.length)], tileWidth, tileHeight];
}

/** Copies a part of an image, so that what is made of it never depends on what lies around. */
export function cutTile({ data, width }: RgbImage, [left, top, columns, rows]: Box): RgbImage {
	const row = columns * 3;
	const cut = new Uint8Array(rows * row);
	for (let y = 0; y < rows; y++) {
		const start = ((top + y) * width + left) * 3;
		cut.set(data.subarray(start, start + row), y * row);
	}
	return { data: cut, width: columns, height: rows, channels: 3 };
}

/** "tiles of 320 px that overlap by 25 %". */
export function describeTiling(tiling: Tiling): string {
	const overlap = `that overlap by ${Math.round(tiling.overlap * 100)} %`;
	if (tiling.kind === 'side') return `tiles of ${tiling.sidePx} px ${overlap}`;
	return `${tiling.columns} x ${tiling.rows} tiles ${overlap}`;
}

type Squares = Extract<Tiling, { kind: 'side' }>;
type Grid = Extract<Tiling, { kind: 'grid' }>;

function layoutSquares({ width, height }: Size, { sidePx, overlap }: Squares): TileLayout {
	const side = Math.min(sidePx, width, height);
	return {
		width,
		height,
		tileWidth: side,
		tileHeight: side,
		lefts: spread(width, side, tilesNeeded(width, side, overlap)),
		tops: spread(height, side, tilesNeeded(height, side, overlap)),
	};
}

function layoutGrid({ width, height }: Size, { columns, rows, overlap }: Grid): TileLayout {
	const tileWidth = gridExtent(width, columns, overlap);
	const tileHeight = gridExtent(height, rows, overlap);
	// An image with fewer pixels than columns has no place for as many different tiles.
	return {
		width,
		height,
		tileWidth,
		tileHeight,
		lefts: spread(width, tileWidth, Math.min(columns, width - tileWidth + 1)),
		tops: spread(height, tileHeight, Math.min(rows, height - tileHeight + 1)),
	};
}

/** Extent of each of `count` tiles that cover `size` and share `overlap` of it with their neighbours. */
function gridExtent(size: number, count: number, overlap: number): number {
	return Math.min(size, Math.ceil(size / (count - (count - 1) * overlap)));
}

function tilesNeeded(size: number, side: number, overlap: number): number {
	if (side >= size) return 1;
	const stride = Math.max(1, Math.floor(side * (1 - overlap)));
	return Math.ceil((size - side) / stride) + 1;
}

/** Starts of `count` tiles from edge to edge, as evenly as whole pixels allow. */
function spread(size: number, extent: number, count: number): number[] {
	if (count <= 1) return [0];
	return Array.from({ length: count }, (_, i) => Math.round((i * (size - extent)) / (count - 1)));
}

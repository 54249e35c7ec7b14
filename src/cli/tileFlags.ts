import { parseGrid, type TileRequest } from '../training/tiles';
import type { FlagValues } from './flags';
import { number, text, usage } from './flags';

/** How images are cut into tiles. */
export const TILE_FLAGS = {
	'smallest-defect': number(
		'PX',
		'Cut images into tiles in which a defect of this length, in pixels of the image, can be seen',
		{ min: 1 },
	),
	'tile-size': number('PX', 'Cut images into tiles of this side, in pixels of the image', {
		min: 16,
		whole: true,
	}),
	'tile-grid': text('CxR', 'Cut images into this many columns and rows of tiles, such as 4x3'),
	'tile-overlap': number('SHARE', "Share of a tile's side that neighbours have in common (default: 0.25)", {
		min: 0,
		max: 0.5,
	}),
};

/** What the flags say about tiles; undefined when they say nothing. Throws USAGE for a grid that is none. */
export function readTiles(values: FlagValues<typeof TILE_FLAGS>): TileRequest | undefined {
	const grid = values['tile-grid'];
	const tiles: TileRequest = {
		...(values['smallest-defect'] !== undefined && { smallestDefectPx: values['smallest-defect'] }),
		...(values['tile-size'] !== undefined && { sidePx: values['tile-size'] }),
		...(grid !== undefined && { grid: readGrid(grid) }),
		...(values['tile-overlap'] !== undefined && { overlap: values['tile-overlap'] }),
	};
	return Object.keys(tiles).length === 0 ? undefined : tiles;
}

function readGrid(given: string): { columns: number; rows: number } {
	const grid = parseGrid(given);
	if (grid !== undefined) return grid;
	throw usage(`Expected --tile-grid to be columns by rows such as 4x3, found "${given}"`);
}

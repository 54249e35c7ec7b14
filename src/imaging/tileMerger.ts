import type { Size } from './image';
import type { TileLayout } from './tiling';

/** Where one column or row of tiles lies in the merged map, and how its map is read there. */
interface Span {
	/** First pixel of the merged map, and how many. */
	readonly start: number;
	readonly count: number;
	/** For each pixel: the two pixels of the tile's map around its centre, and the share of the second. */
	readonly first: Int32Array;
	readonly second: Int32Array;
	readonly share: Float32Array;
	/** For each pixel the tile's part in the merged value; those of all tiles add up to 1. */
	readonly weights: Float32Array;
}

/** Columns [x, y, width, height] of a merged map that a tile covers, in the map's own pixels. */
export type MapBox = readonly [number, number, number, number];

/**
 * Merged maps are never larger, 16 MB: finer detail than an encoder's patches have is not in them. Four megapixels hold 100 megapixels
 * in tiles of 224 px with 46 values along a tile, three for each of its 16 patches.
 */
const MAX_MAP_PIXELS = 1 << 22;
/** Weight at the very edge of a tile, so that an image's border, which one tile alone sees, has a value. */
const EDGE_WEIGHT = 1e-3;

/** Size of the merged map: a tile has as many values there as its own map, but never more than original pixels. */
export function mergedSize({ width, height, tileWidth, tileHeight }: TileLayout, mapSide: number): Size {
	const fine = {
		width: Math.min(width, Math.round((width * mapSide) / tileWidth)),
		height: Math.min(height, Math.round((height * mapSide) / tileHeight)),
	};
	const excess = (fine.width * fine.height) / MAX_MAP_PIXELS;
	if (excess <= 1) return fine;
	return {
		width: Math.max(1, Math.floor(fine.width / Math.sqrt(excess))),
		height: Math.max(1, Math.floor(fine.height / Math.sqrt(excess))),
	};
}

/**
 * Merges the anomaly maps of overlapping tiles into one map of the whole image. A tile counts most in its middle and least at its edge,
 * by a raised cosine along either axis: what an encoder says near an edge rests on less context. Holds the merged map and nothing
 * of the tiles.
 */
export class TileMerger {
	readonly size: Size;
	private readonly merged: Float32Array;
	/** For each pixel the weights that were added up; only when tiles are added in part. */
	private totals: Float32Array | undefined;
	private readonly columns: readonly Span[];
	private readonly rows: readonly Span[];

	/** @param mapSide side of the tiles' maps */
	constructor(
		layout: TileLayout,
		private readonly mapSide: number,
	) {
		this.size = mergedSize(layout, mapSide);
		const { width, height } = this.size;
		this.merged = new Float32Array(width * height);
		this.columns = spansAlong(layout.lefts, layout.tileWidth, {
			size: layout.width,
			mapSize: width,
			mapSide,
		});
		this.rows = spansAlong(layout.tops, layout.tileHeight, {
			size: layout.height,
			mapSize: height,
			mapSide,
		});
	}

	/** Adds the map of one tile, `mapSide * mapSide` values; every tile is to be added once. */
	add(index: number, map: Float32Array): void {
		const column = this.columns[index % this.columns.length];
		const row = this.rows[Math.floor(index / this.columns.length)];
		for (let y = 0; y < row.count; y++) {
			const upper = row.first[y] * this.mapSide;
			const lower = row.second[y] * this.mapSide;
			const down = row.share[y];
			const weight = row.weights[y];
			const start = (row.start + y) * this.size.width + column.start;
			for (let x = 0; x < column.count; x++) {
				const left = column.first[x];
				const right = column.second[x];
				const across = column.share[x];
				const above = map[upper + left] + across * (map[upper + right] - map[upper + left]);
				const below = map[lower + left] + across * (map[lower + right] - map[lower + left]);
				this.merged[start + x] += weight * column.weights[x] * (above + down * (below - above));
			}
		}
	}

	/**
	 * Adds the map of one tile of which not all counts. Tiles are added in part or in full, never mixed, and those that nothing counts of may
	 * be left out.
	 *
	 * @param reach for each value of the map how much of it counts, in [0, 1]
	 */
	addInPart(index: number, map: Float32Array, reach: Float32Array): void {
		this.totals ??= new Float32Array(this.merged.length);
		const column = this.columns[index % this.columns.length];
		const row = this.rows[Math.floor(index / this.columns.length)];
		const { mapSide } = this;
		for (let y = 0; y < row.count; y++) {
			const start = (row.start + y) * this.size.width + column.start;
			for (let x = 0; x < column.count; x++) {
				let sum = 0;
				let weights = 0;
				for (let corner = 0; corner < 4; corner++) {
					const right = corner % 2 === 1;
					const lower = corner > 1;
					const at =
						(lower ? row.second[y] : row.first[y]) * mapSide +
						(right ? column.second[x] : column.first[x]);
					const weight =
						(lower ? row.share[y] : 1 - row.share[y]) *
						(right ? column.share[x] : 1 - column.share[x]) *
						reach[at];
					sum += weight * map[at];
					weights += weight;
				}
				const weight = row.weights[y] * column.weights[x];
				this.merged[start + x] += weight * sum;
				this.totals[start + x] += weight * weights;
			}
		}
	}

	/** The merged map, row by row; of meaning once all tiles were added. 0 where nothing counts. */
	result(): Float32Array {
		const { merged, totals } = this;
		if (totals === undefined) return merged;
		for (let i = 0; i < merged.length; i++) merged[i] = totals[i] > 0 ? merged[i] / totals[i] : 0;
		this.totals = undefined;
		return merged;
	}

	/** The part of the merged map that each tile covers, in the order of the tiles. */
	footprints(): MapBox[] {
		return this.rows.flatMap((row) =>
			this.columns.map((column): MapBox => [column.start, row.start, column.count, row.count]),
		);
	}
}

interface Axis {
	/** Extent of the original image. */
	readonly size: number;
	/** Extent of the merged map. */
	readonly mapSize: number;
	readonly mapSide: number;
}

function spansAlong(starts: readonly number[], extent: number, axis: Axis): Span[] {
	const spans = starts.map((start) => spanOf(start, extent, axis));
	const totals = new Float64Array(axis.mapSize);
	for (const { start, count, weights } of spans)
		for (let i = 0; i < count; i++) totals[start + i] += weights[i];
	for (const { start, count, weights } of spans)
		for (let i = 0; i < count; i++) weights[i] /= totals[start + i];
	return spans;
}

/** The merged pixels whose centres lie in a tile; weights are not yet shared out among the tiles. */
function spanOf(tileStart: number, extent: number, { size, mapSize, mapSide }: Axis): Span {
	const scale = mapSize / size;
	const start = Math.max(0, Math.ceil(tileStart * scale - 0.5));
	const end = Math.min(mapSize, Math.ceil((tileStart + extent) * scale - 0.5));
	const count = Math.max(0, end - start);
	const first = new Int32Array(count);
	const second = new Int32Array(count);
	const share = new Float32Array(count);
	const weights = new Float32Array(count);
	for (let i = 0; i < count; i++) {
		const within = ((start + i + 0.5) / scale - tileStart) / extent;
		const position = Math.min(mapSide - 1, Math.max(0, within * mapSide - 0.5));
		first[i] = Math.floor(position);
		second[i] = Math.min(mapSide - 1, first[i] + 1);
		share[i] = position - first[i];
		weights[i] = EDGE_WEIGHT + Math.sin(Math.PI * within) ** 2;
	}
	return { start, count, first, second, share, weights };
}

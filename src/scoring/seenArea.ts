import { mapToOriginal, originalToMap, type Box, type MapGeometry } from '../imaging/geometry';
import type { InspectedPixels } from '../imaging/inspectedPixels';
import { tileBox, tileCount } from '../imaging/tiling';
import type { PixelArea } from '../zones/pixelArea';
import { seenImage, type Seeing } from './mapGeometry';

/**
 * A patch of the encoder counts when at least this share of its pixels is inspected: what the encoder says about a patch rests on all of
 * them (docs/zones.md has the measurements).
 */
const LEAST_SHARE = 0.5;

/** The patches of one tile, or of the whole image: where they lie, and which of them count. */
interface Part {
	readonly box: Box;
	/** 1 for patches that count, row by row; null when none does. */
	readonly used: Uint8Array | null;
}

export interface SeenAreaOptions {
	readonly seeing: Seeing;
	/** Patches along a side of what the encoder sees at a time. */
	readonly grid: number;
}

/**
 * What a model really inspects of images of one size: the pixels that zones leave, as far as patches of the encoder lie in them. Made once
 * for a size and used for every image of it.
 */
export class SeenArea implements InspectedPixels {
	/** For each tile, or the whole image: 1 for patches that count, row by row; null when none does. */
	readonly parts: readonly (Uint8Array | null)[];
	/** For each pixel of the map: 1 where it is inspected. */
	readonly inspected: Uint8Array;
	/** Share of the image's pixels that is inspected, in [0, 1]. */
	readonly share: number;
	/** Column and row of the map that a column and a row of the image lie in; -1 outside of the map. */
	private readonly columns: Int32Array;
	private readonly rows: Int32Array;
	private readonly geometry: MapGeometry;

	/** @throws CONFIG_INVALID when images of this size fall into too many tiles */
	constructor(
		/** What the zones leave. */
		readonly area: PixelArea,
		{ seeing, grid }: SeenAreaOptions,
	) {
		const { width, height } = area.size;
		const { geometry, layout } = seenImage(area.size, seeing);
		const boxes: Box[] =
			layout === null
				? [[0, 0, width, height]]
				: Array.from({ length: tileCount(layout) }, (_, i) => tileBox(layout, i));
		const parts = boxes.map((box): Part => ({
			box,
			used: usedPatches(area, gridOf(box, seeing, grid), box),
		}));
		this.parts = parts.map(({ used }) => used);
		this.geometry = geometry;
		this.columns = mapIndices('x', geometry);
		this.rows = mapIndices('y', geometry);
		this.inspected = inspectedValues(area, geometry, { parts, seeing, grid });
		this.share = shareOf(this, area);
	}

	writeRow(y: number, target: Uint8Array): void {
		this.area.writeRow(y, target);
		const row = this.rows[y];
		if (row < 0) {
			target.fill(0);
			return;
		}
		const start = row * this.geometry.mapWidth;
		for (let x = 0; x < this.columns.length; x++) {
			if (target[x] === 0) continue;
			const column = this.columns[x];
			target[x] = column < 0 ? 0 : this.inspected[start + column];
		}
	}
}

/** From a box of the image to its patches: as to a map that has one value for each. */
function gridOf([, , width, height]: Box, { imageSize, cropSize }: Seeing, grid: number): MapGeometry {
	return { imageSize, cropSize, mapWidth: grid, mapHeight: grid, width, height };
}

function usedPatches(area: PixelArea, geometry: MapGeometry, [left, top]: Box): Uint8Array | null {
	const { mapWidth: grid } = geometry;
	const used = new Uint8Array(grid * grid);
	const edges = Array.from({ length: grid + 1 }, (_, i) => mapToOriginal(geometry, { x: i, y: i }));
	for (let row = 0; row < grid; row++) {
		const [y, rows] = pixelsBetween(edges[row].y, edges[row + 1].y, geometry.height);
		for (let column = 0; column < grid; column++) {
			const [x, columns] = pixelsBetween(edges[column].x, edges[column + 1].x, geometry.width);
			const pixels = columns * rows;
			if (pixels === 0) continue;
			const inspected = area.countIn([left + x, top + y, columns, rows]);
			if (inspected >= LEAST_SHARE * pixels) used[row * grid + column] = 1;
		}
	}
	return used.includes(1) ? used : null;
}

/**
 * First and number of the pixels whose centres lie between two positions, within 0..size; the pixel around the middle when there is none,
 * as in images of fewer pixels than patches, and nothing where that lies outside.
 */
function pixelsBetween(from: number, to: number, size: number): [start: number, count: number] {
	const start = Math.max(0, Math.ceil(from - 0.5));
	const end = Math.min(size, Math.ceil(to - 0.5));
	if (end > start) return [start, end - start];
	const middle = Math.floor((from + to) / 2);
	return middle >= 0 && middle < size ? [middle, 1] : [0, 0];
}

/** The values of the map whose place is inspected, and seen by a patch that counts in one tile at least. */
function inspectedValues(
	area: PixelArea,
	geometry: MapGeometry,
	{ parts, seeing, grid }: SeenAreaOptions & { readonly parts: readonly Part[] },
): Uint8Array {
	const { mapWidth, mapHeight, width, height } = geometry;
	const inspected = new Uint8Array(mapWidth * mapHeight);
	const xs = Float64Array.from(
		{ length: mapWidth },
		(_, u) => mapToOriginal(geometry, { x: u + 0.5, y: 0 }).x,
	);
	const ys = Float64Array.from(
		{ length: mapHeight },
		(_, v) => mapToOriginal(geometry, { x: 0, y: v + 0.5 }).y,
	);
	for (const { box, used } of parts) {
		if (used === null) continue;
		const patches = gridOf(box, seeing, grid);
		const columns = xs.map((x) => Math.floor(originalToMap(patches, { x: x - box[0], y: 0 }).x));
		const rows = ys.map((y) => Math.floor(originalToMap(patches, { x: 0, y: y - box[1] }).y));
		const [left, right] = within(columns, grid);
		const [top, bottom] = within(rows, grid);
		for (let v = top; v < bottom; v++) {
			// Where the centre crop reaches beyond the image there is only padding.
			if (ys[v] < 0 || ys[v] >= height) continue;
			for (let u = left; u < right; u++) {
				if (xs[u] < 0 || xs[u] >= width) continue;
				if (used[rows[v] * grid + columns[u]] === 0) continue;
				if (area.has(Math.floor(xs[u]), Math.floor(ys[v]))) inspected[v * mapWidth + u] = 1;
			}
		}
	}
	return inspected;
}

/** The places of ascending numbers that lie in 0..limit: from the first to before the second. */
function within(ascending: Float64Array, limit: number): [number, number] {
	const from = ascending.findIndex((value) => value >= 0);
	const to = ascending.findIndex((value) => value >= limit);
	return from === -1 ? [0, 0] : [from, to === -1 ? ascending.length : to];
}

function mapIndices(axis: 'x' | 'y', geometry: MapGeometry): Int32Array {
	const [size, mapSize] =
		axis === 'x' ? [geometry.width, geometry.mapWidth] : [geometry.height, geometry.mapHeight];
	return Int32Array.from({ length: size }, (_, i) => {
		const index = Math.floor(originalToMap(geometry, { x: i + 0.5, y: i + 0.5 })[axis]);
		return index >= 0 && index < mapSize ? index : -1;
	});
}

function shareOf(pixels: InspectedPixels, { size }: PixelArea): number {
	const row = new Uint8Array(size.width);
	let count = 0;
	for (let y = 0; y < size.height; y++) {
		pixels.writeRow(y, row);
		for (let x = 0; x < row.length; x++) count += row[x];
	}
	return count / (size.width * size.height);
}

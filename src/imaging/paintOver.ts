import type { RgbImage } from './image';
import type { InspectedPixels } from './inspectedPixels';

/** Colours are spread on a grid of at most this many cells along the longer side, whatever the size of the image. */
const GRID_SIDE = 256;

/** Colours of cells, 3 values each, and the pixels that each rests on. */
interface Cells {
	readonly width: number;
	readonly height: number;
	readonly colours: Float64Array;
	readonly weights: Float64Array;
}

/**
 * Paints over the pixels that must not be seen, with the colours around them. What was there has no part in the result, not by a bit: it is
 * made of the other pixels alone (pull-push: means of ever larger cells fill the ones that hold nothing).
 *
 * @param visible the pixels that stay; where there are none the whole image becomes black
 */
export function paintOver(image: RgbImage, visible: InspectedPixels): RgbImage {
	const { width, height } = image;
	const cell = Math.max(1, Math.ceil(Math.max(width, height) / GRID_SIDE));
	const filled = fillCells(meanCells(image, visible, cell));
	const data = Uint8Array.from(image.data);
	const row = new Uint8Array(width);
	for (let y = 0; y < height; y++) {
		visible.writeRow(y, row);
		for (let x = 0; x < width; x++)
			if (row[x] === 0) paint(data, (y * width + x) * 3, { cells: filled, x: x / cell, y: y / cell });
	}
	return { data, width, height, channels: 3 };
}

/** Sums of the visible pixels of each cell. */
function meanCells({ data, width, height }: RgbImage, visible: InspectedPixels, cell: number): Cells {
	const cells = emptyCells(Math.ceil(width / cell), Math.ceil(height / cell));
	const row = new Uint8Array(width);
	for (let y = 0; y < height; y++) {
		visible.writeRow(y, row);
		const start = Math.floor(y / cell) * cells.width;
		for (let x = 0, p = y * width * 3; x < width; x++, p += 3) {
			if (row[x] === 0) continue;
			const i = start + Math.floor(x / cell);
			cells.weights[i]++;
			for (let c = 0; c < 3; c++) cells.colours[i * 3 + c] += data[p + c];
		}
	}
	for (let i = 0; i < cells.weights.length; i++)
		if (cells.weights[i] > 0) for (let c = 0; c < 3; c++) cells.colours[i * 3 + c] /= cells.weights[i];
	return cells;
}

/** Gives cells without a pixel the colour of the larger cells around them. */
function fillCells(cells: Cells): Cells {
	const { width, height, colours, weights } = cells;
	if ((width === 1 && height === 1) || !weights.includes(0)) return cells;
	const larger = fillCells(halve(cells));
	for (let y = 0, i = 0; y < height; y++)
		for (let x = 0; x < width; x++, i++) {
			if (weights[i] > 0) continue;
			for (let c = 0; c < 3; c++)
				colours[i * 3 + c] = between(larger, { x: (x + 0.5) / 2 - 0.5, y: (y + 0.5) / 2 - 0.5, c });
		}
	return cells;
}

/** Cells of two by two, each pixel of which weighs the same up to one full cell, so that colours stay near. */
function halve({ width, height, colours, weights }: Cells): Cells {
	const half = emptyCells(Math.ceil(width / 2), Math.ceil(height / 2));
	for (let y = 0, i = 0; y < height; y++)
		for (let x = 0; x < width; x++, i++) {
			if (weights[i] === 0) continue;
			const to = (y >> 1) * half.width + (x >> 1);
			half.weights[to]++;
			for (let c = 0; c < 3; c++) half.colours[to * 3 + c] += colours[i * 3 + c];
		}
	for (let i = 0; i < half.weights.length; i++)
		if (half.weights[i] > 0) for (let c = 0; c < 3; c++) half.colours[i * 3 + c] /= half.weights[i];
	return half;
}

/** Bilinear, between the centres of cells. */
function between(
	{ width, height, colours }: Cells,
	{ x, y, c }: { readonly x: number; readonly y: number; readonly c: number },
): number {
	const left = Math.min(width - 1, Math.max(0, Math.floor(x)));
	const top = Math.min(height - 1, Math.max(0, Math.floor(y)));
	const right = Math.min(width - 1, left + 1);
	const bottom = Math.min(height - 1, top + 1);
	const across = Math.min(1, Math.max(0, x - left));
	const down = Math.min(1, Math.max(0, y - top));
	const at = (column: number, row: number): number => colours[(row * width + column) * 3 + c];
	const above = at(left, top) + across * (at(right, top) - at(left, top));
	const below = at(left, bottom) + across * (at(right, bottom) - at(left, bottom));
	return above + down * (below - above);
}

function paint(
	data: Uint8Array,
	p: number,
	{ cells, x, y }: { readonly cells: Cells; readonly x: number; readonly y: number },
): void {
	for (let c = 0; c < 3; c++) data[p + c] = Math.round(between(cells, { x: x - 0.5, y: y - 0.5, c }));
}

function emptyCells(width: number, height: number): Cells {
	return {
		width,
		height,
		colours: new Float64Array(width * height * 3),
		weights: new Float64Array(width * height),
	};
}

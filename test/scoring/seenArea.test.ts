import fc from 'fast-check';
import type { Size } from '../../src/imaging/image';
import { mergedSize } from '../../src/imaging/tileMerger';
import { layoutTiles, type Tiling } from '../../src/imaging/tiling';
import { SeenArea } from '../../src/scoring/seenArea';
import { PixelArea } from '../../src/zones/pixelArea';
import { zonesOf, type Drawing } from '../zones/bruteForce';
import { drawings } from '../zones/drawings';

const MAP_SIDE = 256;
/** As docs/zones.md says: a patch counts when half of its pixels are inspected. */
const LEAST_SHARE = 0.5;

interface Case {
	readonly size: Size;
	readonly imageSize: number;
	readonly cropSize: number;
	readonly patch: number;
	readonly tiling?: Tiling;
}

/** Of so many values of the map one is looked at. */
const STEP = 7;

/** One tile, or the whole image: where it begins and what it covers. */
interface View extends Size {
	readonly left: number;
	readonly top: number;
}

/** Half of the rest, halves to the even side, as Python's round does it; negative where the crop is padded. */
function offsetOf({ imageSize, cropSize }: Case): number {
	const rest = Math.abs(imageSize - cropSize);
	const half = Math.floor(rest / 2);
	if (imageSize < cropSize) return -half;
	return rest % 2 === 1 && half % 2 === 1 ? half + 1 : half;
}

/** The patch that a place of the image falls into, forward through resizing and cropping; undefined outside of the crop. */
function patchAt(place: { x: number; y: number }, view: View, one: Case): number | undefined {
	const grid = one.cropSize / one.patch;
	const along = (position: number, start: number, extent: number): number =>
		Math.floor((((position - start) / extent) * one.imageSize - offsetOf(one)) / one.patch);
	const [column, row] = [along(place.x, view.left, view.width), along(place.y, view.top, view.height)];
	if (column < 0 || row < 0 || column >= grid || row >= grid) return undefined;
	return row * grid + column;
}

function usedByCounting(area: PixelArea, view: View, one: Case): boolean[] {
	const grid = one.cropSize / one.patch;
	const counts = Array.from({ length: grid * grid }, () => [0, 0]);
	for (let y = view.top; y < view.top + view.height; y++)
		for (let x = view.left; x < view.left + view.width; x++) {
			const patch = patchAt({ x: x + 0.5, y: y + 0.5 }, view, one);
			if (patch === undefined) continue;
			counts[patch][0]++;
			if (area.has(x, y)) counts[patch][1]++;
		}
	return counts.map(([all, inspected]) => all > 0 && inspected >= LEAST_SHARE * all);
}

function viewsOf({ size, tiling }: Case): View[] {
	if (tiling === undefined) return [{ left: 0, top: 0, ...size }];
	const { lefts, tops, tileWidth: width, tileHeight: height } = layoutTiles(size, tiling);
	return tops.flatMap((top) => lefts.map((left) => ({ left, top, width, height })));
}

/** For each value of the map, whether its place is inspected and a patch that counts lies there; undefined on borders, and of most values. */
function inspectedByPlaces(area: PixelArea, one: Case, used: readonly boolean[][]): (boolean | undefined)[] {
	const { size, tiling, imageSize, cropSize } = one;
	const map = tiling
		? mergedSize(layoutTiles(size, tiling), MAP_SIDE)
		: { width: MAP_SIDE, height: MAP_SIDE };
	const views = viewsOf(one);
	return Array.from({ length: map.width * map.height }, (_, i) => {
		// A prime step meets all columns and rows.
		if (i % STEP !== 0) return undefined;
		const [u, v] = [(i % map.width) + 0.5, Math.floor(i / map.width) + 0.5];
		const back = (at: number, mapSize: number, extent: number): number =>
			tiling
				? (at / mapSize) * extent
				: (((at / mapSize) * cropSize + offsetOf(one)) / imageSize) * extent;
		const place = { x: back(u, map.width, size.width), y: back(v, map.height, size.height) };
		const at = (x: number, y: number): boolean => {
			if (x < 0 || y < 0 || x >= size.width || y >= size.height) return false;
			if (!area.has(Math.floor(x), Math.floor(y))) return false;
			return views.some((view, t) => {
				const patch = patchAt({ x, y }, view, one);
				return patch !== undefined && used[t][patch];
			});
		};
		// On the border of two pixels or patches, in either direction, rounding decides.
		const around = [-1e-9, 1e-9].flatMap((dx) =>
			[-1e-9, 1e-9].map((dy) => at(place.x + dx, place.y + dy)),
		);
		return around.every((inspected) => inspected === around[0]) ? around[0] : undefined;
	});
}

function areaOf(drawing: Drawing, size: Size): PixelArea {
	return PixelArea.of(zonesOf(drawing).zones, drawing.size, size);
}

const CASES: readonly [string, Case][] = [
	['a whole image', { size: { width: 113, height: 71 }, imageSize: 64, cropSize: 64, patch: 16 }],
	['a centre crop', { size: { width: 113, height: 71 }, imageSize: 79, cropSize: 64, patch: 8 }],
	['an odd rest of the crop', { size: { width: 90, height: 150 }, imageSize: 59, cropSize: 56, patch: 14 }],
	['a padded crop', { size: { width: 64, height: 64 }, imageSize: 48, cropSize: 64, patch: 16 }],
	[
		'square tiles',
		{
			size: { width: 113, height: 71 },
			imageSize: 64,
			cropSize: 64,
			patch: 16,
			tiling: { kind: 'side', sidePx: 48, overlap: 0.25 },
		},
	],
	[
		'a grid of tiles',
		{
			size: { width: 113, height: 71 },
			imageSize: 64,
			cropSize: 64,
			patch: 8,
			tiling: { kind: 'grid', columns: 2, rows: 2, overlap: 0.1 },
		},
	],
];

test.each(CASES)('%s: patches and map values are those that a count pixel by pixel finds', (_, one) => {
	const grid = one.cropSize / one.patch;
	fc.assert(
		fc.property(drawings(one.size), (drawing) => {
			const area = areaOf(drawing, one.size);
			const seen = new SeenArea(area, { seeing: one, grid });
			const used = viewsOf(one).map((view) => usedByCounting(area, view, one));
			expect(
				seen.parts.map((part) => Array.from({ length: grid * grid }, (__, i) => part?.[i] === 1)),
			).toEqual(used);
			const expected = inspectedByPlaces(area, one, used);
			const found = [...seen.inspected].map((value) => value === 1);
			expect(found.map((value, i) => (expected[i] === undefined ? undefined : value))).toEqual(
				expected,
			);
		}),
		{ numRuns: 5 },
	);
});

test.each(CASES)('%s: a pixel is inspected when zones leave it and its map value is', (_, one) => {
	const grid = one.cropSize / one.patch;
	fc.assert(
		fc.property(drawings(one.size), (drawing) => {
			const area = areaOf(drawing, one.size);
			const seen = new SeenArea(area, { seeing: one, grid });
			const { width, height } = one.size;
			const row = new Uint8Array(width);
			let count = 0;
			for (let y = 0; y < height; y++) {
				seen.writeRow(y, row);
				for (let x = 0; x < width; x++) {
					count += row[x];
					if (row[x] === 1) expect(area.has(x, y)).toBe(true);
				}
			}
			expect(seen.share).toBeCloseTo(count / (width * height), 12);
			if (count > 0) expect(seen.inspected).toContain(1);
		}),
		{ numRuns: 5 },
	);
});

test('without any zone near them all patches count', () => {
	const size = { width: 100, height: 100 };
	const corners = [
		[0, 0],
		[20, 0],
		[20, 20],
		[0, 20],
	] as [number, number][];
	const area = areaOf({ size, zones: [{ use: 'ignore', corners }] }, size);
	const seen = new SeenArea(area, { seeing: { imageSize: 40, cropSize: 40 }, grid: 4 });
	expect([...seen.parts[0]!]).toEqual([0, ...Array.from({ length: 15 }, () => 1)]);
	expect(seen.share).toBeCloseTo(15 / 16, 1);
});

test('an image of fewer pixels than patches is inspected by the pixels around the patches', () => {
	const size = { width: 3, height: 3 };
	const picture = [1, 1, 1, 1, 0, 1, 1, 1, 1];
	const area = areaOf({ size, zones: [{ use: 'inspect', picture }] }, size);
	const seen = new SeenArea(area, { seeing: { imageSize: 48, cropSize: 48 }, grid: 6 });
	const middle = [14, 15, 20, 21];
	expect([...seen.parts[0]!].flatMap((used, i) => (used === 0 ? [i] : []))).toEqual(middle);
});

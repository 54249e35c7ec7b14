import fc from 'fast-check';
import { TileMerger, mergedSize } from '../../src/imaging/tileMerger';
import { layoutTiles, tileBox, tileCount, type TileLayout } from '../../src/imaging/tiling';

const layouts = fc
	.record({
		width: fc.integer({ min: 20, max: 200 }),
		height: fc.integer({ min: 20, max: 200 }),
		sidePx: fc.integer({ min: 16, max: 120 }),
		overlap: fc.double({ min: 0, max: 0.5, noNaN: true }),
	})
	.map(({ width, height, sidePx, overlap }) =>
		layoutTiles({ width, height }, { kind: 'side', sidePx, overlap }),
	);

/** The map of a tile whose value at each place is what `value` says about that place in the original. */
function tileMap(
	layout: TileLayout,
	index: number,
	side: number,
	value: (x: number, y: number) => number,
): Float32Array {
	const [left, top, width, height] = tileBox(layout, index);
	return Float32Array.from({ length: side * side }, (_, i) =>
		value(
			left + (((i % side) + 0.5) * width) / side,
			top + ((Math.floor(i / side) + 0.5) * height) / side,
		),
	);
}

function merge(layout: TileLayout, side: number, value: (x: number, y: number) => number): TileMerger {
	const merger = new TileMerger(layout, side);
	for (let i = 0; i < tileCount(layout); i++) merger.add(i, tileMap(layout, i, side, value));
	return merger;
}

test('tiles that agree on a value merge into that value everywhere, edges and corners too', () => {
	fc.assert(
		fc.property(layouts, fc.integer({ min: 4, max: 40 }), (layout, side) => {
			const map = merge(layout, side, () => 0.25).result();
			expect(map.every((value) => Math.abs(value - 0.25) < 1e-5)).toBe(true);
		}),
	);
});

test('a slope over the image comes out as the same slope: every tile is put in its place', () => {
	fc.assert(
		fc.property(layouts, (layout) => {
			const side = 32;
			const merger = merge(layout, side, (x, y) => x / 100 + y / 300);
			const { width, height } = merger.size;
			const map = merger.result();
			// Values stay the same between the outermost centres of a tile's map and its edge: half of one of its pixels.
			const tolerance = (layout.tileWidth / side / 2) * (1 / 100 + 1 / 300) + 1e-4;
			const worst = map.reduce((largest, value, i) => {
				const x = (((i % width) + 0.5) * layout.width) / width;
				const y = ((Math.floor(i / width) + 0.5) * layout.height) / height;
				return Math.max(largest, Math.abs(value - (x / 100 + y / 300)));
			}, 0);
			expect(map).toHaveLength(width * height);
			expect(worst).toBeLessThan(tolerance);
		}),
		{ numRuns: 30 },
	);
});

test('where two tiles overlap each counts by the raised cosine of its distance from its edges', () => {
	// 150 x 100 pixels in two tiles of 100: the overlap is 50..100.
	const layout = layoutTiles({ width: 150, height: 100 }, { kind: 'side', sidePx: 100, overlap: 0.5 });
	const merger = new TileMerger(layout, 100);
	merger.add(0, new Float32Array(100 * 100).fill(1));
	merger.add(1, new Float32Array(100 * 100));
	const map = merger.result();
	expect(merger.size).toEqual({ width: 150, height: 100 });
	const weight = (u: number): number => 1e-3 + Math.sin(Math.PI * u) ** 2;
	for (const x of [10, 55, 70, 75, 90, 120]) {
		const first = x < 100 ? weight((x + 0.5) / 100) : 0;
		const second = x >= 50 ? weight((x - 50 + 0.5) / 100) : 0;
		expect(map[40 * 150 + x]).toBeCloseTo(first / (first + second), 5);
	}
});

test('one tile as large as the image leaves its map as it is', () => {
	const layout = layoutTiles(
		{ width: 300, height: 200 },
		{ kind: 'grid', columns: 1, rows: 1, overlap: 0 },
	);
	const own = Float32Array.from({ length: 64 * 64 }, (_, i) => Math.sin(i));
	const merger = new TileMerger(layout, 64);
	merger.add(0, own);
	const merged = merger.result();
	expect(merger.size).toEqual({ width: 64, height: 64 });
	expect(merged.every((value, i) => Math.abs(value - own[i]) < 1e-5)).toBe(true);
});

test('footprints lie on the tiles and together on the whole map', () => {
	fc.assert(
		fc.property(layouts, (layout) => {
			const merger = new TileMerger(layout, 16);
			const { width, height } = merger.size;
			const covered = new Uint8Array(width * height);
			merger.footprints().forEach(([left, top, columns, rows], i) => {
				const box = tileBox(layout, i);
				expect(Math.abs((left * layout.width) / width - box[0])).toBeLessThanOrEqual(
					layout.width / width,
				);
				expect(Math.abs((top * layout.height) / height - box[1])).toBeLessThanOrEqual(
					layout.height / height,
				);
				for (let y = top; y < top + rows; y++)
					covered.fill(1, y * width + left, y * width + left + columns);
			});
			expect(covered.includes(0)).toBe(false);
		}),
	);
});

test('a merged map is as fine as the maps of its tiles, but not finer than the image and never above four megapixels', () => {
	const size = (width: number, height: number, sidePx: number): unknown =>
		mergedSize(layoutTiles({ width, height }, { kind: 'side', sidePx, overlap: 0.25 }), 256);
	expect(size(6000, 4000, 800)).toEqual({ width: 1920, height: 1280 });
	expect(size(300, 200, 64)).toEqual({ width: 300, height: 200 });
	const { width, height } = size(10_000, 10_000, 256) as { width: number; height: number };
	expect(width * height).toBeLessThanOrEqual(1 << 22);
	expect([width, height]).toEqual([2048, 2048]);
});

test('tiles that count in full merge as they do without saying so', () => {
	fc.assert(
		fc.property(layouts, (layout) => {
			const value = (x: number, y: number): number => Math.sin(x / 9) + y / 50;
			const merger = new TileMerger(layout, 16);
			const full = new Float32Array(256).fill(1);
			for (let i = 0; i < tileCount(layout); i++)
				merger.addInPart(i, tileMap(layout, i, 16, value), full);
			const expected = merge(layout, 16, value).result();
			const worst = merger
				.result()
				.reduce((largest, found, i) => Math.max(largest, Math.abs(found - expected[i])), 0);
			expect(worst).toBeLessThan(1e-5);
		}),
	);
});

test('what does not count of a tile has no part in the merged map; where nothing counts it is 0', () => {
	fc.assert(
		fc.property(layouts, (layout) => {
			const merger = new TileMerger(layout, 16);
			// The left half of the image counts; what lies to the right of it would be seen at once.
			const middle = layout.width / 2;
			for (let i = 0; i < tileCount(layout); i++) {
				const reach = tileMap(layout, i, 16, (x) => Number(x < middle));
				merger.addInPart(
					i,
					reach.map((one) => (one === 1 ? 0.5 : 1e6)),
					reach,
				);
			}
			const { width } = merger.size;
			const pixel = layout.tileWidth / 16 + layout.width / width;
			const isRight = merger.result().map((found, i) => {
				const x = (((i % width) + 0.5) * layout.width) / width;
				const counts = Math.abs(found - 0.5) < 1e-5;
				if (x < middle - pixel) return Number(counts);
				return Number(found === 0 || (counts && x <= middle + pixel));
			});
			expect(isRight).not.toContain(0);
		}),
	);
});

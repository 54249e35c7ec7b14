import fc from 'fast-check';
import type { RgbImage } from '../../src/imaging/image';
import {
	cutTile,
	describeTiling,
	layoutTiles,
	tileBox,
	tileCount,
	type Tiling,
} from '../../src/imaging/tiling';

const overlaps = fc.double({ min: 0, max: 0.5, noNaN: true });
const tilings: fc.Arbitrary<Tiling> = fc.oneof(
	fc.record({
		kind: fc.constant('side' as const),
		sidePx: fc.integer({ min: 16, max: 900 }),
		overlap: overlaps,
	}),
	fc.record({
		kind: fc.constant('grid' as const),
		columns: fc.integer({ min: 1, max: 9 }),
		rows: fc.integer({ min: 1, max: 9 }),
		overlap: overlaps,
	}),
);
const sizes = fc.record({
	width: fc.integer({ min: 1, max: 1200 }),
	height: fc.integer({ min: 1, max: 1200 }),
});

/** One tile, and one more for each stride of whole pixels that is begun beside it. */
function tilesByHand({ width, height }: { width: number; height: number }, tiling: Tiling): number {
	if (tiling.kind === 'grid') return tiling.columns * tiling.rows;
	const side = Math.min(tiling.sidePx, width, height);
	const stride = Math.max(1, Math.floor(side * (1 - tiling.overlap)));
	return (1 + Math.ceil((width - side) / stride)) * (1 + Math.ceil((height - side) / stride));
}

test('tiles cover every pixel, never reach beyond the image and share at least the overlap', () => {
	fc.assert(
		fc.property(sizes, tilings, (size, tiling) => {
			// More are refused, as a test below says.
			fc.pre(tilesByHand(size, tiling) <= 10_000);
			const { lefts, tops, tileWidth, tileHeight } = layoutTiles(size, tiling);
			for (const [starts, extent, whole] of [
				[lefts, tileWidth, size.width],
				[tops, tileHeight, size.height],
			] as const) {
				expect(starts[0]).toBe(0);
				expect(starts[starts.length - 1] + extent).toBe(whole);
				for (let i = 1; i < starts.length; i++) {
					const shared = starts[i - 1] + extent - starts[i];
					expect(starts[i]).toBeGreaterThan(starts[i - 1]);
					// Starts are whole pixels: each may be half a pixel off, and the stride less than one.
					expect(shared).toBeGreaterThanOrEqual(Math.min(extent - 1, tiling.overlap * extent - 1));
				}
			}
		}),
	);
});

test('6,000 x 4,000 pixels fall into 29 columns and 19 rows of tiles of 280 pixels', () => {
	// By hand: the stride is 210, (6000 - 280) / 210 = 27.2 and (4000 - 280) / 210 = 17.7; one more each, rounded up.
	const layout = layoutTiles({ width: 6000, height: 4000 }, { kind: 'side', sidePx: 280, overlap: 0.25 });
	expect([layout.lefts.length, layout.tops.length]).toEqual([29, 19]);
	expect(tileBox(layout, 0)).toEqual([0, 0, 280, 280]);
	expect(tileBox(layout, 28)).toEqual([5720, 0, 280, 280]);
	expect(tileBox(layout, tileCount(layout) - 1)).toEqual([5720, 3720, 280, 280]);
});

test('tiles stay squares of the shorter side in an image smaller than they are', () => {
	const layout = layoutTiles({ width: 300, height: 100 }, { kind: 'side', sidePx: 500, overlap: 0 });
	expect([layout.tileWidth, layout.tileHeight, tileCount(layout)]).toEqual([100, 100, 3]);
});

test('a grid has its columns and rows whatever the size of the image', () => {
	const tiling: Tiling = { kind: 'grid', columns: 4, rows: 2, overlap: 0.2 };
	for (const size of [
		{ width: 1000, height: 500 },
		{ width: 333, height: 777 },
	]) {
		const { lefts, tops } = layoutTiles(size, tiling);
		expect([lefts.length, tops.length]).toEqual([4, 2]);
	}
});

test('more than 10,000 tiles an image are refused with what was found', () => {
	const tooFine: Tiling = { kind: 'side', sidePx: 32, overlap: 0.5 };
	expect(() => layoutTiles({ width: 10_000, height: 10_000 }, tooFine)).toThrow(
		/at most 10000 tiles an image, found 389376 tiles of 32 x 32 px in 10000 x 10000 px/,
	);
});

test('a tile holds the pixels of its box', () => {
	const width = 7;
	const data = Uint8Array.from({ length: width * 5 * 3 }, (_, i) => i);
	const image: RgbImage = { data, width, height: 5, channels: 3 };
	const tile = cutTile(image, [2, 1, 3, 2]);
	expect([tile.width, tile.height]).toEqual([3, 2]);
	const expected = [1, 2].flatMap((y) =>
		[2, 3, 4].flatMap((x) => [0, 1, 2].map((c) => (y * width + x) * 3 + c)),
	);
	expect([...tile.data]).toEqual(expected);
});

test('a tiling is described in words', () => {
	expect(describeTiling({ kind: 'side', sidePx: 280, overlap: 0.25 })).toBe(
		'tiles of 280 px that overlap by 25 %',
	);
	expect(describeTiling({ kind: 'grid', columns: 4, rows: 3, overlap: 0 })).toBe(
		'4 x 3 tiles that overlap by 0 %',
	);
});

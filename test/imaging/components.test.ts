import fc from 'fast-check';

import { DinomalyError } from '../../src/errors';
import { labelComponents } from '../../src/imaging/components';
import type { GoldenResult } from '../evaluation/metrics/goldenMetrics';
import { GOLDEN_NOTE, GOLDEN_PRESENT, goldenCases, goldenPixels } from '../evaluation/metrics/goldenMetrics';
import { floodFill } from '../evaluation/metrics/bruteForce';

/** Rows of '.' and '#'. */
function draw(...rows: string[]): { mask: Uint8Array; width: number; height: number } {
	const mask = Uint8Array.from(rows.join('').split(''), (char) => (char === '#' ? 1 : 0));
	return { mask, width: rows[0].length, height: rows.length };
}

function label(...rows: string[]): ReturnType<typeof labelComponents> {
	const { mask, width, height } = draw(...rows);
	return labelComponents(mask, width, height);
}

test('pixels that touch at a corner are one component, in both diagonal directions', () => {
	expect(label('#..', '.#.', '..#').count).toBe(1);
	expect(label('..#', '.#.', '#..').count).toBe(1);
	expect(label('#.#', '.#.', '#.#').count).toBe(1);
});

test('labels are numbered by first pixel, and areas are indexed by label with the background first', () => {
	const { labels, count, areas } = label('..##', '#...', '#.##');
	expect([...labels]).toEqual([0, 0, 1, 1, 2, 0, 0, 0, 2, 0, 3, 3]);
	expect(count).toBe(3);
	expect([...areas]).toEqual([6, 2, 2, 2]);
});

test('arms that meet only further down are one component, and leave no gap in the numbers', () => {
	const { count, areas } = label(
		'#.#.#.#',
		'#.#.#.#',
		'#.###.#',
		'#.....#',
		'#######',
		'.......',
		'...#...',
	);
	expect(count).toBe(3);
	expect([...areas]).toEqual([26, 15, 7, 1]);
});

test('components do not wrap around the left and right edges', () => {
	expect(label('..#', '#..').count).toBe(2);
	expect(label('.#', '..', '#.').count).toBe(2);
});

test('the densest pattern of separate pixels gets one label each, on odd and even sides', () => {
	for (const [width, height] of [
		[7, 5],
		[8, 6],
		[1, 9],
		[9, 1],
	] as const) {
		const mask = new Uint8Array(width * height).map((_, i) =>
			(i % width) % 2 === 0 && Math.floor(i / width) % 2 === 0 ? 255 : 0,
		);
		expect(labelComponents(mask, width, height).count).toBe(Math.ceil(width / 2) * Math.ceil(height / 2));
	}
});

test('an empty image and an image without foreground have no component', () => {
	expect(labelComponents(new Uint8Array(0), 0, 0)).toMatchObject({ count: 0 });
	expect([...labelComponents(new Uint8Array(6), 3, 2).areas]).toEqual([6]);
});

test('a mask of another size than stated is refused with both sizes', () => {
	const act = (): unknown => labelComponents(new Uint8Array(5), 2, 3);
	expect(act).toThrow(DinomalyError);
	expect(act).toThrow('Expected a mask of 2 x 3 = 6 pixels, found 5');
});

test('components equal those of a flood fill', () => {
	const masks = fc
		.record({ width: fc.integer({ min: 1, max: 24 }), height: fc.integer({ min: 1, max: 24 }) })
		.chain(({ width, height }) => {
			const size = width * height;
			return fc.record({
				width: fc.constant(width),
				mask: fc.uint8Array({ minLength: size, maxLength: size, max: 2 }),
			});
		});
	fc.assert(
		fc.property(masks, ({ mask, width }) => {
			const regions = floodFill(mask, width);
			const expected = new Int32Array(mask.length);
			regions.forEach((pixels, r) => {
				for (const i of pixels) expected[i] = r + 1;
			});
			const { labels, count, areas } = labelComponents(mask, width, mask.length / width);
			expect(labels).toEqual(expected);
			expect(count).toBe(regions.length);
			expect([...areas].slice(1)).toEqual(regions.map((pixels) => pixels.length));
		}),
		{ numRuns: 200, seed: 11 },
	);
});

const cases = GOLDEN_PRESENT
	? test.each(goldenCases('pixel'))
	: test.skip.each([['golden', {} as GoldenResult]]);
cases(`pixel.%s has as many regions as the reference counts${GOLDEN_NOTE}`, (name, { region_counts }) => {
	const { images, width, height } = goldenPixels(name);
	expect(images.map(({ mask }) => labelComponents(mask, width, height).count)).toEqual(region_counts);
});

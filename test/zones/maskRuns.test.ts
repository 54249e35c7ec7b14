import fc from 'fast-check';
import type { MaskImage } from '../../src/imaging/mask';
import { rowsOfRuns, runsOfMask } from '../../src/zones/maskRuns';

function mask(data: readonly number[], width: number, kind: MaskImage['kind'] = 'levels'): MaskImage {
	return { data: Uint8Array.from(data), width, height: data.length / width, channels: 1, kind };
}

test('stretches of rows are the white pixels again', () => {
	const pixels = fc.integer({ min: 1, max: 9 }).chain((width) =>
		fc.integer({ min: 1, max: 9 }).chain((height) =>
			fc.record({
				width: fc.constant(width),
				levels: fc.array(fc.constantFrom(0, 255), {
					minLength: width * height,
					maxLength: width * height,
				}),
			}),
		),
	);
	fc.assert(
		fc.property(pixels, ({ width, levels }) => {
			const height = levels.length / width;
			const painted = levels.map(() => 0);
			rowsOfRuns(runsOfMask(mask(levels, width)), { width, height }).forEach((row, y) => {
				for (const [from, to] of row) painted.fill(255, y * width + from, y * width + to);
			});
			expect(painted).toEqual(levels);
		}),
	);
});

test('white is what lies above one half of full scale, or any label', () => {
	expect(runsOfMask(mask([0, 127, 128, 255], 2))).toEqual([2, 2]);
	expect(runsOfMask(mask([0, 1, 1, 0], 2))).toEqual([1, 2, 1]);
	expect(runsOfMask(mask([3, 0, 0, 2], 2, 'labels'))).toEqual([0, 1, 2, 1]);
});

test('a colour mask counts by its brightest channel', () => {
	const data = Uint8Array.from([0, 0, 0, 255, 0, 0, 10, 20, 30]);
	expect(runsOfMask({ data, width: 3, height: 1, channels: 3, kind: 'levels' })).toEqual([1, 1, 1]);
});

test('noise is refused in one sentence', () => {
	const noise = Array.from({ length: 1_000_100 }, (_, i) => (i % 2) * 255);
	expect(() => runsOfMask(mask(noise, 1_000_100))).toThrow(
		'Expected a mask of plain white and black areas, found one that changes more than a million times',
	);
});

import { readFileSync } from 'node:fs';
import fc from 'fast-check';

import type { Raster } from '../../src/imaging/image';
import { resizeBilinear, resizeNearest, resizeNearestCorner } from '../../src/imaging/resample';
import { parseSafetensors } from '../../src/weights/safetensors';
import { describeGolden, sharedPath } from '../support/golden';
import { goldenImages, goldenRgb } from './goldenImages';

function gray(width: number, ...data: number[]): Raster {
	return { data: Uint8Array.from(data), width, height: data.length / width, channels: 1 };
}

const rasters = fc
	.record({
		width: fc.integer({ min: 1, max: 40 }),
		height: fc.integer({ min: 1, max: 40 }),
		channels: fc.constantFrom(1, 2, 3, 4),
	})
	.chain(({ width, height, channels }) => {
		const length = width * height * channels;
		return fc
			.uint8Array({ minLength: length, maxLength: length })
			.map((data): Raster => ({ data, width, height, channels }));
	});
const sides = fc.integer({ min: 1, max: 40 });

describeGolden('the reference resampler', () => {
	const { file, images } = goldenImages();
	const cases = images.flatMap((image) => image.combos.map(([side]) => ({ ...image, side })));

	test.each(cases)('resizes $name to $side pixels to the same bytes', (image) => {
		const { side } = image;
		const { data } = resizeBilinear(goldenRgb(file, image), { width: side, height: side });
		expect(Buffer.compare(data, file.read(`${image.name}.resized_${side}`) as Uint8Array)).toBe(0);
	});

	test('takes the same pixels for a mask from 392 to 256', () => {
		const misc = parseSafetensors(readFileSync(sharedPath('golden', 'misc.safetensors')));
		const mask = { data: misc.read('mask392') as Uint8Array, width: 392, height: 392, channels: 1 };
		const { data } = resizeNearestCorner(mask, { width: 256, height: 256 });
		expect(Buffer.compare(data, misc.read('mask392_nearest256') as Uint8Array)).toBe(0);
	});
});

test('an image that keeps its size keeps its bytes', () => {
	fc.assert(
		fc.property(rasters, (image) => {
			expect(resizeBilinear(image, image).data).toEqual(image.data);
			expect(resizeNearest(image, image).data).toEqual(image.data);
			expect(resizeNearestCorner(image, image).data).toEqual(image.data);
		}),
		{ numRuns: 30 },
	);
});

test('one colour stays that colour at any size, 0 and 255 included', () => {
	fc.assert(
		fc.property(
			fc.constantFrom(0, 1, 127, 254, 255),
			sides,
			sides,
			sides,
			sides,
			(level, width, height, toWidth, toHeight) => {
				const image: Raster = {
					data: new Uint8Array(width * height * 3).fill(level),
					width,
					height,
					channels: 3,
				};
				const { data } = resizeBilinear(image, { width: toWidth, height: toHeight });
				expect(data).toEqual(new Uint8Array(toWidth * toHeight * 3).fill(level));
			},
		),
		{ numRuns: 50 },
	);
});

test('a window holds the same bytes as that part of the whole', () => {
	const request = fc.record({ width: sides, height: sides }).chain((size) =>
		fc.record({
			size: fc.constant(size),
			x: fc.integer({ min: 0, max: size.width - 1 }),
			y: fc.integer({ min: 0, max: size.height - 1 }),
		}),
	);
	fc.assert(
		fc.property(rasters, request, fc.boolean(), (image, { size, x, y }, keepWidth) => {
			const to = keepWidth ? { width: image.width, height: size.height } : size;
			const window = { x: Math.min(x, to.width - 1), y, width: 0, height: to.height - y };
			window.width = to.width - window.x;
			const all = resizeBilinear(image, to);
			const part = resizeBilinear(image, to, window);
			const expected: number[] = [];
			for (let row = y; row < to.height; row++) {
				for (let i = window.x * image.channels; i < to.width * image.channels; i++) {
					expected.push(all.data[row * to.width * image.channels + i]);
				}
			}
			expect(Array.from(part.data)).toEqual(expected);
			expect([part.width, part.height]).toEqual([window.width, window.height]);
		}),
		{ numRuns: 60 },
	);
});

test('channels do not mix: three at once give what each gives alone', () => {
	fc.assert(
		fc.property(
			rasters.filter(({ channels }) => channels === 3),
			sides,
			(image, side) => {
				const { data } = resizeBilinear(image, { width: side, height: side });
				for (let c = 0; c < 3; c++) {
					const alone: Raster = {
						...image,
						data: image.data.filter((_, i) => i % 3 === c),
						channels: 1,
					};
					expect(resizeBilinear(alone, { width: side, height: side }).data).toEqual(
						data.filter((_, i) => i % 3 === c),
					);
				}
			},
		),
		{ numRuns: 30 },
	);
});

test('halving averages with a triangle over the neighbours', () => {
	// Weights of Pillow's widened triangle at the left edge, centre 1: 3/7, 3/7, 1/7.
	expect(Array.from(resizeBilinear(gray(4, 70, 0, 0, 0), { width: 2, height: 1 }).data)).toEqual([30, 0]);
});

test('nearest takes the pixel under the centre, its legacy form the one under the corner', () => {
	const row = gray(4, 10, 20, 30, 40);
	expect(Array.from(resizeNearest(row, { width: 2, height: 1 }).data)).toEqual([20, 40]);
	expect(Array.from(resizeNearestCorner(row, { width: 2, height: 1 }).data)).toEqual([10, 30]);
});

import type { RgbImage } from '../../src/imaging/image';
import { preprocess } from '../../src/imaging/preprocess';
import { describeGolden } from '../support/golden';
import { goldenImages, goldenRgb } from './goldenImages';

/** Normalised black, worked out by hand from the ImageNet statistics. */
const BLACK = [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225];

function flat(level: number, side: number): RgbImage {
	return { data: new Uint8Array(side * side * 3).fill(level), width: side, height: side, channels: 3 };
}

describeGolden('the reference preprocessing', () => {
	const { file, images } = goldenImages();
	const cases = images.flatMap((image) =>
		image.combos.map(([imageSize, cropSize]) => ({ ...image, imageSize, cropSize })),
	);

	test.each(cases.filter(({ name }) => name !== 'rgb_448'))(
		'gives the same bits for $name at $imageSize/$cropSize',
		(image) => {
			const { name, imageSize, cropSize } = image;
			const expected = file.readFloat32(`${name}.tensor_${imageSize}_${cropSize}`);
			expect(bits(preprocess(goldenRgb(file, image), { imageSize, cropSize }))).toEqual(bits(expected));
		},
	);

	test("gives the same bits at the paper's 448/392", () => {
		const image = images.find(({ name }) => name === 'rgb_448')!;
		const tensor = preprocess(goldenRgb(file, image), { imageSize: 448, cropSize: 392 });
		const sampled = new Float32Array(3 * 56 * 56);
		const sums = [0, 0, 0];
		for (let c = 0, i = 0; c < 3; c++) {
			for (let y = 0; y < 392; y += 7) {
				for (let x = 0; x < 392; x += 7) sampled[i++] = tensor[(c * 392 + y) * 392 + x]!;
			}
			for (let p = 0; p < 392 * 392; p++) sums[c] += tensor[c * 392 * 392 + p];
		}
		expect(bits(sampled)).toEqual(bits(file.readFloat32('rgb_448.tensor_448_392_stride7')));
		const expectedSums = file.read('rgb_448.tensor_448_392_sum') as Float64Array;
		sums.forEach((sum, c) => {
			expect(sum).toBeCloseTo(expectedSums[c], 6);
		});
	});
});

test('a crop larger than the image is padded with normalised black, the odd pixel right and below', () => {
	const tensor = preprocess(flat(255, 5), { imageSize: 5, cropSize: 8 });
	for (let c = 0; c < 3; c++) {
		for (let y = 0; y < 8; y++) {
			for (let x = 0; x < 8; x++) {
				const inside = x >= 1 && x < 6 && y >= 1 && y < 6;
				const value = tensor[(c * 8 + y) * 8 + x];
				if (inside) expect(value).toBeGreaterThan(2);
				else expect(value).toBeCloseTo(BLACK[c], 5);
			}
		}
	}
});

test('a tensor of a batch is filled in place, whatever was in it', () => {
	const batch = new Float32Array(2 * 3 * 8 * 8).fill(99);
	const target = batch.subarray(3 * 8 * 8);
	expect(preprocess(flat(0, 5), { imageSize: 6, cropSize: 8 }, target)).toBe(target);
	expect(Array.from(target.subarray(0, 64))).toEqual(Array(64).fill(Math.fround(target[0])));
	expect(target[0]).toBeCloseTo(BLACK[0], 5);
	expect(batch.subarray(0, 3 * 8 * 8).every((value) => value === 99)).toBe(true);
});

function bits(values: Float32Array): Int32Array {
	return new Int32Array(values.buffer, values.byteOffset, values.length);
}

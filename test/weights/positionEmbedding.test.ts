import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { resamplePositionEmbedding } from '../../src/weights/positionEmbedding';
import { readSafetensors, type SafetensorsFile } from '../../src/weights/safetensors';

const GOLDEN = resolve(__dirname, '../../../shared/golden/posembed.safetensors');
const DIM = 8;
/** PyTorch computes everything in float32; ours sums in float64. */
const TOLERANCE = 1e-5;

const withGolden = existsSync(GOLDEN) ? describe : describe.skip;

function largestDifference(a: Float32Array, b: Float32Array): number {
	expect(a.length).toBe(b.length);
	let scale = 0;
	let difference = 0;
	for (let i = 0; i < a.length; i++) {
		scale = Math.max(scale, Math.abs(b[i]));
		difference = Math.max(difference, Math.abs(a[i] - b[i]));
	}
	return difference / scale;
}

withGolden('against the reference code (skipped where the golden files are not on the machine)', () => {
	let golden: SafetensorsFile;
	beforeAll(async () => {
		golden = await readSafetensors(GOLDEN);
	});

	test.each([28, 16, 20, 32, 24, 4, 6, 37, 40])(
		'a DINOv2 table of 37 x 37 resamples to %i x %i',
		(side) => {
			const found = resamplePositionEmbedding(golden.readFloat32('pos_embed_37'), 37, side, DIM);
			expect(
				largestDifference(found, golden.readFloat32(`official_offset0.1_noaa_${side}`)),
			).toBeLessThan(TOLERANCE);
		},
	);

	test('a rectangle has its own scale along each side', () => {
		const found = resamplePositionEmbedding(
			golden.readFloat32('pos_embed_37'),
			37,
			{ rows: 28, columns: 16 },
			DIM,
		);
		expect(largestDifference(found, golden.readFloat32('official_offset0.1_noaa_28x16'))).toBeLessThan(
			TOLERANCE,
		);
	});

	test.each([28, 24, 14])('a DINO table of 14 x 14 resamples to %i x %i', (side) => {
		const found = resamplePositionEmbedding(golden.readFloat32('dinov1_pos_embed_14'), 14, side, DIM);
		expect(largestDifference(found, golden.readFloat32(`dinov1_${side}`))).toBeLessThan(TOLERANCE);
	});

	test('resampling by the ratio of the sizes, as timm does, would differ visibly', () => {
		const found = resamplePositionEmbedding(golden.readFloat32('pos_embed_37'), 37, 28, DIM);
		expect(largestDifference(found, golden.readFloat32('sizebased_noaa_28'))).toBeGreaterThan(0.1);
	});
});

test('the stored grid comes back as an equal copy', () => {
	const table = Float32Array.from({ length: 5 * 3 }, (_, i) => i);
	const same = resamplePositionEmbedding(table, 2, 2, 3);
	expect(same).toEqual(table);
	expect(same).not.toBe(table);
});

test('a constant map stays constant and the cls row is kept', () => {
	const table = new Float32Array((1 + 14 * 14) * 2).fill(0.25);
	table.set([7, -7]);
	const out = resamplePositionEmbedding(table, 14, 24, 2);
	expect([...out.subarray(0, 2)]).toEqual([7, -7]);
	for (const value of out.subarray(2)) expect(value).toBeCloseTo(0.25, 6);
});

test('a table of another size is refused', () => {
	expect(() => resamplePositionEmbedding(new Float32Array(10), 2, 3, 3)).toThrow(
		'of 15 values (2 x 2 patches and cls, width 3), found 10',
	);
});

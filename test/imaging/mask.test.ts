import { prepareMask, type MaskImage } from '../../src/imaging/mask';
import { decodeMask } from '../../src/runtime/images';
import { describeGolden, sharedPath } from '../support/golden';
import { goldenImages } from './goldenImages';

const SIDES = { imageSize: 64, cropSize: 56, evalSide: 64 };

/** A square of `level` from 20 to 44 on 0, in an image that neither resizing nor cropping changes. */
function square(level: number, kind: MaskImage['kind'] = 'levels'): MaskImage {
	const data = new Uint8Array(64 * 64);
	for (let y = 20; y < 44; y++) data.fill(level, y * 64 + 20, y * 64 + 44);
	return { data, width: 64, height: 64, channels: 1, kind };
}

function area(mask: Uint8Array): number {
	return mask.reduce((sum, value) => sum + value, 0);
}

describeGolden('the reference masks', () => {
	const { file, masks } = goldenImages();

	test.each(masks)('$name is read as it was stored', async ({ name, size }) => {
		const mask = await decodeMask(sharedPath('golden', 'preproc', `${name}.png`));
		const raw = file.read(`${name}.raw`);
		// The reference holds a bilevel mask as 0 and 1.
		const stored = name === 'mask_bilevel' ? mask.data.map((value) => Math.min(value, 1)) : mask.data;
		expect([mask.width, mask.height]).toEqual(size);
		expect(Buffer.compare(stored, raw as Uint8Array)).toBe(0);
	});

	const cases = masks.flatMap((mask) =>
		mask.combos.map(([imageSize, cropSize]) => ({ ...mask, imageSize, cropSize })),
	);
	test.each(cases)(
		'$name at $imageSize/$cropSize becomes the same ground truth',
		async ({ name, imageSize, cropSize }) => {
			const [key] = file.names.filter((tensor) =>
				tensor.startsWith(`${name}.gt_${imageSize}_${cropSize}_r`),
			);
			const evalSide = file.info(key).shape[1];
			const mask = await decodeMask(sharedPath('golden', 'preproc', `${name}.png`));
			const prepared = prepareMask(mask, { imageSize, cropSize, evalSide });
			expect(Buffer.compare(prepared, file.read(key) as Uint8Array)).toBe(0);
		},
	);
});

test('masks stored as 0 and 1 mean the same as 0 and 255, under both rules', () => {
	const half = { ...SIDES, rule: 'half' } as const;
	expect(prepareMask(square(1), SIDES)).toEqual(prepareMask(square(255), SIDES));
	expect(prepareMask(square(1), half)).toEqual(prepareMask(square(255), half));
	expect(area(prepareMask(square(1), SIDES))).toBeGreaterThan(500);
});

test('the rule "half" drops the soft edge that resizing makes, "nonzero" keeps it', () => {
	const sizes = { imageSize: 128, cropSize: 128, evalSide: 128 };
	expect(area(prepareMask(square(255), { ...sizes, rule: 'half' }))).toBe(48 * 48);
	expect(area(prepareMask(square(255), { ...sizes, rule: 'nonzero' }))).toBe(50 * 50);
	expect(area(prepareMask(square(255), sizes))).toBe(50 * 50);
});

test('labels are never mixed, and each but 0 counts under both rules', () => {
	const sizes = { imageSize: 128, cropSize: 128, evalSide: 128 };
	expect(area(prepareMask(square(3, 'labels'), { ...sizes, rule: 'nonzero' }))).toBe(48 * 48);
	expect(area(prepareMask(square(3, 'labels'), { ...sizes, rule: 'half' }))).toBe(48 * 48);
});

test('any channel above 0 makes a pixel anomalous', () => {
	const data = new Uint8Array(64 * 64 * 3);
	for (let i = 0; i < 64 * 64; i++) data[i * 3 + 2] = i % 64 < 32 ? 255 : 0;
	const mask: MaskImage = { data, width: 64, height: 64, channels: 3, kind: 'levels' };
	const prepared = prepareMask(mask, { imageSize: 64, cropSize: 64, evalSide: 64 });
	expect(area(prepared)).toBe(32 * 64);
});

test('the part that a padded crop adds is not anomalous', () => {
	const white: MaskImage = {
		data: new Uint8Array(100).fill(255),
		width: 10,
		height: 10,
		channels: 1,
		kind: 'levels',
	};
	expect(area(prepareMask(white, { imageSize: 10, cropSize: 14, evalSide: 14 }))).toBe(100);
});

test('the evaluation side is 256 unless stated', () => {
	expect(prepareMask(square(255), { imageSize: 64, cropSize: 56 })).toHaveLength(256 * 256);
});

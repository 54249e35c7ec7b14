import fc from 'fast-check';
import type { ImageEntry } from '../../src/dataset/dataset';
import { holdOut } from '../../src/dataset/holdOut';

const SHARES = fc.double({ min: 0.001, max: 0.9, noNaN: true });
const COUNTS = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });

test('every category keeps at least one image and, with two or more, gives at least one', () => {
	fc.assert(
		fc.property(COUNTS, SHARES, fc.nat(), (counts, share, seed) => {
			const entries = counts.flatMap((count, i) => images(`c${i}`, count));
			const { train, calibration } = holdOut(entries, share, seed);
			expect(train.length + calibration.length).toBe(entries.length);
			counts.forEach((count, i) => {
				const held = calibration.filter(({ category }) => category === `c${i}`).length;
				const nearest = Math.round(count * share);
				expect(held).toBe(count === 1 ? 0 : Math.min(count - 1, Math.max(1, nearest)));
			});
		}),
	);
});

test('the split is the same for the same seed, whatever the order or the other categories', () => {
	const nuts = images('nut', 20);
	const alone = paths(holdOut(nuts, 0.2, 7).calibration);
	expect(alone).toHaveLength(4);
	expect(paths(holdOut([...nuts].reverse(), 0.2, 7).calibration).sort()).toEqual([...alone].sort());
	const together = holdOut([...images('bolt', 9), ...nuts], 0.2, 7).calibration;
	expect(paths(together.filter(({ category }) => category === 'nut'))).toEqual(alone);
});

test('another seed gives another split', () => {
	const splits = [0, 1, 2, 3].map((seed) =>
		paths(holdOut(images('nut', 50), 0.2, seed).calibration).join(),
	);
	expect(new Set(splits).size).toBe(4);
});

test('both parts keep the order of the entries', () => {
	const { train, calibration } = holdOut(images('nut', 30), 0.3, 1);
	expect(paths(train)).toEqual(paths(train).sort());
	expect(paths(calibration)).toEqual(paths(calibration).sort());
});

test('share 0 holds nothing out', () => {
	expect(holdOut(images('nut', 5), 0, 1).calibration).toEqual([]);
});

test.each([-0.1, 0.95, Number.NaN])('share %d is refused', (share) => {
	expect(() => holdOut(images('nut', 5), share, 1)).toThrow(
		`Expected calibrationShare to be from 0 to 0.9, found ${share}`,
	);
});

function images(category: string, count: number): ImageEntry[] {
	return Array.from({ length: count }, (_, i) => {
		const relativePath = `${category}/${String(i).padStart(3, '0')}.png`;
		return {
			path: `/${relativePath}`,
			relativePath,
			category,
			split: 'train',
			label: 'good',
			anomalous: false,
			maskPath: null,
		};
	});
}

function paths(entries: readonly ImageEntry[]): string[] {
	return entries.map(({ relativePath }) => relativePath);
}

import fc from 'fast-check';
import type { ImageEntry } from '../../src/dataset/dataset';
import { holdOut } from '../../src/dataset/holdOut';
import { readPartNames } from '../../src/dataset/partNames';

const SHARES = fc.double({ min: 0.001, max: 0.9, noNaN: true });
const COUNTS = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });

test('every category keeps at least one image and, with two or more, gives at least one', () => {
	fc.assert(
		fc.property(COUNTS, SHARES, fc.nat(), (counts, share, seed) => {
			const entries = counts.flatMap((count, i) => images(`c${i}`, count));
			const { train, calibration } = holdOut(entries, { share, seed });
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
	const alone = paths(holdOut(nuts, { share: 0.2, seed: 7 }).calibration);
	expect(alone).toHaveLength(4);
	expect(paths(holdOut([...nuts].reverse(), { share: 0.2, seed: 7 }).calibration).sort()).toEqual(
		[...alone].sort(),
	);
	const together = holdOut([...images('bolt', 9), ...nuts], { share: 0.2, seed: 7 }).calibration;
	expect(paths(together.filter(({ category }) => category === 'nut'))).toEqual(alone);
});

test('another seed gives another split', () => {
	const splits = [0, 1, 2, 3].map((seed) =>
		paths(holdOut(images('nut', 50), { share: 0.2, seed }).calibration).join(),
	);
	expect(new Set(splits).size).toBe(4);
});

test('both parts keep the order of the entries', () => {
	const { train, calibration } = holdOut(images('nut', 30), { share: 0.3, seed: 1 });
	expect(paths(train)).toEqual(paths(train).sort());
	expect(paths(calibration)).toEqual(paths(calibration).sort());
});

test('share 0 holds nothing out', () => {
	expect(holdOut(images('nut', 5), { share: 0, seed: 1 }).calibration).toEqual([]);
});

test.each([-0.1, 0.95, Number.NaN])('share %d is refused', (share) => {
	expect(() => holdOut(images('nut', 5), { share, seed: 1 })).toThrow(
		`Expected calibrationShare to be from 0 to 0.9, found ${share}`,
	);
});

const partOf = readPartNames('{part}-*');

test('images of one part stay together, and parts are held out as near to the share as they come', () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 12 }),
			SHARES,
			fc.nat(),
			(sizes, share, seed) => {
				const entries = sizes.flatMap((size, part) => imagesOfPart(part, size));
				const { train, calibration } = holdOut(entries, { share, seed, partOf });
				expect(train.length + calibration.length).toBe(entries.length);
				const [trained, held] = [train, calibration].map((some) => new Set(some.map(partOf)));
				expect([...held].filter((part) => trained.has(part))).toEqual([]);
				expect(trained.size).toBeGreaterThan(0);
				expect(held.size).toBeGreaterThan(0);
				// No part that was left out would have brought it nearer, but for the last, which is trained on.
				const target = Math.min(entries.length - 1, Math.max(1, Math.round(entries.length * share)));
				const off = Math.abs(calibration.length - target);
				const couldHelp = [...trained].filter((part) => {
					const size = train.filter((entry) => partOf(entry) === part).length;
					return Math.abs(calibration.length + size - target) < off;
				});
				expect(couldHelp.length).toBeLessThanOrEqual(1);
			},
		),
	);
});

test('a part that is alone in its category cannot be held out', () => {
	expect(() => holdOut(imagesOfPart(3, 9), { share: 0.2, seed: 1, partOf })).toThrow(
		'Expected the images of nut to show several parts, found that all 9 show "p3"',
	);
});

test('images whose name tells no part are parts of their own', () => {
	const entries = [...imagesOfPart(1, 4), ...images('nut', 6)];
	const { calibration } = holdOut(entries, { share: 0.3, seed: 5, partOf });
	const held = calibration.filter((entry) => partOf(entry) === null).length;
	expect(calibration.length - held === 0 || calibration.length - held === 4).toBe(true);
	expect(held).toBeGreaterThan(0);
});

function imagesOfPart(part: number, count: number): ImageEntry[] {
	return images('nut', count).map((entry, i) => ({ ...entry, relativePath: `nut/p${part}-${i}.png` }));
}

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

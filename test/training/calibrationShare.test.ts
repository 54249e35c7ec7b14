import type { ImageEntry } from '../../src/dataset/dataset';
import { holdOut } from '../../src/dataset/holdOut';
import { defaultCalibrationShare } from '../../src/training/calibrationShare';

const TILES = { kind: 'side', sidePx: 280, overlap: 0.25 } as const;

function images(counts: Readonly<Record<string, number>>): ImageEntry[] {
	return Object.entries(counts).flatMap(([category, count]) =>
		Array.from({ length: count }, (_, i) => ({
			path: `/${category}/${i}.jpg`,
			relativePath: `${category}/${i}.jpg`,
			category,
			split: 'train' as const,
			label: 'good',
			anomalous: false,
			maskPath: null,
		})),
	);
}

test.each([
	[2, 1],
	[6, 3],
	[8, 4],
	[10, 5],
	[20, 5],
	[49, 5],
	[100, 10],
])('of %i large images %i are held out with tiles', (count, held) => {
	const entries = images({ panel: count });
	const share = defaultCalibrationShare(entries, TILES);
	expect(holdOut(entries, { share, seed: 1 }).calibration).toHaveLength(held);
});

test('the category with the fewest images decides, and without tiles it is a tenth', () => {
	expect(defaultCalibrationShare(images({ panel: 100, sheet: 20 }), TILES)).toBe(0.25);
	expect(defaultCalibrationShare(images({ panel: 8 }), undefined)).toBe(0.1);
	expect(defaultCalibrationShare([], TILES)).toBe(0.1);
});

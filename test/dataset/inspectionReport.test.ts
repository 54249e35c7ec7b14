import { readFile } from 'node:fs/promises';
import { inspectDataset } from '../../src/dataset/inspect';
import { categoryRows, summariseInspection } from '../../src/dataset/inspectionReport';
import { scanDataset } from '../../src/dataset/scan';
import { makeFolder, removeFolders } from './support';

afterAll(removeFolders);

/** Test images are texts "WIDTH HEIGHT anything". */
async function inspected(files: Readonly<Record<string, string>>) {
	const root = makeFolder(files);
	return inspectDataset(await scanDataset(root), {
		header: async (file) => {
			const [width, height] = (await readFile(file, 'utf8')).split(' ').map(Number);
			if (!width || !height) throw new Error('no image');
			return { width, height, format: 'png' };
		},
	});
}

const FILES = {
	'cap/train/good/1.png': '8 6 a',
	'cap/train/good/2.png': '6 8 b',
	'cap/train/good/broken.png': 'oops',
	'cap/test/good/1.png': '8 6 a',
	'cap/test/dent/1.png': '8 6 d',
	'cap/test/dent/2.png': '8 6 e',
	'cap/ground_truth/dent/1_mask.png': '4 3 m',
	'cap/ground_truth/dent/2_mask.png': 'oops',
	'nut/test/good/1.png': '8 6 a',
};

test('numbers add up over categories, and the report names what to mend', async () => {
	const summary = summariseInspection(await inspected(FILES));
	expect(summary).toMatchObject({
		images: 7,
		categories: 2,
		categoryNames: 'cap, nut',
		train: 3,
		testGood: 2,
		testAnomalous: 2,
		defects: 'dent (2)',
		masksPaired: 2,
		masksMissing: 0,
		maskSizeMismatches: 1,
		unreadable: 2,
		duplicates: 1,
		leaks: 1,
		contradictions: 0,
		sizes: '8x6 (5), 6x8 (1)',
		trainable: true,
	});
	expect(summary.report.split('\n')).toEqual([
		'Category "nut" has no training images',
		'Category "cap" has images of different proportions: 8x6, 6x8',
		'Cannot be read: cap/train/good/broken.png: no image',
		'Cannot be read: cap/ground_truth/dent/2_mask.png: no image',
		'Mask of another size: cap/test/dent/1.png is 8x6, its mask 4x3',
		'Same image in train and test: cap/test/good/1.png, cap/train/good/1.png, nut/test/good/1.png',
	]);
	expect(summary.warnings).toBe(6);
});

test('a category has what concerns it, also what it shares with another', async () => {
	const [cap, nut] = categoryRows(await inspected(FILES));
	expect(cap).toMatchObject({
		category: 'cap',
		unreadable: 2,
		maskSizeMismatches: 1,
		leaks: 1,
		trainable: true,
	});
	expect(nut).toMatchObject({
		category: 'nut',
		unreadable: 0,
		maskSizeMismatches: 0,
		leaks: 1,
		trainable: false,
	});
});

test('a very long report is cut and says so', async () => {
	const files = Object.fromEntries(
		Array.from({ length: 60 }, (_, i) => [`cap/train/good/${i}.png`, 'oops']),
	);
	const { warnings, report } = summariseInspection(await inspected(files));
	expect(warnings).toBe(60);
	expect(report.split('\n')).toHaveLength(51);
	expect(report).toMatch(/and 10 more$/);
});

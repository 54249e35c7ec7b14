import { readFile } from 'node:fs/promises';
import type { ImageHeader } from '../../src/dataset/inspect';
import { inspectDataset } from '../../src/dataset/inspect';
import { scanDataset } from '../../src/dataset/scan';
import { makeFolder, removeFolders } from './support';

afterAll(removeFolders);

/** Test images are texts "WIDTH HEIGHT anything". */
async function header(file: string): Promise<ImageHeader> {
	const [width, height] = (await readFile(file, 'utf8')).split(' ').map(Number);
	if (!width || !height) throw new Error('no image');
	return { width, height, format: 'png' };
}

const FILES = {
	'cap/train/good/1.png': '8 6 a',
	'cap/train/good/2.png': '8 6 b',
	'cap/train/good/3.png': '4 4 c',
	'cap/train/good/broken.png': 'oops',
	'cap/test/good/1.png': '8 6 a',
	'cap/test/dent/1.png': '8 6 d',
	'cap/test/dent/2.png': '8 6 e',
	'cap/test/cut/1.png': '8 6 e',
	'cap/ground_truth/dent/1_mask.png': '8 6 m',
	'cap/ground_truth/cut/1_mask.png': '4 3 m',
};

test('an inspection counts labels, masks, sizes and formats', async () => {
	const { categories, images, layout } = await inspectDataset(await scanDataset(makeFolder(FILES)), {
		header,
	});
	expect(layout).toBe('mvtec');
	expect(images).toBe(8);
	expect(categories).toEqual([
		{
			name: 'cap',
			train: 4,
			test: { good: 1, defects: { cut: 1, dent: 2 } },
			masks: { paired: 2, missing: 1 },
			sizes: [
				{ width: 8, height: 6, count: 6 },
				{ width: 4, height: 4, count: 1 },
			],
			formats: { png: 7 },
		},
	]);
});

test('unreadable files, unfit masks, leaks and contradictions are named', async () => {
	const found = await inspectDataset(await scanDataset(makeFolder(FILES)), { header });
	expect(found.unreadable).toEqual([
		{ category: 'cap', file: 'cap/train/good/broken.png', reason: 'no image' },
	]);
	expect(found.maskSizeMismatches).toEqual([
		{ category: 'cap', image: 'cap/test/cut/1.png', imageSize: '8x6', maskSize: '4x3' },
	]);
	expect(found.duplicates).toMatchObject([
		{ files: ['cap/test/good/1.png', 'cap/train/good/1.png'], leak: true, contradiction: false },
		{ files: ['cap/test/cut/1.png', 'cap/test/dent/2.png'], leak: false, contradiction: true },
	]);
	expect(found.problems.map(({ kind }) => kind)).toEqual(['imageWithoutMask']);
});

test('progress counts up to its total', async () => {
	const counts: number[] = [];
	const totals = new Set<number>();
	await inspectDataset(await scanDataset(makeFolder(FILES)), {
		header,
		onProgress: (done, total) => {
			counts.push(done);
			totals.add(total);
		},
	});
	// 8 images and 2 masks for headers, then 8 images for hashes, one of them known to be unreadable.
	expect([...totals]).toEqual([18]);
	expect(counts).toEqual([...counts].sort((a, b) => a - b));
	expect(counts.at(-1)).toBe(18);
});

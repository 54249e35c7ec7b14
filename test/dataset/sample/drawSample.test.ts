import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { scanDataset } from '../../../src/dataset/scan';
import { drawSample, type DrawSampleOptions } from '../../../src/dataset/sample';
import { decodeMask, imageHeader } from '../../../src/runtime/images';
import { makeFolder, removeFolders } from '../support';

afterAll(removeFolders);

/** As small as a drawing gets: 3 categories of 1 training image, 1 good one and 5 defects. */
const SMALL: DrawSampleOptions = {
	side: 64,
	trainPerCategory: 1,
	testGoodPerCategory: 1,
	imagesPerDefect: 1,
};
const CATEGORIES = ['circuit_board', 'metal_flange', 'woven_fabric'];

/** Files are the drawn bytes as they are, so that folders can be compared. */
const RAW = {
	photograph: (rgb: Uint8Array) => Promise.resolve(rgb),
	mask: (gray: Uint8Array) => Promise.resolve(gray),
};

test('a sample is a dataset in the MVTec AD layout without problems', async () => {
	const dir = path.join(makeFolder([]), 'new', 'sample');
	const progress: number[] = [];
	const onProgress = (done: number, total: number): void => void progress.push(done, total);
	const sample = await drawSample(dir, { ...SMALL, onProgress });
	expect(sample).toEqual({ dir, categories: CATEGORIES, files: 3 * 7 + 15, drawn: true });
	expect(progress.slice(-2)).toEqual([21, 21]);

	const dataset = await scanDataset(dir);
	expect(dataset.layout).toBe('mvtec');
	expect(dataset.problems).toEqual([]);
	expect(dataset.categories.map(({ name }) => name)).toEqual(CATEGORIES);
	for (const { train, test: tested } of dataset.categories) {
		expect(train).toHaveLength(1);
		expect(tested).toHaveLength(6);
		for (const { anomalous, maskPath } of tested) expect(maskPath !== null).toBe(anomalous);
	}
	const broken = dataset.categories[0].test[0];
	await expect(imageHeader(broken.path)).resolves.toMatchObject({ format: 'jpeg', width: 64, height: 64 });
	const mask = await decodeMask(broken.maskPath!);
	expect([mask.width, mask.height]).toEqual([64, 64]);
	expect(new Set(mask.data)).toEqual(new Set([0, 255]));
});

test('the same seed draws the same bytes, another seed others', async () => {
	const options = { ...SMALL, testGoodPerCategory: 0, imagesPerDefect: 0, encoder: RAW };
	const [first, again, other] = [makeFolder([]), makeFolder([]), makeFolder([])];
	await drawSample(first, { ...options, seed: 5 });
	await drawSample(again, { ...options, seed: 5 });
	await drawSample(other, { ...options, seed: 6 });
	for (const category of CATEGORIES) {
		const bytes = [first, again, other].map((dir) =>
			readFileSync(path.join(dir, category, 'train/good/000.jpg')),
		);
		expect(bytes[0].equals(bytes[1])).toBe(true);
		expect(bytes[0].equals(bytes[2])).toBe(false);
	}
});

test('a former sample is replaced, and files that others put there stay', async () => {
	const dir = makeFolder([]);
	const options = { ...SMALL, testGoodPerCategory: 0, imagesPerDefect: 0, encoder: RAW };
	await drawSample(dir, { ...options, trainPerCategory: 2 });
	writeFileSync(path.join(dir, 'notes.txt'), 'mine');
	await drawSample(dir, options);
	expect(readdirSync(path.join(dir, 'metal_flange/train/good'))).toEqual(['000.jpg']);
	expect(readFileSync(path.join(dir, 'notes.txt'), 'utf8')).toBe('mine');
});

test('a drawing that was cut off can be drawn again', async () => {
	const dir = makeFolder([]);
	const stop = new AbortController();
	const cutOff = drawSample(dir, {
		...SMALL,
		encoder: RAW,
		signal: stop.signal,
		onProgress: (done) => {
			if (done === 2) stop.abort();
		},
	});
	await expect(cutOff).rejects.toMatchObject({ name: 'AbortError' });
	const done = await drawSample(dir, {
		...SMALL,
		testGoodPerCategory: 0,
		imagesPerDefect: 0,
		encoder: RAW,
	});
	expect(done.files).toBe(3);
});

test('a folder with files of others is left as it is', async () => {
	const dir = makeFolder({ 'a.txt': 'mine', 'b.txt': '', 'c.txt': '', 'd.txt': '' });
	await expect(drawSample(dir, SMALL)).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
		message: `Expected an empty folder or a former sample at "${dir}", found a.txt, b.txt, c.txt and 1 more`,
	});
	expect(readdirSync(dir)).toHaveLength(4);
	await expect(drawSample(path.join(dir, 'a.txt'), SMALL)).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
	});
});

test.each([
	'{"files": ["../victim.txt"]}',
	'{"files": ["/victim.txt"]}',
	'{"files": [".."]}',
	'[]',
	'no JSON',
])('a forged marker %s removes nothing', async (marker) => {
	const dir = makeFolder({ '.dinomaly-sample.json': marker });
	const victim = path.join(dir, '../victim.txt');
	writeFileSync(victim, 'mine');
	await expect(drawSample(dir, SMALL)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
	expect(existsSync(victim)).toBe(true);
});

test.each([
	{ side: 63 },
	{ seed: 0.5 },
	{ trainPerCategory: -1 },
	{ imagesPerDefect: 1.5 },
	{ testGoodPerCategory: Number.NaN },
])('an impossible option %j is refused before anything is written', async (option) => {
	const dir = path.join(makeFolder([]), 'never');
	await expect(drawSample(dir, option)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
	expect(existsSync(dir)).toBe(false);
});

test('a failing encoder ends the drawing with its error', async () => {
	const encoder = { ...RAW, photograph: () => Promise.reject(new Error('no ink')) };
	await expect(drawSample(makeFolder([]), { ...SMALL, encoder })).rejects.toThrow('no ink');
});

test('a folder that may not be written is one sentence', async () => {
	const dir = makeFolder([]);
	rmSync(dir, { recursive: true });
	mkdirSync(path.dirname(dir), { recursive: true });
	writeFileSync(path.join(path.dirname(dir), 'file'), '');
	const below = path.join(path.dirname(dir), 'file', 'sample');
	await expect(drawSample(below, SMALL)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('a whole sample of the same settings is kept when asked; any other is drawn', async () => {
	const dir = makeFolder([]);
	const options = { ...SMALL, encoder: RAW, keep: true };
	expect((await drawSample(dir, options)).drawn).toBe(true);
	expect((await drawSample(dir, options)).drawn).toBe(false);
	expect((await drawSample(dir, { ...options, keep: false })).drawn).toBe(true);
	expect((await drawSample(dir, { ...options, seed: 9 })).drawn).toBe(true);
	rmSync(path.join(dir, 'woven_fabric/train/good/000.jpg'));
	expect((await drawSample(dir, { ...options, seed: 9 })).drawn).toBe(true);
	const cutOff = drawSample(dir, {
		...options,
		keep: false,
		onProgress: (done) => {
			if (done === 3) throw new Error('power cut');
		},
	});
	await expect(cutOff).rejects.toThrow('power cut');
	expect((await drawSample(dir, options)).drawn).toBe(true);
});

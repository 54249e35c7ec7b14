import { existsSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { scanDataset } from '../../src/dataset/scan';
import type { Dataset, ImageEntry } from '../../src/dataset/dataset';
import { makeFolder, removeFolders } from './support';

afterAll(removeFolders);

const BOTTLE = [
	'bottle/train/good/000.png',
	'bottle/train/good/001.PNG',
	'bottle/test/good/000.png',
	'bottle/test/broken/000.png',
	'bottle/test/broken/001.png',
	'bottle/ground_truth/broken/000_mask.png',
	'bottle/ground_truth/broken/001_mask.png',
];

const REAL_DATA = path.resolve(__dirname, '../../../shared/data');
const withRealData = existsSync(path.join(REAL_DATA, 'bsdata')) ? test : test.skip;

describe('MVTec AD', () => {
	test('train, test and masks are read by split and label', async () => {
		const root = makeFolder(BOTTLE);
		const dataset = await scanDataset(root);
		expect(dataset.layout).toBe('mvtec');
		expect(dataset.problems).toEqual([]);
		expect(names(dataset)).toEqual(['bottle']);
		const [bottle] = dataset.categories;
		expect(bottle.train.map((entry) => entry.relativePath)).toEqual(BOTTLE.slice(0, 2));
		expect(bottle.test).toHaveLength(3);
		expect(bottle.test[0]).toEqual({
			path: path.join(root, 'bottle/test/broken/000.png'),
			relativePath: 'bottle/test/broken/000.png',
			category: 'bottle',
			split: 'test',
			label: 'broken',
			anomalous: true,
			maskPath: path.join(root, 'bottle/ground_truth/broken/000_mask.png'),
		});
		expect(bottle.test[2]).toMatchObject({ label: 'good', anomalous: false, maskPath: null });
	});

	test('the root may itself be one category, named after the folder', async () => {
		const root = makeFolder(BOTTLE);
		const dataset = await scanDataset(path.join(root, 'bottle'));
		expect(names(dataset)).toEqual(['bottle']);
		expect(dataset.categories[0].train[0].relativePath).toBe('train/good/000.png');
	});

	test('sources may be nested one level deeper; folders without categories are named', async () => {
		const root = makeFolder([
			'a/one/train/good/1.png',
			'b/two/train/good/1.png',
			'b/LICENSE',
			'notes/x.txt',
		]);
		const dataset = await scanDataset(root);
		expect(names(dataset)).toEqual(['one', 'two']);
		expect(kinds(dataset)).toEqual(['unknownFolder notes']);
	});

	test('masks are paired by name, where sorted positions would pair them wrongly', async () => {
		const stems = ['a-1', 'a-10', 'a-2'];
		const root = makeFolder([
			'c/train/good/1.png',
			...stems.map((stem) => `c/test/cut/${stem}.jpg`),
			...stems.map((stem) => `c/ground_truth/cut/${stem}_mask.png`),
		]);
		const { categories, problems } = await scanDataset(root);
		expect(problems).toEqual([]);
		for (const entry of categories[0].test) {
			expect(path.basename(entry.maskPath!)).toBe(`${path.parse(entry.path).name}_mask.png`);
		}
	});

	test('a mask without image and an image without mask are recorded', async () => {
		const root = makeFolder([
			...BOTTLE,
			'bottle/test/broken/002.png',
			'bottle/ground_truth/broken/999_mask.png',
			'bottle/ground_truth/lost/000_mask.png',
		]);
		const dataset = await scanDataset(root);
		expect(kinds(dataset)).toEqual([
			'maskWithoutImage bottle/ground_truth/lost',
			'maskWithoutImage bottle/ground_truth/broken/999_mask.png',
			'imageWithoutMask bottle/test/broken/002.png',
		]);
	});

	test('a defect type without any mask is one notice', async () => {
		const root = makeFolder(['c/train/good/1.png', 'c/test/odd/1.png', 'c/test/odd/2.png']);
		const { problems } = await scanDataset(root);
		expect(problems).toEqual([
			{
				kind: 'imageWithoutMask',
				severity: 'notice',
				path: 'c/test/odd/1.png',
				count: 2,
				message: 'None of the 2 images of "c/test/odd" has a mask: pixel metrics leave them out',
			},
		]);
	});

	test('folders and images outside the layout are left out and named', async () => {
		const root = makeFolder([
			...BOTTLE,
			'bottle/test_nomask/1.png',
			'bottle/train/bad/1.png',
			'bottle/x.png',
		]);
		const dataset = await scanDataset(root);
		expect(kinds(dataset)).toEqual([
			'unknownFolder bottle/test_nomask',
			'misplacedImages bottle/x.png',
			'unknownFolder bottle/train/bad',
		]);
		expect(dataset.categories[0].train).toHaveLength(2);
	});

	test('hidden files and system litter are passed over; other formats are named', async () => {
		const root = makeFolder([...BOTTLE, ...litter('bottle/train/good/'), 'bottle/train/good/9.tga']);
		const dataset = await scanDataset(root);
		expect(dataset.categories[0].train).toHaveLength(2);
		expect(dataset.problems).toMatchObject([
			{ kind: 'unsupportedFormat', message: expect.stringContaining('convert to PNG') },
		]);
	});

	test('the formats that are decoded are those that a folder is read for', async () => {
		const names = ['bmp', 'png', 'jpg', 'jpeg', 'webp', 'tif', 'tiff', 'gif', 'avif'].map(
			(e) => `1.${e}`,
		);
		const dataset = await scanDataset(makeFolder(names.map((name) => `c/train/good/${name}`)));
		expect(dataset.categories[0].train.map(({ path: file }) => path.basename(file)).sort()).toEqual(
			names.sort(),
		);
		expect(dataset.problems).toEqual([]);
	});

	test('a folder ok or normal counts as good', async () => {
		const root = makeFolder(['c/train/OK/1.png', 'c/test/normal/1.png']);
		const [category] = (await scanDataset(root)).categories;
		expect([...category.train, ...category.test].map(({ label }) => label)).toEqual(['good', 'good']);
	});

	test('two categories of one name are refused with both paths', async () => {
		const root = makeFolder(['a/part/train/good/1.png', 'b/part/train/good/1.png']);
		await expect(scanDataset(root)).rejects.toMatchObject({
			code: 'DATASET_LAYOUT',
			message: expect.stringContaining('"a/part" and "b/part"'),
		});
	});

	test('a category without images is left out with a warning', async () => {
		const root = makeFolder([...BOTTLE, 'cable/train/good/']);
		const dataset = await scanDataset(root);
		expect(names(dataset)).toEqual(['bottle']);
		expect(kinds(dataset)).toEqual(['emptyCategory cable']);
	});
});

describe('VisA', () => {
	const rows = [
		'object,split,label,image,mask',
		'candle,train,normal,candle/Data/Images/Normal/0001.JPG,',
		'candle,test,normal,candle/Data/Images/Normal/0000.JPG,',
		'candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png',
		'pcb1,train,normal,pcb1/Data/Images/Normal/0000.JPG,',
	];
	const files = rows.slice(1).flatMap((row) => row.split(',').slice(3).filter(Boolean));
	const visaFolder = (csv = rows.join('\r\n')): string =>
		makeFolder({ ...Object.fromEntries(files.map((file) => [file, 'x'])), 'split_csv/1cls.csv': csv });

	test('the published split decides over the folders', async () => {
		const dataset = await scanDataset(visaFolder());
		expect(dataset.layout).toBe('visa');
		expect(names(dataset)).toEqual(['candle', 'pcb1']);
		expect(dataset.problems).toEqual([]);
		const [candle] = dataset.categories;
		expect(candle.train.map(({ relativePath }) => relativePath)).toEqual([
			'candle/Data/Images/Normal/0001.JPG',
		]);
		expect(candle.test.map(({ label }) => label)).toEqual(['anomaly', 'good']);
		expect(candle.test[0].maskPath).toMatch(/000\.png$/);
	});

	test('a byte order mark and quoted fields are understood', async () => {
		const quoted = rows.map((row) =>
			row
				.split(',')
				.map((field) => `"${field}"`)
				.join(','),
		);
		expect(names(await scanDataset(visaFolder(`\ufeff${quoted.join('\n')}\n`)))).toEqual([
			'candle',
			'pcb1',
		]);
	});

	test('listed files that are not there, or lie outside the folder, are left out and counted', async () => {
		const extra = ['candle,test,normal,candle/none.JPG,', 'candle,test,normal,../outside.png,'];
		const dataset = await scanDataset(visaFolder([...rows, ...extra].join('\n')));
		expect(dataset.problems).toMatchObject([{ kind: 'fileMissing', path: 'candle/none.JPG', count: 2 }]);
	});

	test.each([
		['object,split\ncandle,train', 'label, image, mask'],
		['object,split,label,image,mask\ncandle,val,normal,a.png,', 'line 2'],
	])('a damaged split file is refused: %j', async (csv, expected) => {
		await expect(scanDataset(visaFolder(csv))).rejects.toMatchObject({
			code: 'DATASET_LAYOUT',
			message: expect.stringContaining(expected),
		});
	});
});

describe('Real-IAD', () => {
	const list = {
		meta: { prefix: 'audiojack/', normal_class: 'OK', pre_transform: false },
		train: [sample('OK', 'OK/S0001/a.jpg')],
		test: [sample('OK', 'OK/S0002/b.jpg'), sample('BX', 'NG/BX/S0003/c.jpg', 'NG/BX/S0003/c.png')],
	};
	const images = ['OK/S0001/a.jpg', 'OK/S0002/b.jpg', 'NG/BX/S0003/c.jpg', 'NG/BX/S0003/c.png'];
	const folder = (listPath: string, imageRoot: string, content = JSON.stringify(list)): string =>
		makeFolder({
			...Object.fromEntries(images.map((file) => [`${imageRoot}${file}`, 'x'])),
			[listPath]: content,
		});

	test.each([
		['realiad_jsons/realiad_jsons/audiojack.json', 'realiad_1024/audiojack/'],
		['realiad_jsons/audiojack.json', 'realiad_256/audiojack/'],
		['audiojack.json', 'audiojack/'],
	])('lists in %s and images in %s are read', async (listPath, imageRoot) => {
		const dataset = await scanDataset(folder(listPath, imageRoot));
		expect(dataset.layout).toBe('realiad');
		expect(dataset.problems).toEqual([]);
		const [category] = dataset.categories;
		expect(category.name).toBe('audiojack');
		expect(category.train.map(({ relativePath }) => relativePath)).toEqual([
			`${imageRoot}OK/S0001/a.jpg`,
		]);
		expect(category.test.map(({ label, anomalous }) => [label, anomalous])).toEqual([
			['BX', true],
			['good', false],
		]);
		expect(category.test[0].maskPath).toMatch(/c\.png$/);
	});

	test('anomalous training images are left out with a warning', async () => {
		const noisy = { ...list, train: [...list.train, ...list.test] };
		const dataset = await scanDataset(
			folder('realiad_jsons/audiojack.json', 'realiad_1024/audiojack/', JSON.stringify(noisy)),
		);
		expect(dataset.categories[0].train).toHaveLength(2);
		expect(dataset.problems).toMatchObject([{ kind: 'trainAnomalous', count: 1 }]);
	});

	test('a list of another structure is refused', async () => {
		const root = folder('realiad_jsons/audiojack.json', 'realiad_1024/audiojack/', '{"train": 1}');
		await expect(scanDataset(root)).rejects.toMatchObject({ code: 'DATASET_LAYOUT' });
	});

	test('a JSON file of another kind beside plain images is no list', async () => {
		const root = makeFolder({ 'a.png': 'x', 'notes.json': '{"meta": {}}' });
		expect((await scanDataset(root)).layout).toBe('plain');
	});

	function sample(anomaly: string, image: string, mask: string | null = null) {
		return { category: 'audiojack', anomaly_class: anomaly, image_path: image, mask_path: mask };
	}
});

describe('plain folders', () => {
	test('a folder of images is one category of normal training images', async () => {
		const dataset = await scanDataset(makeFolder(['b.jpg', 'a.jpeg', 'c.webp', 'd.txt'], 'gears'));
		expect(dataset.layout).toBe('plain');
		expect(names(dataset)).toEqual(['gears']);
		expect(dataset.categories[0].train.map(({ relativePath }) => relativePath)).toEqual([
			'a.jpeg',
			'b.jpg',
			'c.webp',
		]);
		expect(dataset.categories[0].test).toEqual([]);
	});

	test('a folder of folders of images is one category each', async () => {
		const dataset = await scanDataset(makeFolder(['nut/1.png', 'bolt/1.png', 'empty/']));
		expect(names(dataset)).toEqual(['bolt', 'nut']);
		expect(kinds(dataset)).toEqual(['unknownFolder empty']);
	});

	test('subfolders beside one named good are labels; images beside them are for training', async () => {
		const root = makeFolder(['1.png', 'good/2.png', 'dent/3.png', 'ground_truth/dent/3.png'], 'cap');
		const [category] = (await scanDataset(root)).categories;
		expect(category.train.map(({ relativePath }) => relativePath)).toEqual(['1.png']);
		expect(category.test.map(({ label, maskPath }) => [label, maskPath !== null])).toEqual([
			['dent', true],
			['good', false],
		]);
	});

	test('without images beside them, the good ones are for training', async () => {
		const [category] = (await scanDataset(makeFolder(['cap/good/2.png', 'cap/dent/3.png']))).categories;
		expect(category.train.map(({ split, label }) => [split, label])).toEqual([['train', 'good']]);
		expect(category.test.map(({ label }) => label)).toEqual(['dent']);
	});

	test('subfolders without a good one are left out and named', async () => {
		const dataset = await scanDataset(makeFolder(['1.png', 'dent/3.png']));
		expect(kinds(dataset)).toEqual(['unknownFolder dent']);
	});

	test('a category whose name is not fit for one is left out with the reason', async () => {
		const dataset = await scanDataset(makeFolder(['nut/1.png', 'a+b/1.png', 'größe 2/1.png']));
		expect(names(dataset)).toEqual(['größe 2', 'nut']);
		expect(dataset.problems).toMatchObject([{ kind: 'badName', path: 'a+b' }]);
	});
});

describe('any layout', () => {
	test('entries come in bytewise order, not in that of a language', async () => {
		const files = ['ä.png', 'Z.png', 'a.png', '10.png', '9.png', '\u{1f600}.png', '\uff21.png'];
		const dataset = await scanDataset(makeFolder(files));
		const byBytes = [...files].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
		expect(dataset.categories[0].train.map(({ relativePath }) => relativePath)).toEqual(byBytes);
	});

	// Windows lets only administrators make symbolic links.
	const withLinks = process.platform === 'win32' ? test.skip : test;

	withLinks('links that leave the folder are refused, links within it are followed', async () => {
		const root = makeFolder(['part/1.png']);
		const outside = makeFolder(['secret/1.png', '2.png']);
		symlinkSync(path.join(outside, 'secret'), path.join(root, 'stolen'));
		symlinkSync(path.join(outside, '2.png'), path.join(root, 'part/2.png'));
		symlinkSync(path.join(root, 'part/1.png'), path.join(root, 'part/3.png'));
		symlinkSync(path.join(root, 'gone'), path.join(root, 'part/4.png'));
		const dataset = await scanDataset(root);
		expect(paths(dataset)).toEqual(['part/1.png', 'part/3.png']);
		expect(kinds(dataset).sort()).toEqual([
			'linkRefused part/2.png',
			'linkRefused part/4.png',
			'linkRefused stolen',
		]);
	});

	withLinks('a linked root is the folder it points to', async () => {
		const root = makeFolder(['1.png'], 'part');
		const link = path.join(makeFolder([]), 'alias');
		symlinkSync(root, link);
		expect(names(await scanDataset(link))).toEqual(['alias']);
	});

	test('only the chosen categories are read', async () => {
		const dataset = await scanDataset(makeFolder(['a/1.png', 'b/1.png', 'c/1.png']), {
			categories: ['c', 'a'],
		});
		expect(names(dataset)).toEqual(['a', 'c']);
	});

	test('a layout that is asked for is not detected', async () => {
		const root = makeFolder(BOTTLE);
		await expect(scanDataset(path.join(root, 'bottle/train'), { layout: 'mvtec' })).rejects.toMatchObject(
			{
				code: 'DATASET_LAYOUT',
				hint: expect.stringContaining('MVTec AD'),
			},
		);
		await expect(scanDataset(root, { layout: 'coco' as never })).rejects.toMatchObject({
			code: 'CONFIG_INVALID',
		});
	});

	test('an aborted scan stops', async () => {
		const signal = AbortSignal.abort();
		await expect(scanDataset(makeFolder(BOTTLE), { signal })).rejects.toMatchObject({
			name: 'AbortError',
		});
	});
});

describe('errors name what was expected', () => {
	test('a missing folder', async () => {
		const missing = path.join(makeFolder([]), 'none');
		await expect(scanDataset(missing)).rejects.toMatchObject({
			code: 'INPUT_MISSING',
			message: `Expected a dataset folder at "${missing}", found nothing`,
		});
	});

	test('a file instead of a folder', async () => {
		const root = makeFolder(['1.png']);
		await expect(scanDataset(path.join(root, '1.png'))).rejects.toMatchObject({ code: 'INPUT_MISSING' });
	});

	test('an empty folder', async () => {
		await expect(scanDataset(makeFolder([]))).rejects.toMatchObject({ code: 'DATASET_EMPTY' });
	});

	test('an unknown category names the known ones', async () => {
		await expect(
			scanDataset(makeFolder(['a/1.png', 'b/1.png']), { categories: ['z'] }),
		).rejects.toMatchObject({
			code: 'CATEGORY_UNKNOWN',
			hint: 'Known categories: a, b.',
		});
	});

	test('nothing recognised', async () => {
		await expect(scanDataset(makeFolder(['readme.txt', 'deep/er/1.png']))).rejects.toMatchObject({
			code: 'DATASET_LAYOUT',
			message: expect.stringContaining('found deep/, readme.txt'),
			hint: expect.stringContaining('MVTec AD'),
		});
	});

	test('only unsupported images', async () => {
		await expect(scanDataset(makeFolder(['1.tga', '2.tga']))).rejects.toMatchObject({
			code: 'DATASET_LAYOUT',
			hint: expect.stringContaining('2 images such as "1.tga" are not supported: convert to PNG'),
		});
	});

	test('training images without their folder "good"', async () => {
		await expect(scanDataset(makeFolder(['train/1.png']))).rejects.toMatchObject({
			code: 'DATASET_EMPTY',
			hint: expect.stringContaining('expected normal images in "train/good"'),
		});
	});
});

test('a folder of 100,000 images is scanned without asking for each file', async () => {
	const { promises } = await import('node:fs');
	const root = makeFolder(['part/0.png']);
	const count = 100_000;
	const entries = Array.from({ length: count }, (_, i) => ({
		name: `${i}.png`,
		isDirectory: () => false,
		isFile: () => true,
		isSymbolicLink: () => false,
	}));
	const original = promises.readdir.bind(promises);
	const readdir = jest
		.spyOn(promises, 'readdir')
		.mockImplementation(((folder: string, options: never) =>
			folder === path.join(root, 'part')
				? Promise.resolve(entries)
				: original(folder, options)) as never);
	const stat = jest.spyOn(promises, 'stat');
	const dataset = await scanDataset(root);
	expect(dataset.categories[0].train).toHaveLength(count);
	expect(stat).toHaveBeenCalledTimes(1);
	readdir.mockRestore();
	stat.mockRestore();
});

withRealData(
	'real folders: three categories of two sources, every mask paired (skipped where the folder is absent)',
	async () => {
		const dataset = await scanDataset(REAL_DATA);
		expect(names(dataset)).toEqual(['alien', 'ball_screw', 'cookie']);
		const [alien, ballScrew, cookie] = dataset.categories;
		expect([alien.train.length, ballScrew.train.length, cookie.train.length]).toEqual([39, 210, 31]);
		expect([masked(alien.test), masked(ballScrew.test), masked(cookie.test)]).toEqual([0, 55, 32]);
		expect([alien.test.length, ballScrew.test.length, cookie.test.length]).toEqual([79, 129, 46]);
		for (const entry of [...ballScrew.test, ...cookie.test].filter(({ anomalous }) => anomalous)) {
			expect(path.basename(entry.maskPath!)).toBe(`${path.parse(entry.path).name}_mask.png`);
		}
		expect(kinds(dataset)).toEqual([
			expect.stringContaining('imageWithoutMask aws_lookout/alien/test/anomaly/'),
			'unknownFolder aws_lookout/cookie/test_nomask',
		]);
	},
);

function names(dataset: Dataset): string[] {
	return dataset.categories.map(({ name }) => name);
}

function paths(dataset: Dataset): string[] {
	return dataset.categories.flatMap(({ train, test }) =>
		[...train, ...test].map((entry) => entry.relativePath),
	);
}

function kinds(dataset: Dataset): string[] {
	return dataset.problems.map(({ kind, path: at }) => `${kind} ${at}`);
}

function masked(entries: readonly ImageEntry[]): number {
	return entries.filter(({ maskPath }) => maskPath !== null).length;
}

function litter(folder: string): string[] {
	return ['.DS_Store', '._000.png', 'Thumbs.db', 'notes.txt'].map((name) => folder + name);
}

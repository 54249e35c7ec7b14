import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import sharp from 'sharp';
import { InspectionDataset } from '../../nodes/InspectionDataset/InspectionDataset.node';
import type { Engine } from '../../src/engine/host';
import { fileItem, node, oneNode, type NodeOptions } from './support/flow';
import { N8nLab } from './support/n8nLab';
import type { Run } from './support/run';
import { engineFromSources } from './support/sharedEngine';

let lab: N8nLab;
let engine: Engine;
let count = 0;

beforeAll(async () => {
	lab = await N8nLab.open({ inspectionDataset: InspectionDataset });
	engine = engineFromSources();
});
afterAll(async () => {
	await engine.close();
	lab.close();
});

describe('Add Images', () => {
	test('images go where category, split and label say, each paired with its item', async () => {
		const dataFolder = newFolder();
		const parameters = { category: 'bolt', split: '={{ $json.split }}', label: '={{ $json.label }}' };
		const run = await add({ dataFolder, ...parameters }, [
			await item(1, { split: 'train', label: 'good' }, 'a.png'),
			await item(2, { split: 'test', label: 'OK' }, 'b.png'),
			await item(3, { split: 'test', label: 'scratch' }, 'c.png'),
		]);
		expect(run.error).toBeUndefined();
		expect(run.json().map((json) => json.path)).toEqual([
			'bolt/train/good/a.png',
			'bolt/test/good/b.png',
			'bolt/test/scratch/c.png',
		]);
		expect(run.items().map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 1 },
			{ item: 2 },
		]);
		expect(run.json()[2]).toMatchObject({
			added: true,
			file: path.join(lab.files, dataFolder, 'bolt/test/scratch/c.png'),
			category: 'bolt',
			split: 'test',
			label: 'scratch',
			maskFile: null,
			duplicateOf: null,
			width: 20,
			height: 18,
		});
	});

	test('the category comes from a field of the item', async () => {
		const parameters = {
			dataFolder: newFolder(),
			categorySource: 'field',
			categoryField: 'product.kind',
		};
		const run = await add(parameters, [await item(1, { product: { kind: 'nut' } })]);
		expect(run.json()).toMatchObject([{ path: 'nut/train/good/part.png' }]);
		const missing = await add(parameters, [await item(2, {})]);
		expect(missing.error).toMatchObject({
			message: expect.stringContaining('"product.kind"'),
			description: expect.not.stringContaining('None'),
		});
	});

	test('an image that is there already is not added, under any name and label', async () => {
		const dataFolder = newFolder();
		const items = [await item(1, {}, 'a.png'), await item(1, {}, 'b.png')];
		const run = await add({ dataFolder, category: 'bolt' }, items);
		expect(run.json()).toMatchObject([
			{ added: true, conflict: false },
			{ added: false, duplicateOf: 'bolt/train/good/a.png', conflict: false },
		]);
		const relabelled = await add({ dataFolder, category: 'bolt', split: 'test', label: 'dent' }, items);
		expect(relabelled.json()[0]).toMatchObject({ added: false, conflict: true, label: 'good' });
		expect(run.hints()).toEqual([]);
		expect(relabelled.hints()).toEqual([expect.stringContaining('keeps them there')]);
		const failing = await add({ dataFolder, category: 'bolt', options: { onDuplicate: 'fail' } }, items);
		expect(failing.error).toMatchObject({
			message: expect.stringContaining('already in the dataset as bolt/train/good/a.png'),
			context: { itemIndex: 0 },
		});
	});

	test('executions that add the same images at once add each once', async () => {
		const dataFolder = newFolder();
		const items = await Promise.all(Array.from({ length: 6 }, (_, i) => item(i)));
		const runs = await Promise.all([1, 2, 3].map(() => add({ dataFolder, category: 'bolt' }, items)));
		expect(runs.flatMap((run) => run.json()).filter(({ added }) => added)).toHaveLength(6);
		expect(readdirSync(path.join(lab.files, dataFolder, 'bolt/train/good'))).toHaveLength(6);
	});

	test('a mask is stored beside; items without one are added without', async () => {
		const dataFolder = newFolder();
		const masked = await item(1);
		masked.binary!.mask = fileItem(await picture(255)).binary!.data;
		const parameters = { category: 'bolt', split: 'test', label: 'dent', options: { maskField: 'mask' } };
		const run = await add({ dataFolder, ...parameters }, [masked, await item(2, {}, 'b.png')]);
		expect(run.json().map(({ maskFile }) => maskFile)).toEqual([
			path.join(lab.files, dataFolder, 'bolt/ground_truth/dent/part_mask.png'),
			null,
		]);
		expect(run.hints()).toEqual([expect.stringContaining('without a mask')]);
		const wrong = await item(3);
		wrong.binary!.mask = fileItem(await picture(255, 30)).binary!.data;
		const refused = await add({ dataFolder, ...parameters }, [wrong]);
		expect(refused.error?.message).toMatch(/mask of 20 x 18 pixels.*found 30 x 18/);
	});

	test('a failing item goes to the error output with sentence, advice and its binary data', async () => {
		const dataFolder = newFolder();
		const items = [
			await item(1),
			fileItem(Buffer.from('no image'), { fileName: 'notes.png' }),
			{ json: {} },
			await item(2, {}, 'z.png'),
		];
		const parameters = { dataFolder, category: 'bolt' };
		const run = await add(parameters, items, { onError: 'continueErrorOutput' });
		const [good, bad] = run.outputs();
		expect(good.map(({ json, pairedItem }) => [json.path, pairedItem])).toEqual([
			['bolt/train/good/part.png', { item: 0 }],
			['bolt/train/good/z.png', { item: 3 }],
		]);
		expect(bad.map(({ json }) => json.error)).toEqual([
			expect.stringContaining('found text in notes.png'),
			expect.stringContaining('found no binary data'),
		]);
		expect(bad[0].binary).toHaveProperty('data');
		const regular = await add(parameters, items, { onError: 'continueRegularOutput' });
		expect(regular.json()).toHaveLength(4);
	});

	test.each([
		[{ dataFolder: '../outside' }, /inside .*files/],
		[{ dataFolder: '/etc' }, /inside .*files/],
		[{ dataFolder: '={{ "" }}' }, /folder in "Dataset Folder", found nothing/],
		[{ category: '../../x' }, /name of a category in "Category", found/],
		[{ category: '={{ $json.missing }}' }, /found nothing/],
		[{ category: 'ground_truth' }, /meaning of its own/],
		[{ label: '..' }, /folder as label/],
		[{ label: 'dent' }, /label "good" for a training image/],
	])('%j is refused and nothing is written', async (change, message) => {
		const dataFolder = newFolder();
		const before = readdirSync(lab.home).sort();
		const run = await add({ dataFolder, category: 'bolt', ...change }, [await item(1)]);
		expect(run.error?.message).toMatch(message);
		expect(existsSync(path.join(lab.files, dataFolder))).toBe(false);
		expect(readdirSync(lab.home).sort()).toEqual(before);
	});

	test('a link that leaves the allowed folders is refused, as dataset and inside of one', async () => {
		const outside = path.join(lab.home, 'outside');
		mkdirSync(outside, { recursive: true });
		const dataFolder = newFolder();
		symlinkSync(outside, path.join(lab.files, dataFolder));
		const run = await add({ dataFolder, category: 'bolt' }, [await item(1)]);
		expect(run.error?.message).toMatch(/which leads to .*outside/);
		const inner = newFolder();
		mkdirSync(path.join(lab.files, inner));
		symlinkSync(outside, path.join(lab.files, inner, 'bolt'));
		const second = await add({ dataFolder: inner, category: 'bolt' }, [await item(1)]);
		expect(second.error?.message).toMatch(/link that leaves/);
		expect(readdirSync(outside)).toEqual([]);
	});

	test('the first image is taken when the field has another name, and a hint says so', async () => {
		const parameters = { dataFolder: newFolder(), category: 'bolt', binaryPropertyName: 'photo' };
		const run = await add(parameters, [await item(1)]);
		expect(run.json()).toMatchObject([{ added: true }]);
		expect(run.hints()).toEqual([expect.stringContaining('"photo"')]);
	});
});

describe('List Images', () => {
	test('an item per image in a fixed order, filtered and limited', async () => {
		const dataFolder = await filledDataset();
		expect(paths(await list({ dataFolder }))).toEqual([
			'bolt/test/dent/d.png',
			'bolt/test/good/c.png',
			'bolt/train/good/a.png',
			'bolt/train/good/b.png',
			'nut/train/good/e.png',
		]);
		expect(paths(await list({ dataFolder, returnAll: false, limit: 2 }))).toHaveLength(2);
		const unknown = await list({ dataFolder, filters: { categories: 'bolt, none' } });
		expect(unknown.error?.message).toMatch(/category "none"/);
		expect(
			paths(await list({ dataFolder, filters: { split: 'train', categories: 'bolt' } })),
		).toHaveLength(2);
		expect(paths(await list({ dataFolder, filters: { labels: 'anomalous' } }))).toEqual([
			'bolt/test/dent/d.png',
		]);
		expect(
			paths(await list({ dataFolder, filters: { labels: 'Dent, good', split: 'test' } })),
		).toHaveLength(2);
	});

	test('pages follow each other without gaps', async () => {
		const dataFolder = await filledDataset();
		const seen: unknown[] = [];
		for (let after = ''; ; after = String(seen.at(-1))) {
			const page = paths(await list({ dataFolder, returnAll: false, limit: 2, options: { after } }));
			if (page.length === 0) break;
			seen.push(...page);
		}
		expect(seen).toEqual(paths(await list({ dataFolder })));
	});

	test('filters that nothing passes are told what labels there are; the page after the last is not', async () => {
		const dataFolder = newFolder();
		await add({ dataFolder, category: 'bolt' }, [await item(1)]);
		await add({ dataFolder, category: 'bolt', split: 'test', label: 'dent' }, [await item(2)]);
		const wrong = await list({ dataFolder, filters: { labels: 'scratch' } });
		expect(wrong.json()).toEqual([]);
		expect(wrong.hints()).toEqual([
			'No image passes the filters. The labels of the dataset: dent (test), good (train).',
		]);
		const end = await list({ dataFolder, options: { after: 'zzz' } });
		expect([end.json(), end.hints()]).toEqual([[], []]);
	});

	test('images, masks and sizes come when asked for', async () => {
		const dataFolder = await filledDataset();
		const run = await list({
			dataFolder,
			includeImages: true,
			includeMasks: true,
			filters: { split: 'test' },
			options: { includeSize: true, outputField: 'image' },
		});
		const [dent, good] = run.items();
		expect(dent.json).toEqual({
			path: 'bolt/test/dent/d.png',
			file: path.join(lab.files, dataFolder, 'bolt/test/dent/d.png'),
			category: 'bolt',
			split: 'test',
			label: 'dent',
			anomalous: true,
			maskFile: path.join(lab.files, dataFolder, 'bolt/ground_truth/dent/d_mask.png'),
			width: 20,
			height: 18,
			format: 'png',
		});
		expect(dent.binary?.image).toMatchObject({ mimeType: 'image/png', fileName: 'd.png' });
		expect(await lab.bytes(dent, 'image')).toEqual(readFileSync(dent.json.file as string));
		expect(await lab.bytes(dent, 'mask')).toEqual(readFileSync(dent.json.maskFile as string));
		expect(Object.keys(good.binary ?? {})).toEqual(['image']);
	});

	test('a folder that is not there is said for each item', async () => {
		const run = await list({ dataFolder: '={{ $json.folder }}' }, [{ json: { folder: 'none' } }], {
			onError: 'continueErrorOutput',
		});
		expect(run.outputs()[1].map(({ json }) => json.error)).toEqual([
			expect.stringMatching(/dataset folder at .*none", found nothing/),
		]);
	});
});

describe('Inspect', () => {
	test('one item says what is in the folder and what is wrong with it', async () => {
		const dataFolder = await filledDataset();
		const root = path.join(lab.files, dataFolder);
		const noise = await noisyPicture();
		writeFileSync(path.join(root, 'nut/train/good/cut.png'), noise.subarray(0, noise.length / 2));
		mkdirSync(path.join(root, 'nut/test/good'), { recursive: true });
		writeFileSync(
			path.join(root, 'nut/test/good/leak.png'),
			readFileSync(path.join(root, 'nut/train/good/e.png')),
		);
		const [summary] = (await inspect({ dataFolder })).json();
		expect(summary).toMatchObject({
			folder: root,
			layout: 'mvtec',
			images: 7,
			categories: 2,
			categoryNames: 'bolt, nut',
			train: 4,
			testGood: 2,
			testAnomalous: 1,
			defects: 'dent (1)',
			masksPaired: 1,
			masksMissing: 0,
			unreadable: 1,
			duplicates: 1,
			leaks: 1,
			trainable: true,
			warnings: 2,
		});
		expect(summary.sizes).toBe('20x18 (6)');
		expect((summary.report as string).split('\n')).toEqual([
			expect.stringMatching(/^Cannot be read: nut\/train\/good\/cut.png: .*cut short or damaged/),
			'Same image in train and test: nut/test/good/leak.png, nut/train/good/e.png',
		]);
		const quick = (await inspect({ dataFolder, options: { headersOnly: true } })).json();
		expect(quick[0]).toMatchObject({ unreadable: 0, leaks: 1 });
	});

	test('an item per category has flat numbers only', async () => {
		const dataFolder = await filledDataset();
		const rows = (await inspect({ dataFolder, output: 'categories' })).json();
		expect(rows).toMatchObject([
			{ category: 'bolt', train: 2, testAnomalous: 1, sizes: '20x18 (4)' },
			{ category: 'nut', train: 1, testAnomalous: 0 },
		]);
		for (const value of rows.flatMap((row) => Object.values(row)))
			expect(typeof value).not.toBe('object');
	});
});

describe('Create Sample', () => {
	test('the sample has the asked counts and can be inspected', async () => {
		const dataFolder = newFolder();
		const options = {
			trainPerCategory: 2,
			testGoodPerCategory: 1,
			imagesPerDefect: 1,
			side: 64,
			seed: 3,
		};
		const run = await start('createSample', { dataFolder, options }).done;
		expect(run.json()).toEqual([
			{
				folder: path.join(lab.files, dataFolder),
				categories: 3,
				categoryNames: expect.any(String),
				files: 39,
				drawn: true,
			},
		]);
		expect((await inspect({ dataFolder })).json()).toMatchObject([
			{ train: 6, testGood: 3, testAnomalous: 15, masksPaired: 15, warnings: 0, report: '' },
		]);
	});

	test('a sample that is there is kept, or drawn again when asked', async () => {
		const dataFolder = newFolder();
		const options = { trainPerCategory: 1, testGoodPerCategory: 0, imagesPerDefect: 0, side: 64 };
		await start('createSample', { dataFolder, options }).done;
		const kept = await start('createSample', { dataFolder, options }).done;
		expect(kept.json()).toMatchObject([{ files: 3, drawn: false }]);
		const redraw = { ...options, ifSampleExists: 'redraw' };
		expect((await start('createSample', { dataFolder, options: redraw }).done).json()).toMatchObject([
			{ drawn: true },
		]);
	});

	test('a wrong number is named as the panel names it', async () => {
		const run = await lab.run(
			oneNode('inspectionDataset', {
				operation: 'createSample',
				dataFolder: newFolder(),
				options: { side: -5 },
			}),
		);
		expect(run.error).toMatchObject({
			message: 'Expected Image Side to be a whole number of pixels from 64 to 2048, found -5',
			description: 'Leave Image Side out for the default.',
		});
	});

	test('a folder with other files is not overwritten', async () => {
		const dataFolder = await filledDataset();
		const run = await start('createSample', { dataFolder }).done;
		expect(run.error?.message).toMatch(/empty folder or a former sample/);
	});

	test('a stopped execution ends the drawing long before it would be done', async () => {
		const running = start('createSample', { dataFolder: newFolder(), options: {} });
		await new Promise((resolve) => setTimeout(resolve, 700));
		const stopped = performance.now();
		running.cancel();
		await running.done;
		expect(performance.now() - stopped).toBeLessThan(8000);
	});
});

test('as a tool it tells an agent what a dataset holds', async () => {
	const dataFolder = await filledDataset();
	const tool = node('inspectionDatasetTool', { operation: 'inspect', dataFolder }, { name: 'Tool' });
	const { nodes, connections } = oneNode('agent');
	const toAgent = { Tool: { ai_tool: [[{ node: 'Node', type: 'ai_tool' as const, index: 0 }]] } };
	const run = await lab.run({ nodes: [...nodes, tool], connections: { ...connections, ...toAgent } });
	expect(run.json()[0].answer).toMatchObject([{ images: 5, trainable: true }]);
});

test('an execution that is stopped while images are added or inspected ends at once, and what is there is whole', async () => {
	const dataFolder = newFolder();
	const items = await Promise.all(Array.from({ length: 40 }, (_, i) => item(i)));
	const running = start('addImages', { dataFolder, category: 'bolt' }, items, {
		onError: 'continueRegularOutput',
	});
	const folder = path.join(lab.files, dataFolder, 'bolt/train/good');
	while (!existsSync(folder) || readdirSync(folder).length < 3)
		await new Promise((resolve) => setTimeout(resolve, 10));
	running.cancel();
	expect((await running.done).status).toBe('canceled');
	const [summary] = (await inspect({ dataFolder })).json();
	expect(summary).toMatchObject({ unreadable: 0, duplicates: 0, warnings: 0 });
	expect(summary.images).toBeLessThan(40);
});

function newFolder(): string {
	return `dataset${count++}`;
}

function start(
	operation: string,
	parameters: INodeParameters,
	items: INodeExecutionData[] = [{ json: {} }],
	options: NodeOptions = {},
) {
	return lab.start(oneNode('inspectionDataset', { operation, ...parameters }, options), { items });
}

function add(parameters: INodeParameters, items: INodeExecutionData[], options?: NodeOptions): Promise<Run> {
	return start('addImages', parameters, items, options).done;
}

function list(
	parameters: INodeParameters,
	items?: INodeExecutionData[],
	options?: NodeOptions,
): Promise<Run> {
	return start('listImages', { returnAll: true, ...parameters }, items, options).done;
}

function inspect(parameters: INodeParameters): Promise<Run> {
	return start('inspect', parameters).done;
}

function paths(run: Run): unknown[] {
	return run.json().map((json) => json.path);
}

async function filledDataset(): Promise<string> {
	const dataFolder = newFolder();
	const root = path.join(lab.files, dataFolder);
	const files = {
		'bolt/train/good/a.png': await picture(1),
		'bolt/train/good/b.png': await picture(2),
		'bolt/test/good/c.png': await picture(3),
		'bolt/test/dent/d.png': await picture(4),
		'bolt/ground_truth/dent/d_mask.png': await picture(255),
		'nut/train/good/e.png': await picture(5),
	};
	for (const [file, bytes] of Object.entries(files)) {
		mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
		writeFileSync(path.join(root, file), bytes);
	}
	return dataFolder;
}

async function item(
	level: number,
	json: INodeExecutionData['json'] = {},
	fileName = 'part.png',
): Promise<INodeExecutionData> {
	return fileItem(await picture(level), { json, fileName });
}

/** `width` x 18 pixels of one level. */
function picture(level: number, width = 20): Promise<Buffer> {
	const background = { r: level, g: level, b: level };
	return sharp({ create: { width, height: 18, channels: 3, background } })
		.png()
		.toBuffer();
}

function noisyPicture(): Promise<Buffer> {
	const pixels = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 7919) % 251));
	return sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
		.png()
		.toBuffer();
}

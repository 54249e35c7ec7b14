import sharp from 'sharp';
import { ScoreImage } from '../../nodes/ScoreImage/ScoreImage.node';
import type { Engine } from '../../src/engine/host';
import { fileItem, node, oneNode } from './support/flow';
import { N8nLab } from './support/n8nLab';
import { engineFromSources } from './support/sharedEngine';
import { trainTinyModel, TINY_OVERRIDES, type TinyModel } from './support/tinyModel';

let lab: N8nLab;
let engine: Engine;
let tiny: TinyModel;

beforeAll(async () => {
	lab = await N8nLab.open({ scoreImage: ScoreImage });
	engine = engineFromSources();
	tiny = await trainTinyModel(engine, lab.files);
}, 120_000);

afterAll(async () => {
	await engine.close();
	lab.close();
});

const byName = (value: string) => ({ __rl: true, mode: 'name', value });
const score = (parameters = {}, options = {}) =>
	oneNode(
		'scoreImage',
		{
			model: byName('tiny'),
			options: { storeFolder: tiny.store, device: 'cpu', threads: 1 },
			...parameters,
		},
		options,
	);
const bolt = (name = 'good/0', more = {}) =>
	fileItem(tiny.image('bolt', name), { fileName: 'bolt.png', ...more });
const notAnImage = () => fileItem(Buffer.from('this is a text file'), { fileName: 'fake.png' });

test('a score comes as flat fields with its meaning, and agrees with the engine', async () => {
	const run = await lab.run(score(), { items: [bolt()] });
	expect(run.status).toBe('success');
	const [json] = run.json();
	const [own] = await engine.score({
		store: tiny.store,
		model: 'tiny',
		images: [{ name: 'bolt.png', bytes: tiny.image('bolt', 'good/0') }],
		device: 'cpu',
		threads: 1,
	});
	if ('error' in own) throw new Error(own.error.message);
	expect(json).toMatchObject({
		file: 'bolt.png',
		category: null,
		score: own.score,
		pValue: own.pValue,
		threshold: own.threshold,
		verdict: own.verdict,
		model: 'tiny',
		version: '1',
		device: 'cpu',
		precision: 'float32',
	});
	expect(json.calibrationImages).toBeGreaterThan(0);
	for (const [key, value] of Object.entries(json))
		if (key !== 'regions' && value !== null) expect(typeof value).not.toBe('object');
	expect(run.items()[0].binary?.data.fileName).toBe('bolt.png');
});

test('what is unlike anything seen in training is unknown, unless the check is switched off', async () => {
	const raw = { width: 64, height: 64, channels: 3 as const };
	const black = () =>
		sharp(Buffer.alloc(64 * 64 * 3), { raw })
			.png()
			.toBuffer()
			.then((bytes) => fileItem(bytes, { fileName: 'black.png' }));
	const options = { storeFolder: tiny.store, device: 'cpu', threads: 1 };
	// The tiny encoder's weights are random, so that nothing looks like anything to it.
	await engine.train({
		...{ store: tiny.store, data: tiny.data, model: 'seeing', encoder: 'descriptors' },
		...{ overrides: TINY_OVERRIDES, calibrationShare: 0.4, device: 'cpu', threads: 1 },
	});
	const model = byName('seeing');
	const checked = await lab.run(score({ model, options }), { items: [await black(), bolt()] });
	const [unknown, known] = checked.json();
	expect(unknown).toMatchObject({ verdict: 'unknown', outOfDistribution: true });
	expect(unknown.distributionDistance).toBeGreaterThan(Number(unknown.distributionLimit));
	expect(unknown.unknownReason).toMatch(
		/^Unlike anything seen in training: expected an image like those of/,
	);
	expect(known).toMatchObject({ outOfDistribution: false, unknownReason: null });
	const unchecked = await lab.run(score({ model, options: { ...options, checkDistribution: false } }), {
		items: [await black()],
	});
	const [judged] = unchecked.json();
	expect(judged).toMatchObject({
		score: unknown.score,
		outOfDistribution: null,
		distributionDistance: null,
		unknownReason: null,
	});
	expect(['normal', 'anomaly']).toContain(judged.verdict);
});

test('int8 is refused for a version that was not compared, and the way there is told', async () => {
	const options = { storeFolder: tiny.store, device: 'cpu', threads: 1, precision: 'int8' };
	const run = await lab.run(score({ options }), { items: [bolt()] });
	expect(run.error).toMatchObject({
		message: expect.stringContaining('Expected "tiny@1" to have been compared in int8'),
		description: expect.stringContaining('Dinomaly Model, Quantize'),
	});
});

test('heat map, mask and raw map are added when asked for, and only then', async () => {
	const plain = await lab.run(score({ options: { storeFolder: tiny.store, keepImage: false } }), {
		items: [bolt()],
	});
	expect(plain.items()[0].binary).toBeUndefined();
	const run = await lab.run(score({ outputs: ['heatmap', 'mask', 'rawMap'] }), { items: [bolt()] });
	const [item] = run.items();
	expect(Object.keys(item.binary ?? {}).sort()).toEqual(['data', 'heatmap', 'mask', 'rawMap']);
	const png = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
	expect((await lab.bytes(item, 'heatmap')).subarray(0, 4)).toEqual(png);
	expect((await lab.bytes(item, 'mask')).subarray(0, 4)).toEqual(png);
	const map = await lab.bytes(item, 'rawMap');
	expect(map.length).toBe(256 * 256 * 4);
	const top = Array.from({ length: 256 * 256 }, (_, i) => map.readFloatLE(4 * i))
		.sort((a, b) => b - a)
		.slice(0, 655);
	expect(top.reduce((sum, value) => sum + value, 0) / top.length).toBeCloseTo(Number(item.json.score), 5);
});

test('fifty items of two categories keep their order and their pairing', async () => {
	const categories = Array.from({ length: 50 }, (_, i) => (i % 3 === 0 ? 'nut' : 'bolt'));
	const items = categories.map((category, i) =>
		fileItem(tiny.image(category, i % 2 === 0 ? 'good/0' : 'square/0'), {
			fileName: `${i}.png`,
			json: { category },
		}),
	);
	const run = await lab.run(score({ categorySource: 'field' }), { items });
	expect(run.json().map(({ file }) => file)).toEqual(items.map((_, i) => `${i}.png`));
	expect(run.json().map(({ category }) => category)).toEqual(categories);
	expect(run.items().map(({ pairedItem }) => pairedItem)).toEqual(items.map((_, item) => ({ item })));
});

test('a broken image goes to the error output alone, with what to do', async () => {
	const run = await lab.run(score({}, { onError: 'continueErrorOutput' }), {
		items: [bolt(), notAnImage(), bolt()],
	});
	const [good, bad] = run.outputs();
	expect(good.map(({ json }) => json.file)).toEqual(['bolt.png', 'bolt.png']);
	expect(bad).toHaveLength(1);
	expect(bad[0].json.error).toMatch(/fake\.png/);
	expect(bad[0].pairedItem).toEqual({ item: 1 });
	expect(bad[0].binary?.data.fileName).toBe('fake.png');
});

test('without an error output a broken image ends the node and names its item', async () => {
	const run = await lab.run(score(), { items: [bolt(), notAnImage()] });
	expect(run.status).toBe('error');
	expect(run.error?.message).toMatch(/fake\.png/);
	expect(run.error).toMatchObject({ context: { itemIndex: 1 } });
});

test('an item without an image says which fields there are', async () => {
	const run = await lab.run(score(), { items: [{ json: {} }] });
	expect(run.error?.message).toBe('Expected an image in binary field "data", found no binary data');
});

test('an image under another name is found, with a hint', async () => {
	const run = await lab.run(score(), { items: [bolt('good/0', { field: 'photo' })] });
	expect(run.status).toBe('success');
	expect(run.hints().join()).toContain('"photo"');
});

test('a missing model says which ones there are', async () => {
	const run = await lab.run(score({ model: byName('missing') }), { items: [bolt()] });
	expect(run.status).toBe('error');
	expect(run.error?.message).toMatch(/missing/);
	expect(JSON.stringify(run.error)).toMatch(/tiny/);
});

test('a name that no category can have is refused with the reason, and without all of it', async () => {
	const run = await lab.run(score({ categorySource: 'field' }, { onError: 'continueErrorOutput' }), {
		items: ['../etc', 'x'.repeat(300), 7.5, true, '  '].map((category) =>
			bolt('good/0', { json: { category } }),
		),
	});
	const words = run.outputs()[1].map(({ json }) => json.error);
	const others = 'has characters other than letters, digits, space, dot, underscore and hyphen';
	expect(words).toEqual([
		`Expected the name of a category in field "category", found "../etc", which ${others}`,
		`Expected the name of a category in field "category", found "${'x'.repeat(60)}...", which is longer than 100 characters`,
		expect.stringContaining('"7.5"'),
		'Expected the name of a category in field "category", found true',
		'Expected the name of a category in field "category", found only spaces',
	]);
});

test('a device that is not there is replaced by the processor, which is said', async () => {
	const options = { storeFolder: tiny.store, device: 'cuda', threads: 1 };
	const run = await lab.run(score({ options }), { items: [bolt(), bolt()] });
	const [{ device }] = run.json();
	const told = run.hints().filter((hint) => hint.includes('"cuda"'));
	// On a machine that has one there is nothing to say.
	expect(told).toHaveLength(device === 'cuda' ? 0 : 1);
	expect(told.join()).toContain(device === 'cuda' ? '' : '"cpu" computed instead');
});

test('an unknown category fails its items only', async () => {
	const run = await lab.run(score({ categorySource: 'field' }, { onError: 'continueErrorOutput' }), {
		items: [
			bolt('good/0', { json: { category: 'gear' } }),
			bolt('good/0', { json: { category: 'bolt' } }),
		],
	});
	const [good, bad] = run.outputs();
	expect(good).toHaveLength(1);
	expect(bad[0].json.error).toMatch(/gear/);
});

test('model, category and outputs may be expressions of the item', async () => {
	const run = await lab.run(
		score({
			model: byName('={{ $json.use }}'),
			categorySource: 'fixed',
			category: '={{ $json.kind }}',
			outputs: '={{ $json.wanted }}',
		}),
		{ items: [bolt('good/0', { json: { use: 'tiny@1', kind: 'nut', wanted: ['mask'] } })] },
	);
	expect(run.json()).toMatchObject([{ model: 'tiny', category: 'nut' }]);
	expect(run.items()[0].binary).toHaveProperty('mask');
});

test('fields of the input are kept when asked for', async () => {
	const options = { storeFolder: tiny.store, includeInput: true };
	const run = await lab.run(score({ options }), {
		items: [bolt('good/0', { json: { line: 7, score: 'old' } })],
	});
	expect(run.json()[0]).toMatchObject({ line: 7 });
	expect(typeof run.json()[0].score).toBe('number');
});

test('a model without calibration gives a score and says what is missing', async () => {
	await engine.train({
		store: tiny.store,
		data: tiny.data,
		model: 'raw',
		encoder: tiny.encoder,
		overrides: TINY_OVERRIDES,
		calibrationShare: 0,
		device: 'cpu',
		threads: 1,
	});
	const run = await lab.run(score({ model: byName('raw') }), { items: [bolt()] });
	expect(run.json()[0]).toMatchObject({ verdict: 'uncalibrated', pValue: null, threshold: null });
	expect(run.hints().join()).toContain('calibration share');
});

test('stopping the execution stops the scoring, whatever it is at', async () => {
	const items = Array.from({ length: 200 }, () => bolt());
	for (const afterMs of [0, 15, 40, 90, 150, 230, 300]) {
		const running = lab.start(score(), { items });
		setTimeout(() => {
			running.cancel();
		}, afterMs);
		const run = await running.done;
		expect([afterMs, run.status]).toEqual([afterMs, 'canceled']);
	}
});

test('the list offers the models of the store', async () => {
	const { results } = await lab.search('scoreImage', 'searchModels', {
		parameters: { options: { storeFolder: tiny.store } },
	});
	expect(results.map(({ value }) => value)).toContain('tiny');
});

test('as a tool it tells an agent without an image what it needs', async () => {
	const tool = node('scoreImageTool', { model: byName('tiny') }, { name: 'Tool' });
	const { nodes, connections } = oneNode('agent');
	const toAgent = { Tool: { ai_tool: [[{ node: 'Node', type: 'ai_tool' as const, index: 0 }]] } };
	const run = await lab.run({ nodes: [...nodes, tool], connections: { ...connections, ...toAgent } });
	// Not an error of the tool, of which an agent hears nothing.
	expect(run.status).toBe('success');
	expect(run.json()[0].answer).toEqual([
		{
			error: expect.stringContaining('Expected an image in binary field'),
			details: expect.stringContaining('Pass images on'),
		},
	]);
});

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { EvaluateMetrics } from '../../nodes/EvaluateMetrics/EvaluateMetrics.node';
import type { Engine } from '../../src/engine/host';
import type { ImageScore } from '../../src/scoring/request';
import { FolderStore } from '../../src/store/folderStore';
import { node, oneNode, type NodeOptions } from './support/flow';
import { N8nLab } from './support/n8nLab';
import type { Run } from './support/run';
import { engineFromSources } from './support/sharedEngine';
import { trainTinyModel, type TinyModel } from './support/tinyModel';

const METRICS = [
	'imageAuroc',
	'imageAp',
	'imageF1Max',
	'pixelAuroc',
	'pixelAp',
	'pixelF1Max',
	'aupro',
	'auproOfficial',
];
/** Needs more good pixels than the tiny dataset has, unless several images are there. */
const SCARCE = 'aupimo';

let lab: N8nLab;
let engine: Engine;
let tiny: TinyModel;

beforeAll(async () => {
	lab = await N8nLab.open({ evaluateMetrics: EvaluateMetrics });
	engine = engineFromSources();
	tiny = await trainTinyModel(engine, lab.files);
	process.env.DINOMALY_STORE = tiny.store;
});
afterAll(async () => {
	delete process.env.DINOMALY_STORE;
	await engine.close();
	lab.close();
});

function evaluate(
	parameters: INodeParameters = {},
	{ items, ...options }: NodeOptions & { items?: readonly INodeExecutionData[] } = {},
): Promise<Run> {
	const all = { operation: 'evaluateDataset', model: named('tiny'), dataFolder: 'data', ...parameters };
	return lab.run(oneNode('evaluateMetrics', all, options), { items });
}

function named(value: string): INodeParameters {
	return { __rl: true, mode: 'name', value };
}

function runFiles(): string[] {
	return readdirSync(path.join(tiny.store, 'evaluations', 'tiny')).sort();
}

/** Items as Score Image leaves them, with raw map and mask as binary data. */
async function scoredItems(): Promise<INodeExecutionData[]> {
	const names = ['good/0', 'good/1', 'good/2', 'square/0', 'square/1', 'square/2'];
	const outcomes = await engine.score({
		store: tiny.store,
		model: 'tiny',
		images: names.map((name) => ({ name, bytes: tiny.image('bolt', name) })),
		category: 'bolt',
		outputs: { rawMap: true, heatmap: true },
		device: 'cpu',
	});
	return outcomes.map((outcome, i) => {
		const { score, threshold, rawMap, heatmapPng, model, version, category } = outcome as ImageScore;
		const [label, number] = names[i].split('/');
		const map = Buffer.from(rawMap!.buffer, rawMap!.byteOffset, rawMap!.byteLength);
		const mask = path.join(tiny.data, 'bolt', 'ground_truth', label, `${number}_mask.png`);
		return {
			json: { file: names[i], score, threshold, model, version, category, label, device: 'cpu' },
			binary: {
				data: {
					data: Buffer.from(tiny.image('bolt', names[i])).toString('base64'),
					mimeType: 'image/png',
				},
				heatmap: { data: Buffer.from(heatmapPng!).toString('base64'), mimeType: 'image/png' },
				rawMap: { data: map.toString('base64'), mimeType: 'application/octet-stream' },
				...(label !== 'good' && {
					groundTruth: { data: readFileSync(mask).toString('base64'), mimeType: 'image/png' },
				}),
			},
		};
	});
}

/** The report page, which goes with the last item. */
async function pageOf(run: Run): Promise<string> {
	expect(run.error).toBeUndefined();
	return (await lab.bytes(run.items().at(-1)!, 'report')).toString('utf8');
}

describe('Evaluate Dataset', () => {
	test('gives a flat item for each category and one for the mean', async () => {
		const run = await evaluate();
		expect(run.error).toBeUndefined();
		expect(run.json().map(({ category }) => category)).toEqual(['bolt', 'nut', 'mean']);
		const [bolt, nut, mean] = run.json();
		for (const json of run.json()) {
			for (const value of Object.values(json))
				expect(typeof value === 'object' && value !== null).toBe(false);
			for (const metric of [...METRICS, SCARCE]) expect(json).toHaveProperty(metric);
		}
		expect(bolt).toMatchObject({
			goodImages: 3,
			anomalousImages: 3,
			maskedImages: 3,
			images: 6,
			model: 'tiny',
		});
		expect(mean.imageAuroc).toBeCloseTo((Number(bolt.imageAuroc) + Number(nut.imageAuroc)) / 2, 12);
		expect(mean).toMatchObject({
			images: 12,
			fewImages: true,
			version: '1',
			device: 'cpu',
			dataset: 'data',
		});
		expect(mean).not.toHaveProperty('gatePassed');
		expect(run.items().map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 0 },
			{ item: 0 },
		]);
	});

	test('one item holds the mean, whose metrics are numbers', async () => {
		const run = await evaluate({ output: 'mean' });
		expect(run.json()).toHaveLength(1);
		for (const metric of METRICS) expect(typeof run.json()[0][metric]).toBe('number');
	});

	test('each run is kept in the store with what made it, unless told otherwise', async () => {
		const before = runFiles().length;
		const run = await evaluate({ output: 'mean' });
		expect(runFiles()).toHaveLength(before + 1);
		const file = path.join(tiny.store, 'evaluations', 'tiny', `${run.json()[0].runId as string}.json`);
		expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
			source: 'dataset',
			model: { name: 'tiny', version: '1' },
			dataset: { root: 'data', fingerprint: run.json()[0].datasetFingerprint },
		});
		const unrecorded = await evaluate({ output: 'mean', options: { record: false } });
		expect(unrecorded.json()[0].runId).toBeNull();
		expect(runFiles()).toHaveLength(before + 1);
	});

	test('expressions are read for each item', async () => {
		const run = await evaluate(
			{
				model: named('={{ $json.which }}'),
				output: 'mean',
				options: { categories: '={{ [$json.only] }}' },
			},
			{
				items: [
					{ json: { which: 'tiny@1', only: 'bolt' } },
					{ json: { which: 'tiny', only: 'nut' } },
				],
			},
		);
		expect(run.error).toBeUndefined();
		expect(run.json().map(({ images }) => images)).toEqual([6, 6]);
		expect(run.items().map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
	});

	test('a missing model goes to the error output with a hint, and the other items go on', async () => {
		const run = await evaluate(
			{ model: named('={{ $json.which }}'), output: 'mean' },
			{
				onError: 'continueErrorOutput',
				items: [{ json: { which: 'nothing' } }, { json: { which: 'tiny' } }],
			},
		);
		const [done, failed] = run.outputs();
		expect(done.map(({ json }) => json.model)).toEqual(['tiny']);
		expect(failed.map(({ json }) => json.error)).toEqual([expect.stringContaining('nothing')]);
	});

	test('a folder outside of what n8n allows is refused', async () => {
		const run = await evaluate({ dataFolder: '../..' });
		expect(run.error?.message).toMatch(/^Expected a folder/);
	});

	test('the report is one HTML file with pictures, and stays with the mean', async () => {
		const run = await evaluate({ options: { report: true } });
		const [bolt, , mean] = run.items();
		expect(bolt.binary).toBeUndefined();
		expect(mean.binary?.report).toMatchObject({ mimeType: 'text/html', fileExtension: 'html' });
		const page = (await lab.bytes(mean, 'report')).toString('utf8');
		expect(page).toMatch(/^<!doctype html>/);
		expect(page.trimEnd()).toMatch(/<\/html>$/);
		expect(page).toContain(mean.json.runId as string);
		expect(page).not.toMatch(/<script|https?:\/\//);
	});

	test('parts of the report go where they belong: text and files with the mean, plots with their category', async () => {
		const options = {
			report: true,
			reportParts: ['html', 'markdown', 'json', 'plots'],
			reportField: 'r',
		};
		const [bolt, nut, mean] = (await evaluate({ options })).items();
		for (const item of [bolt, nut])
			expect(Object.keys(item.binary ?? {}).sort()).toEqual(
				expect.arrayContaining(['r_pr', 'r_roc', 'r_scores']),
			);
		expect(bolt.binary?.r_roc).toMatchObject({ mimeType: 'image/png', fileName: 'roc-bolt.png' });
		expect((await lab.bytes(bolt, 'r_roc')).subarray(1, 4).toString()).toBe('PNG');
		expect(Object.keys(mean.binary ?? {}).sort()).toEqual(
			expect.arrayContaining(['r', 'r_json', 'r_auroc', 'r_pr', 'r_roc']),
		);
		expect(mean.json.rMarkdown).toMatch(/^# tiny version 1: may it run\?/);
		expect(JSON.parse((await lab.bytes(mean, 'r_json')).toString('utf8'))).toMatchObject({
			run: { id: mean.json.runId },
		});
	});

	test('with one item the report of scored items has the plots of all categories', async () => {
		const run = await evaluate(
			{
				operation: 'evaluateItems',
				output: 'mean',
				options: { report: true, reportParts: ['plots'] },
			},
			{ items: await scoredItems() },
		);
		const [item] = run.items();
		expect(Object.keys(item.binary ?? {})).toEqual(
			expect.arrayContaining(['report_scores', 'report_roc', 'report_pr']),
		);
	});
});

describe('the gate', () => {
	const gate = { gate: true, output: 'mean', gateMetric: 'imageAuroc' };

	test('a floor that is reached sends the items to Passed', async () => {
		const [passed, failed] = (await evaluate({ ...gate, floor: 0 })).outputs();
		expect(failed).toEqual([]);
		expect(passed[0].json).toMatchObject({
			gatePassed: true,
			gateReason: expect.stringMatching(/^Passed: mean image AUROC is/),
		});
	});

	test('a floor that is not reached sends all items to Failed', async () => {
		const run = await evaluate({ ...gate, output: 'categories', gateMetric: 'pixelAp', floor: 1 });
		const [passed, failed] = run.outputs();
		expect(passed).toEqual([]);
		expect(failed).toHaveLength(3);
		expect(failed[0].json).toMatchObject({
			gatePassed: false,
			gateReason: expect.stringMatching(/^Failed: mean pixel AP is .* below the floor 1\.0000/),
		});
	});

	test('what could not be evaluated does not look passed', async () => {
		const run = await evaluate(
			{ ...gate, floor: 0, model: named('nothing') },
			{ onError: 'continueRegularOutput' },
		);
		expect(run.outputs().map((items) => items.length)).toEqual([0, 1]);
	});

	test('an unchanged model does not drop; a better run of the past makes it fail', async () => {
		const drop = { ...gate, gateRule: 'drop', largestDrop: 0.01 };
		const first = await evaluate(drop);
		expect(first.outputs()[0]).toHaveLength(1);
		const [runFile] = runFiles().slice(-1);
		const file = path.join(tiny.store, 'evaluations', 'tiny', runFile);
		const stored = JSON.parse(readFileSync(file, 'utf8')) as { mean: Record<string, number> };
		stored.mean.imageAuroc = 2;
		writeFileSync(file, JSON.stringify(stored));

		const previous = await evaluate({ ...drop, options: { record: false } });
		expect(previous.outputs()[1][0].json).toMatchObject({
			gatePassed: false,
			gateReason: expect.stringMatching(/fell by .* more than the allowed 0\.0100/),
			previousRunId: runFile.replace('.json', ''),
		});
		// On other test images the best run of the past does not count.
		const other = await evaluate({ ...drop, options: { categories: 'bolt', record: false } });
		expect(other.outputs()[0][0].json).toMatchObject({
			gatePassed: true,
			gateReason: expect.stringContaining('unchanged'),
		});
		const named = { compareWith: 'run', compareRun: runFiles()[0].replace('.json', '') };
		const fixed = await evaluate({ ...drop, ...named });
		expect(fixed.outputs()[0][0].json.gatePassed).toBe(true);
	});

	test('a run that is not there is an error that says which are', async () => {
		const run = await evaluate({
			...gate,
			gateRule: 'drop',
			compareWith: 'run',
			compareRun: 'last week',
		});
		expect(run.error).toMatchObject({
			message: expect.stringContaining('run id "last week"'),
			description: expect.stringContaining('The newest:'),
		});
	});

	test('a floor above 1 is refused', async () => {
		const run = await evaluate({ ...gate, floor: '={{ 95 }}' });
		expect(run.error?.message).toMatch(/"Floor" of the gate to be a number from 0 to 1, found 95/);
	});
});

describe('rules of the gate', () => {
	const gate = { gate: true, output: 'mean', gateMetric: 'imageAuroc', floor: 0 };

	test('all rules must be met, also those for one category', async () => {
		const more = {
			moreRules: { rule: [{ metric: 'pixelAp', scope: 'category', category: 'nut', floor: 1 }] },
		};
		const run = await evaluate({ ...gate, ...more });
		const [passed, failed] = run.outputs();
		expect(passed).toEqual([]);
		expect(failed[0].json.gateReason).toMatch(/^Failed: pixel AP of nut is .* below the floor 1\.0000$/);
		const unnamed = await evaluate({ ...gate, gateScope: 'category', gateCategory: '={{ " " }}' });
		expect(unnamed.error?.message).toBe(
			'Expected a category in "Category Name" of the gate, found nothing',
		);
	});

	test('a drop against production needs the alias', async () => {
		const drop = { ...gate, gateRule: 'drop', compareWith: 'production' };
		expect((await evaluate(drop)).error?.message).toMatch(/production/);
		const store = new FolderStore(tiny.store);
		await store.promote('tiny@1', 'production');
		try {
			const run = await evaluate({ ...drop, options: { record: false } });
			expect(run.outputs()[0][0].json.gatePassed).toBe(true);
		} finally {
			await store.dropAlias('tiny', 'production');
		}
	});

	test('an AUPRO limit is recorded, and one out of range is refused', async () => {
		const run = await evaluate({ output: 'mean', options: { maxFpr: 0.05, pixelMode: 'histogram' } });
		expect(run.json()[0]).toMatchObject({ auproLimit: 0.05, pixelErrorBound: expect.any(Number) });
		expect(run.json()[0].pixelErrorBound).toBeGreaterThan(0);
		const wrong = await evaluate({ options: { maxFpr: '={{ 30 }}' } });
		expect(wrong.error?.message).toBe(
			'Expected "AUPRO Limit" to be a number above 0 and at most 1, found 30',
		);
	});
});

describe('Check Drift', () => {
	const drift = { operation: 'checkDrift', model: named('tiny') };

	test('the images of a folder are scored, measured and judged', async () => {
		const run = await evaluate({ ...drift, imageFolder: 'data/bolt/train', driftCategory: 'bolt' });
		expect(run.error).toBeUndefined();
		const [stable, other] = run.outputs();
		const [{ json }] = [...stable, ...other];
		expect(json).toMatchObject({
			images: 16,
			category: 'bolt',
			model: 'tiny',
			unseenSizes: 0,
			skippedImages: 0,
			thresholdBasis: expect.stringContaining('false alarms'),
			reason: expect.any(String),
		});
		for (const value of Object.values(json))
			expect(typeof value === 'object' && value !== null).toBe(false);
	});

	test('scored items make one sample for each category; what cannot be told is not stable', async () => {
		const items = ['bolt', 'nut'].flatMap((category) =>
			Array.from({ length: 3 }, (_, i) => ({ json: { score: i, category } })),
		);
		const run = await evaluate({ ...drift, driftSource: 'items' }, { items });
		expect(run.error).toBeUndefined();
		const [stable, other] = run.outputs();
		expect(stable).toEqual([]);
		expect(other.map(({ json }) => json.verdict)).toEqual(['unknown', 'unknown']);
		expect(other[0].pairedItem).toHaveLength(3);
	});

	test('an item without a score goes to the error output', async () => {
		const run = await evaluate(
			{ ...drift, driftSource: 'items' },
			{ items: [{ json: {} }], onError: 'continueErrorOutput' },
		);
		expect(run.outputs().flat()[0].json.error).toBe(
			'Expected a number, the anomaly score, in field "score", found no such field',
		);
	});

	test('images of items are measured', async () => {
		const items = ['good/0', 'good/1', 'good/2', 'square/0'].flatMap((name) =>
			Array.from({ length: 5 }, () => ({
				json: { score: 0.1, category: 'bolt' },
				binary: {
					data: { data: tiny.image('bolt', name).toString('base64'), mimeType: 'image/png' },
				},
			})),
		);
		const run = await evaluate({ ...drift, driftSource: 'items', measureImages: true }, { items });
		expect(run.error).toBeUndefined();
		expect(run.outputs().flat()[0].json).toMatchObject({ images: 20, unseenSizes: 0 });
	});
});

describe('Evaluate Items', () => {
	const items = (parameters: INodeParameters = {}): INodeParameters => ({
		operation: 'evaluateItems',
		...parameters,
	});

	test('scores and labels are enough for image metrics', async () => {
		const scored = [
			{ score: 0.1, label: 'good', category: 'a' },
			{ score: '0.4', label: 'OK', category: 'a' },
			{ score: 0.3, label: 'scratch', category: 'a' },
			{ score: 0.9, label: true, category: 'a' },
			{ score: 0.2, label: 0, category: 7 },
		].map((json) => ({ json }));
		const run = await evaluate(items(), { items: scored });
		expect(run.error).toBeUndefined();
		expect(run.json()).toMatchObject([
			{ category: '7', imageAuroc: null, metricReason: expect.stringContaining('AUROC') },
			{ category: 'a', imageAuroc: 0.75, goodImages: 2, anomalousImages: 2, model: null, runId: null },
			{ category: 'mean', imageAuroc: 0.75, pixelAuroc: null },
		]);
		expect(run.items()[0].pairedItem).toHaveLength(5);
	});

	test('nested fields and other words for good', async () => {
		const scored = [
			{ result: { score: 1 }, truth: 'gut' },
			{ result: { score: 2 }, truth: 'riss' },
		].map((json) => ({ json }));
		const parameters = {
			scoreField: 'result.score',
			labelField: 'truth',
			options: { goodLabels: 'gut' },
		};
		const run = await evaluate(items(parameters), { items: scored });
		expect(run.json()[0]).toMatchObject({ category: 'all', imageAuroc: 1 });
	});

	test('an item without a score goes to the error output, the others are evaluated', async () => {
		const scored = [{ label: 'good' }, { score: 1, label: 'good' }, { score: 2, label: 'x' }].map(
			(json) => ({
				json,
			}),
		);
		const run = await evaluate(items({ output: 'mean' }), {
			items: scored,
			onError: 'continueErrorOutput',
		});
		const [done, failed] = run.outputs();
		expect(done[0].json).toMatchObject({ images: 2, imageAuroc: 1 });
		expect(failed[0].json.error).toBe(
			'Expected a number, the anomaly score, in field "score", found no such field',
		);
	});

	test('maps and masks give the same pixel metrics as the dataset, and the run is kept', async () => {
		const scored = await scoredItems();
		const run = await evaluate(items({ measurePixels: true }), { items: scored });
		expect(run.error).toBeUndefined();
		const [bolt] = run.json();
		expect(bolt).toMatchObject({
			category: 'bolt',
			maskedImages: 3,
			model: 'tiny',
			version: '1',
			falseAlarms: expect.any(Number),
		});
		const dataset = await evaluate({ options: { categories: 'bolt', record: false } });
		for (const metric of METRICS) expect(bolt[metric]).toBe(dataset.json()[0][metric]);
		expect(runFiles()).toContain(`${bolt.runId as string}.json`);
	});

	test('a defect wholly where the model does not look is left out of all figures, and counted', async () => {
		const scored = await scoredItems();
		const { rawMap } = scored[3].binary!;
		const map = Buffer.from(rawMap.data, 'base64');
		// As with zones that leave the upper edge alone, where no square lies.
		for (let i = 8 * 256; i < 256 * 256; i++) map.writeFloatLE(Number.NaN, i * 4);
		rawMap.data = map.toString('base64');
		const run = await evaluate(items({ measurePixels: true, options: { record: false } }), {
			items: scored,
		});
		expect(run.error).toBeUndefined();
		expect(run.json()[0]).toMatchObject({ goodImages: 3, anomalousImages: 2, maskedImages: 2 });
		const rest = scored.filter((_, i) => i !== 3);
		const without = await evaluate(items({ measurePixels: true, options: { record: false } }), {
			items: rest,
		});
		for (const metric of METRICS) expect(run.json()[0][metric]).toBe(without.json()[0][metric]);
		const alone = await evaluate(items({ measurePixels: true, options: { record: false } }), {
			items: [scored[3]],
		});
		expect(alone.error?.message).toBe(
			'Expected items whose defect lies where the model looks, found that none of 1 does',
		);
	});

	test('the report shows the images, heat maps and masks that the items carry', async () => {
		const scored = await scoredItems();
		const report = items({ output: 'mean', options: { report: true, record: false } });
		const html = await pageOf(await evaluate(report, { items: scored }));
		const shown = scored.length;
		expect(html.match(/<img src="data:image\/jpeg;base64,[^"]+" alt="Image [a-z]+\/\d"/g)).toHaveLength(
			shown,
		);
		expect(html.match(/alt="Heat map of/g)).toHaveLength(shown);
		expect(html.match(/alt="square of square\/\d, outlined"/g)).toHaveLength(3);
		const others = scored.map(({ json, binary }) => ({ json, binary: { photo: binary!.data } }));
		const plain = await pageOf(await evaluate(report, { items: others }));
		expect(plain.match(/alt="Image [a-z]+\/\d"/g)).toHaveLength(shown);
		expect(plain).toContain('None came with the item');
		expect(plain).not.toContain('alt="Heat map of');
	});

	test('a report without pictures says why', async () => {
		const bare = (await scoredItems()).map(({ json }) => ({ json }));
		const run = await evaluate(items({ options: { report: true, record: false } }), { items: bare });
		expect(run.error).toBeUndefined();
		expect(run.hints().join()).toContain(
			'The report has no pictures, since the items came without images',
		);
		const broken = (await scoredItems()).map(({ json }) => ({
			json,
			binary: { data: { data: Buffer.from('no picture').toString('base64'), mimeType: 'image/png' } },
		}));
		const other = await evaluate(items({ options: { report: true, record: false } }), { items: broken });
		expect(other.error).toBeUndefined();
	});

	test('a map that is missing is named', async () => {
		const [{ json }] = await scoredItems();
		const run = await evaluate(items({ measurePixels: true }), { items: [{ json }] });
		expect(run.error?.message).toBe(
			'Expected the raw anomaly map in binary field "rawMap", found no such field',
		);
	});

	test('a drop cannot be judged when nobody knows the model', async () => {
		const scored = [{ json: { score: 1, label: 'good' } }, { json: { score: 2, label: 'x' } }];
		const run = await evaluate(items({ gate: true, gateRule: 'drop' }), { items: scored });
		expect(run.error?.message).toMatch(/^Expected the items to name one model/);
	});
});

test('models are found in the list', async () => {
	const { results } = await lab.search('evaluateMetrics', 'searchModels', { filter: 'ti' });
	expect(results[0]).toMatchObject({ value: 'tiny' });
});

test('a cancelled execution ends and leaves no run behind', async () => {
	const before = runFiles().length;
	const running = lab.start(
		oneNode(
			'evaluateMetrics',
			{ model: named('tiny'), dataFolder: 'data' },
			{ onError: 'continueRegularOutput' },
		),
	);
	running.cancel();
	expect((await running.done).status).not.toBe('success');
	expect(runFiles()).toHaveLength(before);
});

test('as a tool it answers an agent with the mean', async () => {
	const tool = node(
		'evaluateMetricsTool',
		{ model: named('tiny'), dataFolder: 'data', output: 'mean', gate: true, floor: 1 },
		{ name: 'Tool' },
	);
	const flow = oneNode('agent', {});
	const run = await lab.run({
		nodes: [...flow.nodes, tool],
		connections: {
			...flow.connections,
			Tool: { ai_tool: [[{ node: 'Node', type: 'ai_tool', index: 0 }]] },
		},
	});
	expect(run.error).toBeUndefined();
	expect(run.json()[0].answer).toMatchObject([{ category: 'mean', gatePassed: expect.any(Boolean) }]);
});

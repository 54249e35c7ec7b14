import {
	cpSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { DinomalyModel } from '../../nodes/DinomalyModel/DinomalyModel.node';
import type { Engine } from '../../src/engine/host';
import { modelHash } from '../../src/evaluation/modelHash';
import { EvaluationRuns } from '../../src/store/evaluationRuns';
import { FolderStore } from '../../src/store/folderStore';
import { sampleRun } from '../store/sampleRun';
import { describeInt8 } from '../support/int8';
import { parseModel } from '../support/onnxReader';
import { fileItem, node, oneNode, type NodeOptions } from './support/flow';
import { N8nLab } from './support/n8nLab';
import type { Run } from './support/run';
import { engineFromSources } from './support/sharedEngine';
import { trainTinyModel } from './support/tinyModel';

let lab: N8nLab;
let engine: Engine;
/** Store with version 1 of the model "tiny", to be copied. */
let origin: string;
let count = 0;

beforeAll(async () => {
	lab = await N8nLab.open({ dinomalyModel: DinomalyModel });
	engine = engineFromSources();
	origin = (await trainTinyModel(engine, path.join(lab.files, 'origin'))).store;
});
afterAll(async () => {
	await engine.close();
	lab.close();
});

describe('List', () => {
	test('an item per model says which version is in production', async () => {
		const { store, folder } = newStore();
		await store.importFolder(versionFolder(origin), 'other');
		await store.promote('tiny@1', 'production');
		await store.promote('tiny@1', 'candidate');
		const run = await work('list', {}, folder);
		expect(run.json()).toEqual([
			{ model: 'other', versions: 1, newest: '1', production: null, aliases: '', problem: '' },
			{
				model: 'tiny',
				versions: 1,
				newest: '1',
				production: '1',
				aliases: 'candidate: 1, production: 1',
				problem: '',
			},
		]);
	});

	test('an item per version says what it was trained on', async () => {
		const { store, folder } = newStore();
		await store.importFolder(versionFolder(origin));
		const rows = (await work('list', { output: 'versions' }, folder)).json();
		expect(rows).toMatchObject([
			{ model: 'tiny', version: '1', categories: 'bolt, nut', iterations: 2, problem: '' },
			{ model: 'tiny', version: '2', parent: 'tiny@1' },
		]);
		for (const value of rows.flatMap((row) => Object.values(row)))
			expect(typeof value).not.toBe('object');
	});

	test('a store without models has no items', async () => {
		expect((await work('list', {}, 'empty-store')).json()).toEqual([]);
	});
});

describe('Get', () => {
	test('what a model was trained with is flat; card and history come when asked for', async () => {
		const { store, folder } = newStore();
		await store.promote('tiny@1', 'production', { why: 'first' });
		const [plain] = (await work('get', { model: byName('tiny') }, folder)).json();
		expect(plain).toMatchObject({
			model: 'tiny',
			version: '1',
			aliases: 'production',
			calibrated: true,
			categories: 'bolt, nut',
			cropSize: 64,
			device: 'cpu',
		});
		for (const value of Object.values(plain)) expect(typeof value).not.toBe('object');
		const options = { includeCard: true, includeHistory: true };
		const [full] = (await work('get', { model: byName('tiny@production'), options }, folder)).json();
		expect(full.card).toMatchObject({ schemaVersion: 1, name: 'tiny', files: expect.any(Object) });
		expect(full.history).toMatchObject([{ alias: 'production', from: null, to: '1', why: 'first' }]);
	});

	test('each item may ask for another model; one that is not there goes to the error output', async () => {
		const { folder } = newStore();
		const items = ['tiny', 'none', 'tiny@9', 'bad name', 'tiny@1'].map((model) => ({ json: { model } }));
		const run = await work('get', { model: byName('={{ $json.model }}') }, folder, {
			items,
			onError: 'continueErrorOutput',
		});
		const [found, failed] = run.outputs();
		expect(found.map(({ json, pairedItem }) => [json.version, pairedItem])).toEqual([
			['1', { item: 0 }],
			['1', { item: 4 }],
		]);
		expect(failed.map(({ json }) => json.error)).toEqual([
			expect.stringMatching(/model named "none".*found tiny/),
			expect.stringMatching(/version 9 of model "tiny".*found version 1$/),
			expect.stringMatching(/model name of 1 to 64 characters, found "bad name"/),
		]);
	});

	test('a model that was changed on the disk is refused', async () => {
		const { folder, root } = newStore();
		writeFileSync(path.join(versionFolder(root), 'decoder.safetensors'), 'x');
		const run = await work('get', { model: byName('tiny') }, folder);
		expect(run.error).toMatchObject({
			message: expect.stringContaining('found 1 bytes'),
			description: expect.stringContaining('damaged or changed'),
			context: { itemIndex: 0 },
		});
	});
});

describe('Promote', () => {
	test('an alias moves to a version, and its history says by whom and why', async () => {
		const { store, folder } = newStore();
		await store.importFolder(versionFolder(origin));
		const promote = (model: string, parameters: INodeParameters = {}): Promise<Run> =>
			work('promote', { model: byName(model), ...parameters }, folder);
		const first = await promote('tiny@1');
		expect(first.json()).toEqual([
			{
				model: 'tiny',
				version: '1',
				alias: 'production',
				previousVersion: null,
				at: expect.any(String),
				promoted: true,
			},
		]);
		await promote('tiny@latest', { alias: 'candidate' });
		const third = await promote('tiny@candidate', { options: { reason: 'passed the evaluation' } });
		expect(third.json()).toMatchObject([{ version: '2', previousVersion: '1' }]);
		expect(await store.history('tiny')).toMatchObject([
			{ alias: 'production', to: '1' },
			{ alias: 'candidate', to: '2' },
			{ alias: 'production', from: '1', to: '2', why: 'passed the evaluation' },
		]);
		expect((await store.history('tiny'))[0].by).toMatch(/n8n workflow .*execution 1/);
	});

	test('a version that falls short of the gate stays out, as an error or an item, and a roll-back takes one step', async () => {
		const { store, folder, root } = newStore();
		await store.importFolder(versionFolder(origin));
		const rules = { rule: [{ metric: 'imageAuroc', scope: 'mean', rule: 'floor', floor: 0.9 }] };
		const set = await work('setGate', { model: byName('tiny'), rules }, folder);
		expect(set.json()).toMatchObject([
			{ model: 'tiny', alias: 'production', rules: 1, gate: 'mean image AUROC at least 0.9' },
		]);
		const runs = new EvaluationRuns(root);
		const evaluate = async (version: string, imageAuroc: number): Promise<void> => {
			const sha256 = modelHash((await store.open(`tiny@${version}`)).card);
			await runs.record(
				sampleRun({ model: { name: 'tiny', version, sha256 }, mean: { imageAuroc, aupro: null } }),
			);
		};
		await evaluate('1', 0.95);
		await evaluate('2', 0.85);
		const promote = (version: string, options: INodeParameters = {}): Promise<Run> =>
			work('promote', { model: byName(`tiny@${version}`), options }, folder);
		expect((await promote('1')).json()).toMatchObject([{ promoted: true, gatePassed: true }]);
		expect((await promote('2')).error?.message).toMatch(
			/pass the gate of "production", found: Failed: mean image AUROC is 0\.8500, below the floor 0\.9000/,
		);
		expect((await promote('2', { ifRefused: 'report' })).json()).toMatchObject([
			{ promoted: false, version: '2', gateReason: expect.stringContaining('below the floor') },
		]);
		expect(await store.aliases('tiny')).toEqual({ production: '1' });
		expect((await promote('2', { ifRefused: 'force' })).error?.message).toMatch(/Expected a reason/);
		const forced = await promote('2', { ifRefused: 'force', reason: 'trial' });
		expect(forced.json()).toMatchObject([{ promoted: true, gatePassed: false, previousVersion: '1' }]);
		const back = await work(
			'rollBack',
			{ model: byName('tiny'), options: { reason: 'too many alarms' } },
			folder,
		);
		expect(back.json()).toMatchObject([
			{ model: 'tiny', alias: 'production', version: '1', previousVersion: '2' },
		]);
		expect((await store.history('tiny')).at(-1)).toMatchObject({
			why: 'too many alarms',
			rollback: true,
			by: expect.stringMatching(/n8n workflow/),
		});
	});

	test.each(['latest', '12', '../production', 'con'])('the alias "%s" is refused', async (alias) => {
		const { folder } = newStore();
		const run = await work('promote', { model: byName('tiny@1'), alias }, folder);
		expect(run.error?.message).toMatch(/alias name/);
	});
});

describeInt8('Quantize', () => {
	const compare = (folder: string, more: object = {}): Promise<Run> => {
		const options = { minSpeedup: 0, threads: 1 };
		const parameters = { model: byName('tiny@1'), comparisonFolder: 'origin/data', options, ...more };
		return work('quantize', parameters, folder);
	};

	test('a comparison makes a version and says in flat fields what was found', async () => {
		const { store, folder } = newStore();
		const [found] = (await compare(folder)).json();
		expect(found).toMatchObject({
			reference: 'tiny@2',
			madeFrom: 'tiny@1',
			normal: 6,
			anomalous: 6,
			source: 'data',
			skippedImages: 0,
		});
		for (const value of Object.values(found)) expect(typeof value).not.toBe('object');
		expect(Object.keys((await store.open('tiny@2')).card.files)).toContain('int8.json');
	});

	test('a gain below the smallest one is refused in a sentence, and no version is made', async () => {
		const { store, folder } = newStore();
		const run = await compare(folder, { options: { minSpeedup: 100, threads: 1 } });
		expect(run.error).toMatchObject({
			message: expect.stringMatching(/at least 100 times as fast as float32/),
			context: { itemIndex: 0 },
		});
		expect(await store.versions('tiny')).toHaveLength(1);
	});
});

describe('Calibrate', () => {
	test('another rule gives a new version and an item for each category', async () => {
		const { store, folder } = newStore();
		const run = await work(
			'calibrate',
			{ model: byName('tiny@1'), falseAlarmRate: 0.3, options: { reviewRate: 0.5, minRegionPx: 9 } },
			folder,
		);
		expect(run.json()).toMatchObject([
			{ category: 'bolt', model: 'tiny', version: '2', madeFrom: 'tiny@1', basedOn: 'bolt' },
			{ category: 'nut', thresholdBasis: 'at most 30 % false alarms', thresholdExtrapolated: false },
			{ category: 'all categories', basedOn: 'all categories', anomalousImages: 0 },
		]);
		expect((await store.open('tiny@2')).calibration?.policy).toEqual({
			strategy: { kind: 'falseAlarmRate', rate: 0.3 },
			reviewRate: 0.5,
			minRegionPx: 9,
		});
		// The next calibration builds on it, and what it does not name stays.
		await work('calibrate', { model: byName('tiny@2'), thresholdBy: 'keep' }, folder);
		expect((await store.open('tiny@3')).calibration?.policy?.strategy).toMatchObject({ rate: 0.3 });
	});

	test('scored items with labels, all together, set the threshold by cost', async () => {
		const { store, folder } = newStore();
		const labels = ['good', 'OK', 'normal', 'good', 'false', 'scratch', true];
		const items = labels.map((truth, i) => ({ json: { score: i / 10, category: 'bolt', truth } }));
		const parameters = {
			model: byName('tiny@1'),
			calibrateWith: 'items',
			labelField: 'truth',
			thresholdBy: 'cost',
			missCost: 5,
		};
		const run = await work('calibrate', parameters, folder, { items });
		expect(run.json()).toMatchObject([
			{ category: 'bolt', normalImages: 5, anomalousImages: 2, threshold: 0.45 },
			{ category: 'all categories', version: '2' },
		]);
		expect((await store.open('tiny@2')).calibration?.source).toMatchObject({ kind: 'scores', normal: 5 });
	});

	test('an item without score or label is named, and nothing is published', async () => {
		const { store, folder } = newStore();
		const parameters = { model: byName('tiny@1'), calibrateWith: 'items' };
		const items = [{ json: { score: 1, label: 'good' } }, { json: { score: 1 } }];
		const run = await work('calibrate', parameters, folder, { items });
		expect(run.error).toMatchObject({
			message: 'Expected a label in the field "label", found nothing',
			context: { itemIndex: 1 },
		});
		expect(await store.versions('tiny')).toHaveLength(1);
	});

	test('a folder outside of those that n8n allows is refused', async () => {
		const { folder } = newStore();
		const parameters = { model: byName('tiny@1'), calibrateWith: 'folder', calibrationFolder: '/etc' };
		const run = await work('calibrate', parameters, folder);
		expect(run.error?.message).toMatch(/folder in "calibrationFolder" inside/);
	});
});

describe('Calibrate in zones', () => {
	const label = {
		name: 'label',
		use: 'ignore',
		shape: 'rectangle',
		rectangle: '0, 0, 10, 10',
		category: '*',
	};
	const inZones = (rows: object[], more: object = {}): INodeParameters =>
		({
			model: byName('tiny@1'),
			calibrateWith: 'folder',
			calibrationFolder: 'origin/data',
			areaToInspect: 'zones',
			zones: { rows },
			zonesImageSize: '40x40',
			...more,
		}) as INodeParameters;

	test('the new version looks where the zones leave something, and Get says so', async () => {
		const { store, folder } = newStore();
		const triangle = {
			use: 'ignore',
			shape: 'polygon',
			corners: '40,0 40,10 30,0',
			category: 'nut',
		};
		const run = await work('calibrate', inZones([label, triangle]), folder);
		const words = 'ignores label, 2 (nut), on images of 40 x 40 pixels';
		expect(run.json()).toMatchObject([{ category: 'bolt', zones: words }, { category: 'nut' }, {}]);
		expect(run.json()[0].notices).toMatch(/bolt: 9\d\.\d % of an image are inspected/);
		const [got] = (await work('get', { model: byName('tiny@2') }, folder)).json();
		expect(got.zones).toBe(words);
		expect((await store.open('tiny@2')).zones?.zones.map(({ category }) => category)).toEqual([
			undefined,
			'nut',
		]);
		const whole = inZones([], { model: byName('tiny@2'), areaToInspect: 'whole' });
		expect((await work('calibrate', whole, folder)).json()[0].zones).toBeNull();
		expect((await store.open('tiny@3')).zones).toBeUndefined();
	});

	test.each<[string, INodeParameters, RegExp]>([
		['no zone', inZones([], { zonesImageSize: '' }), /Expected a zone in "Zones", found none/],
		[
			'a polygon of two points',
			inZones([{ ...label, shape: 'polygon', corners: '1,1 5,5' }]),
			/Expected zone "label" to be at least three corners/,
		],
		[
			'a zone outside',
			inZones([{ ...label, rectangle: '50,50,5,5' }]),
			/Expected zone "label" to hold pixels of the image of 40 x 40 pixels, found it outside/,
		],
		[
			'everything ignored',
			inZones([{ ...label, rectangle: '0,0,40,40' }]),
			/to leave a part of the image of category "bolt" to inspect, found that they cover it/,
		],
		[
			'an unknown category',
			inZones([{ ...label, category: 'cable' }]),
			/Expected zone "label" to be for a category of the model, found "cable"/,
		],
		['no size', inZones([label], { zonesImageSize: '' }), /Expected the size of the image/],
		[
			'a mask that n8n keeps out of reach',
			inZones([{ ...label, shape: 'mask', maskFile: '/etc/mask.png' }]),
			/Expected a file in "Mask File" inside/,
		],
	])('%s is refused in one sentence, and nothing is published', async (_, parameters, message) => {
		const { store, folder } = newStore();
		const run = await work('calibrate', parameters, folder);
		expect(run.error?.message).toMatch(message);
		expect(await store.versions('tiny')).toHaveLength(1);
	});

	test('scored items of a version that looks elsewhere set no thresholds', async () => {
		const { store, folder } = newStore();
		await work('calibrate', inZones([label]), folder);
		const item = { json: { score: 0.1, label: 'good', category: 'bolt', model: 'tiny', version: '2' } };
		const parameters = { model: byName('tiny@1'), calibrateWith: 'items' };
		const run = await work('calibrate', parameters, folder, { items: [item] });
		expect(run.error?.message).toBe(
			'Expected scores that were measured in the zones of "tiny@1", found those of version 2, which looks elsewhere',
		);
		const own = { ...parameters, model: byName('tiny@2') };
		expect((await work('calibrate', own, folder, { items: [item] })).error).toBeUndefined();
		expect(await store.versions('tiny')).toHaveLength(3);
	});
});

describe('Delete', () => {
	test('one version, named by its number; an alias forbids it unless forced', async () => {
		const { store, folder } = newStore();
		await store.importFolder(versionFolder(origin));
		await store.promote('tiny@1', 'production');
		const remove = (parameters: INodeParameters): Promise<Run> => work('delete', parameters, folder);
		expect((await remove({ model: byName('tiny') })).error?.message).toMatch(/one version to remove/);
		const aliased = await remove({ model: byName('tiny@1') });
		expect(aliased.error).toMatchObject({
			message: expect.stringContaining('found production'),
			description: expect.stringContaining('force'),
		});
		const forced = await remove({ model: byName('tiny@1'), options: { force: true } });
		expect(forced.json()).toEqual([{ model: 'tiny', version: '1', deleted: true }]);
		expect((await store.versions('tiny')).map(({ version }) => version)).toEqual(['2']);
	});

	test('a whole model, by its name alone', async () => {
		const { store, folder } = newStore();
		const refused = await work('delete', { scope: 'model', model: byName('tiny@1') }, folder);
		expect(refused.error?.message).toMatch(/model name without version/);
		const run = await work('delete', { scope: 'model', model: byName('tiny') }, folder);
		expect(run.json()).toEqual([{ model: 'tiny', version: null, deleted: true }]);
		expect(await store.list()).toEqual([]);
	});
});

describe('Export to ONNX', () => {
	test('a file in a folder that n8n allows', async () => {
		const { folder } = newStore();
		const run = await work('exportOnnx', { model: byName('tiny'), exportFolder: 'export/new' }, folder);
		const file = path.join(lab.files, 'export/new/tiny-1.onnx');
		expect(run.json()).toEqual([
			{
				...{ model: 'tiny', version: '1', file, fileName: 'tiny-1.onnx', bytes: statSync(file).size },
				...{ precision: 'float32', checkedImages: 7, checkedOn: 'drawn pictures' },
				scoreDifference: expect.any(Number),
				scoreChange: expect.any(Number),
				mapDifference: expect.any(Number),
			},
		]);
		expect(parseModel(readFileSync(file)).outputs.map(({ name }) => name)).toEqual(['map', 'score']);
	});

	test('a binary field', async () => {
		const { folder } = newStore();
		const parameters = { model: byName('tiny'), exportTo: 'binary', options: { fileName: 'bolts' } };
		const run = await work('exportOnnx', parameters, folder);
		const [item] = run.items();
		expect(item.json).toMatchObject({ file: null, fileName: 'bolts.onnx' });
		expect(item.binary?.data).toMatchObject({
			fileName: 'bolts.onnx',
			mimeType: 'application/octet-stream',
		});
		expect((await lab.bytes(item, 'data')).length).toBe(item.json.bytes);
	});

	test.each([
		[{ exportFolder: '/tmp' }, / inside .*files/],
		[{ exportFolder: '../..' }, / inside .*files/],
		[{ exportFolder: 'x', options: { fileName: '../../evil.onnx' } }, /file name/],
		[{ exportFolder: 'linked' }, /which leads to/],
		[{ exportFolder: 'x', options: { fileName: 'link.onnx' } }, /which leads to/],
	])('%j is refused', async (parameters, message) => {
		const { folder } = newStore();
		const outside = path.join(lab.home, 'outside');
		mkdirSync(outside, { recursive: true });
		mkdirSync(path.join(lab.files, 'x'), { recursive: true });
		link(outside, path.join(lab.files, 'linked'));
		link(path.join(outside, 'evil.onnx'), path.join(lab.files, 'x', 'link.onnx'));
		writeFileSync(path.join(outside, 'evil.onnx'), 'theirs');
		const run = await work('exportOnnx', { model: byName('tiny'), ...parameters }, folder);
		expect(run.error?.message).toMatch(message);
		expect(readFileSync(path.join(outside, 'evil.onnx'), 'utf8')).toBe('theirs');
		expect(readdirSync(outside)).toEqual(['evil.onnx']);
	});
});

describe('Import', () => {
	test('a model folder becomes a new version, under its own name or another', async () => {
		const { store, folder } = newStore();
		cpSync(versionFolder(origin), path.join(lab.files, 'usb/tiny'), { recursive: true });
		const own = await work('import', { importFolder: 'usb/tiny' }, folder);
		expect(own.json()).toMatchObject([
			{ model: 'tiny', version: '2', parent: 'tiny@1', calibrated: true },
		]);
		const named = await work(
			'import',
			{ importFolder: 'usb/tiny', options: { modelName: 'line2' } },
			folder,
		);
		expect(named.json()).toMatchObject([{ model: 'line2', version: '1' }]);
		expect((await store.list()).map(({ name }) => name)).toEqual(['line2', 'tiny']);
	});

	test('a package that was exported as binary data is imported from it', async () => {
		const { folder } = newStore();
		const exported = await work('exportPackage', { model: byName('tiny') }, folder);
		const [item] = exported.items();
		expect(item.json).toEqual({ model: 'tiny', version: '1', fileName: 'tiny-1.zip' });
		expect(item.binary?.data).toMatchObject({ fileName: 'tiny-1.zip', mimeType: 'application/zip' });
		const bytes = await lab.bytes(item, 'data');
		const items = [fileItem(bytes), fileItem(bytes.subarray(0, 100)), { json: {} }];
		const parameters = { importFrom: 'binary', options: { modelName: 'copied' } };
		const run = await work('import', parameters, folder, { items, onError: 'continueErrorOutput' });
		const [imported, refused] = run.outputs();
		expect(imported.map(({ json }) => json)).toMatchObject([
			{ model: 'copied', version: '1', parent: 'tiny@1' },
		]);
		expect(refused.map(({ json }) => json.error)).toEqual([
			expect.stringContaining('ZIP archive'),
			expect.stringContaining('data'),
		]);
	});

	test('a folder without a model, with a damaged one or outside is refused', async () => {
		const { store, folder } = newStore();
		mkdirSync(path.join(lab.files, 'nothing'), { recursive: true });
		const damaged = path.join(lab.files, 'damaged');
		cpSync(versionFolder(origin), damaged, { recursive: true });
		writeFileSync(path.join(damaged, 'calibration.json'), '{}');
		const errors: unknown[] = [];
		for (const importFolder of ['nothing', 'damaged', lab.home]) {
			const run = await work('import', { importFolder }, folder);
			errors.push(run.error?.message);
		}
		expect(errors).toEqual([
			expect.stringMatching(/model in .*nothing, found no model.json/),
			expect.stringMatching(/calibration.json to hold .* found 2 bytes/),
			expect.stringMatching(/ inside .*files/),
		]);
		const badName = { importFolder: 'origin', options: { modelName: '../x' } };
		expect((await work('import', badName, folder)).error).toBeDefined();
		expect(await store.versions('tiny')).toHaveLength(1);
	});
});

describe('Self Check', () => {
	test('an item per check, or one that says whether all is well', async () => {
		const options = { device: 'cpu', threads: 1 };
		const run = await work('selfCheck', { options }, 'store-of-check');
		expect(run.json().map(({ check }) => check)).toEqual(
			expect.arrayContaining(['sharp', 'Train and score']),
		);
		expect(run.json()[0]).toEqual({
			check: 'Node.js',
			status: 'ok',
			detail: process.version,
			advice: '',
		});
		const [summary] = (await work('selfCheck', { output: 'summary', options }, 'store-of-check')).json();
		expect(summary).toMatchObject({ healthy: true, failed: 0, checks: run.json().length });
	});
});

test('as a tool it tells an agent which models there are', async () => {
	const { folder } = newStore();
	const parameters = { operation: 'list', options: { storeFolder: folder } };
	const tool = node('dinomalyModelTool', parameters, { name: 'Tool' });
	const { nodes, connections } = oneNode('agent');
	const toAgent = { Tool: { ai_tool: [[{ node: 'Node', type: 'ai_tool' as const, index: 0 }]] } };
	const run = await lab.run({ nodes: [...nodes, tool], connections: { ...connections, ...toAgent } });
	expect(run.json()[0].answer).toMatchObject([{ model: 'tiny', newest: '1' }]);
});

test('a stopped execution ends a self check long before the check would be done', async () => {
	const parameters = { operation: 'selfCheck', options: { storeFolder: 'store-of-check' } };
	const running = lab.start(oneNode('dinomalyModel', parameters));
	await new Promise((resolve) => setTimeout(resolve, 300));
	const stopped = performance.now();
	running.cancel();
	expect((await running.done).status).toBe('canceled');
	expect(performance.now() - stopped).toBeLessThan(4000);
});

test('the list of models shows aliases and versions', async () => {
	const { store, folder } = newStore();
	await store.promote('tiny@1', 'production');
	const parameters = { options: { storeFolder: folder } };
	const { results } = await lab.search('dinomalyModel', 'searchModels', { parameters });
	expect(results.map(({ value }) => value)).toEqual(['tiny', 'tiny@production', 'tiny@1']);
});

test('a store folder outside of the allowed folders is refused', async () => {
	const run = await work('list', {}, '/etc');
	expect(run.error?.message).toMatch(/folder in "Store Folder" inside/);
});

/** A store of its own with version 1 of "tiny"; `folder` is as a user gives it. */
function newStore(): { store: FolderStore; folder: string; root: string } {
	const folder = `store${count++}`;
	const root = path.join(lab.files, folder);
	cpSync(origin, root, { recursive: true });
	return { store: new FolderStore(root), folder, root };
}

function versionFolder(store: string): string {
	return path.join(store, 'models', 'tiny', 'versions', '1');
}

function byName(value: string): INodeParameters {
	return { __rl: true, mode: 'name', value };
}

function link(target: string, at: string): void {
	if (!existsSync(at)) symlinkSync(target, at);
}

function work(
	operation: string,
	parameters: INodeParameters,
	storeFolder: string,
	{
		items = [{ json: {} }],
		onError,
	}: { items?: INodeExecutionData[]; onError?: NodeOptions['onError'] } = {},
): Promise<Run> {
	const options = { ...(parameters.options as INodeParameters | undefined), storeFolder };
	return lab.run(oneNode('dinomalyModel', { operation, ...parameters, options }, { onError }), { items });
}

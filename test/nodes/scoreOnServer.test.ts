import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DinomalyModel } from '../../nodes/DinomalyModel/DinomalyModel.node';
import { inferenceServerTest } from '../../nodes/ScoreImage/inferenceServer';
import { ScoreImage } from '../../nodes/ScoreImage/ScoreImage.node';
import type { Engine } from '../../src/engine/host';
import { serveRepository, type TestServer } from '../support/inferenceServer';
import { fileItem, oneNode } from './support/flow';
import { N8nLab } from './support/n8nLab';
import type { Run } from './support/run';
import { engineFromSources } from './support/sharedEngine';
import { trainTinyModel, type TinyModel } from './support/tinyModel';

const TOKEN = 'token-of-the-node-test-7531';
let lab: N8nLab;
let engine: Engine;
let tiny: TinyModel;
let server: TestServer;

beforeAll(async () => {
	lab = await N8nLab.open({ scoreImage: ScoreImage, dinomalyModel: DinomalyModel });
	engine = engineFromSources();
	tiny = await trainTinyModel(engine, lab.files);
	server = await serveRepository(path.join(lab.files, 'models'), { token: TOKEN });
}, 120_000);

afterAll(async () => {
	await server.close();
	await engine.close();
	lab.close();
});

const model = { __rl: true, mode: 'name', value: 'tiny' };

function exportTo(exportFolder: string, options = {}): Promise<Run> {
	const parameters = { operation: 'exportOnnx', exportTo: 'repository', model, exportFolder };
	return lab.run(
		oneNode('dinomalyModel', {
			...parameters,
			options: { storeFolder: tiny.store, threads: 1, ...options },
		}),
	);
}

function score(options = {}, credential: object | null = {}, onError?: 'continueErrorOutput'): Promise<Run> {
	const credentials = {
		...(credential && {
			inferenceServerApi: { url: server.url, token: TOKEN, timeoutSeconds: 10, ...credential },
		}),
	};
	const flow = oneNode(
		'scoreImage',
		{
			model,
			outputs: ['heatmap', 'mask'],
			options: { storeFolder: tiny.store, inferenceServer: true, ...options },
		},
		{ credentials, onError },
	);
	const items = ['good/0', 'square/0'].map((name) =>
		fileItem(tiny.image('bolt', name), { fileName: 'bolt.png' }),
	);
	return lab.run(flow, { items, credentials });
}

test('a model goes to a server and scores there as here, and the token is nowhere', async () => {
	const exported = await exportTo('models');
	expect(exported.json()).toMatchObject([
		{
			...{ model: 'tiny', version: '1', serverModel: 'tiny', precision: 'float32' },
			...{
				folder: path.join(lab.files, 'models', 'tiny'),
				checkedImages: 7,
				checkedOn: 'drawn pictures',
			},
		},
	]);
	expect(exported.json()[0].scoreChange).toBeLessThan(1e-5);
	const run = await score();
	const own = await score({ inferenceServer: false, device: 'cpu', threads: 1 });
	for (const [i, json] of own.json().entries()) {
		const served = run.json()[i];
		expect(Math.abs(Number(served.score) / Number(json.score) - 1)).toBeLessThan(1e-5);
		expect(served).toMatchObject({
			device: 'server',
			precision: 'float32',
			verdict: json.verdict,
			pValue: json.pValue,
		});
		expect(Object.keys(run.items()[i].binary ?? {}).sort()).toEqual(['data', 'heatmap', 'mask']);
	}
	expect(run.hints()).toEqual(own.hints());
	expect(server.asked.filter((one) => one.startsWith('POST'))).toEqual([
		'POST /v2/models/tiny/versions/1/infer',
		'POST /v2/models/tiny/versions/1/infer',
	]);
	expect(JSON.stringify(run.data)).not.toContain(TOKEN);
	for (const entry of readdirSync(lab.home, { recursive: true, withFileTypes: true }))
		if (entry.isFile())
			expect(readFileSync(path.join(entry.parentPath, entry.name)).includes(TOKEN)).toBe(false);
});

test('what goes wrong is said for each item, without the token, and never ends the others', async () => {
	const wrong = { token: 'a-wrong-token-8642' };
	const run = await score({}, wrong, 'continueErrorOutput');
	expect(run.outputs()[1].map(({ json }) => json.error)).toEqual([
		expect.stringMatching(/to accept the token, found that it refuses \(401\)$/),
		expect.stringMatching(/to accept the token, found that it refuses \(401\)$/),
	]);
	expect(JSON.stringify(run.data)).not.toContain(wrong.token);
	const named = await score({ serverModel: 'nuts', serverVersion: 'none' });
	expect(named.error?.message).toMatch(/to have model "nuts", found none \(404/);
	const gone = await score({}, { url: 'http://127.0.0.1:9' }, 'continueErrorOutput');
	expect(gone.outputs()[1]).toHaveLength(2);
	expect(JSON.stringify(gone.outputs()[1])).toContain('Start the server');
});

test('the option without a credential, and a wrong address, are said in a sentence', async () => {
	expect((await score({}, null)).error?.message).toBe(
		'Expected a credential Inference Server, found none chosen',
	);
	expect((await score({}, { url: 'triton' })).error?.message).toMatch(
		/^Expected "URL" of the inference server/,
	);
});

test('the credential is tested against the server', async () => {
	const ask = (data: object) =>
		inferenceServerTest.call({} as never, {
			id: '1',
			name: 'x',
			type: 'inferenceServerApi',
			data: { ...data },
		});
	expect(await ask({ url: server.url, token: TOKEN })).toEqual({
		status: 'OK',
		message: 'The server is ready: test server 1.0',
	});
	expect(await ask({ url: server.url, token: 'other' })).toMatchObject({
		status: 'Error',
		message: expect.stringMatching(/\(401\)\. Correct Token/),
	});
});

test('a folder that n8n does not allow, or a name that leads out, is refused', async () => {
	expect((await exportTo('/tmp/models')).error?.message).toMatch(/ inside .*files/);
	expect((await exportTo('models', { serverModel: '../evil' })).error?.message).toMatch(
		/^Expected a model name/,
	);
});

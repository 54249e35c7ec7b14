import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import type { IWebhookFunctions } from 'n8n-workflow';
import { TrainDinomaly } from '../../nodes/TrainDinomaly/TrainDinomaly.node';
import { roleOfServer } from '../../nodes/TrainDinomaly/workshop';
import type { Engine } from '../../src/engine/host';
import { WAITING } from '../../src/jobs/deliver';
import { TrainingJobs } from '../../src/jobs/trainingJobs';
import { FolderStore } from '../../src/store/folderStore';
import { drawTinyDataset } from '../support/tinyDataset';
import { writeTinyEncoder } from '../support/tinyEncoder';
import { fileItem, node, oneNode, type NodeOptions } from './support/flow';
import { N8nLab } from './support/n8nLab';
import { ResumeServer } from './support/resumeServer';
import { engineFromSources } from './support/sharedEngine';

let lab: N8nLab;
let engine: Engine;
let n8n: ResumeServer;

beforeAll(async () => {
	lab = await N8nLab.open({ trainDinomaly: TrainDinomaly });
	engine = engineFromSources();
	n8n = await ResumeServer.open();
	process.env.N8N_PORT = String(n8n.port);
	process.env.DINOMALY_STORE = path.join(lab.home, 'default-store');
	await drawTinyDataset(path.join(lab.files, 'data'), ['bolt', 'nut'], 16);
	await writeTinyEncoder(path.join(lab.files, 'encoder.safetensors'));
}, 60_000);

afterAll(async () => {
	await engine.close();
	n8n.close();
	lab.close();
});

const OPTIONS = {
	storeFolder: 'store',
	encoderFile: 'encoder.safetensors',
	imageSize: 64,
	cropSize: 64,
	batchSize: 4,
	iterations: 2,
	calibrationShare: 0.4,
	device: 'cpu',
	threads: 1,
};
const train = (parameters: Record<string, unknown> = {}, options: NodeOptions = {}) =>
	oneNode('trainDinomaly', { dataFolder: 'data', model: 'tiny', options: OPTIONS, ...parameters }, options);
const withOptions = (more: object) => ({ options: { ...OPTIONS, ...more } });
const look = (operation: string, job: unknown = 'newest') =>
	oneNode('trainDinomaly', {
		operation,
		job: { __rl: true, mode: 'id', value: job },
		options: { storeFolder: 'store' },
	} as never);
const store = () => new FolderStore(path.join(lab.files, 'store'));
/** Long enough to be caught in the middle. */
const ENDLESS = { iterations: 5000, checkpointEvery: 2 };
const everyFile = (folder: string): string[] =>
	readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => path.join(entry.parentPath, entry.name));

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
	const deadline = Date.now() + 30_000;
	while (!(await condition())) {
		if (Date.now() > deadline) throw new Error(`Expected ${what}, waited in vain`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}
const statusOf = async (job: unknown) => (await lab.run(look('getStatus', job))).json()[0];

describe('waiting for completion', () => {
	test('a folder becomes a calibrated model, and the item says all about it', async () => {
		const run = await lab.run(train());
		expect(run.error).toBeUndefined();
		const [item] = run.items();
		expect(item.json).toMatchObject({
			model: 'tiny',
			version: '1',
			reference: 'tiny@1',
			categories: 'bolt, nut',
			iterations: 2,
			device: 'cpu',
			calibration: { bolt: { images: expect.any(Number), threshold: expect.any(Number) } },
			card: { name: 'tiny' },
		});
		expect(item.json.finalLoss).toBeGreaterThan(0);
		expect(item.json.calibrationImages).toBeGreaterThan(0);
		expect(item.pairedItem).toEqual([{ item: 0 }]);
		const png = await lab.bytes(item, 'lossCurve');
		expect(png.subarray(1, 4).toString()).toBe('PNG');
		expect((await store().list()).map(({ name }) => name)).toContain('tiny');
	});

	test('a model that exists gets a version, or the node fails, as the user says', async () => {
		expect((await lab.run(train())).json()[0].reference).toBe('tiny@2');
		const run = await lab.run(train({ ifExists: 'fail' }));
		expect(run.error?.message).toBe('Expected no model named "tiny" in the store, found one');
	});

	test('a setting that cannot be is named as the panel names it', async () => {
		const run = await lab.run(train({ options: { ...OPTIONS, cropSize: 128 } }));
		expect(run.error?.message).toBe('Expected Crop Size to be at most Image Size, 64, found 128');
		const file = await lab.run(train({ options: { ...OPTIONS, encoderFile: '/etc/passwd' } }));
		expect(file.error?.message).toMatch(/^Expected a file in "Encoder File" inside /);
	});

	test('a model may be trained to look at zones alone', async () => {
		const mask = path.join(lab.files, 'part.png');
		await sharp({ create: { width: 40, height: 20, channels: 3, background: '#fff' } })
			.extend({ bottom: 20, background: '#000' })
			.png()
			.toFile(mask);
		const rows = [{ name: 'part', use: 'inspect', shape: 'mask', maskFile: 'part.png' }];
		const run = await lab.run(train({ model: 'zoned', ...withOptions({ zones: { rows } }) }));
		expect(run.json()[0].notices).toMatch(/bolt: 50\.0 % of an image are inspected/);
		expect((await store().open('zoned')).zones).toMatchObject({
			size: { width: 40, height: 40 },
			zones: [{ name: 'part', use: 'inspect', shape: { kind: 'mask', runs: [0, 800, 800] } }],
		});
	});

	test('each category may have a model of its own, an item each', async () => {
		const run = await lab.run(train({ models: 'perCategory', model: 'own' }));
		expect(run.json().map(({ reference }) => reference)).toEqual(['own-bolt@1', 'own-nut@1']);
		expect(run.items().every(({ binary }) => binary?.lossCurve !== undefined)).toBe(true);
	});

	test('images of items make one training, by the category of each', async () => {
		const image = (category: string, i: number) =>
			fileItem(readFileSync(path.join(lab.files, 'data', category, 'train', 'good', `${i}.png`)), {
				json: { kind: category },
				fileName: 'camera.png',
			});
		const items = ['bolt', 'nut'].flatMap((category) =>
			Array.from({ length: 6 }, (_, i) => image(category, i)),
		);
		const source = { source: 'items', categorySource: 'field', categoryField: 'kind', model: 'live' };
		const run = await lab.run(train(source), { items });
		expect(run.error).toBeUndefined();
		expect(run.json()).toMatchObject([{ reference: 'live@1', categories: 'bolt, nut' }]);
		const { trainImages, calibrationImages } = run.json()[0];
		expect(Number(trainImages) + Number(calibrationImages)).toBe(12);
		expect(run.items()[0].pairedItem).toHaveLength(12);
		const kept = everyFile(path.join(lab.files, 'store', 'jobs')).filter((file) =>
			file.includes('camera'),
		);
		expect(kept).toEqual([]);
	});

	test('items that ask for the same train once, others train their own, by expressions', async () => {
		const run = await lab.run(train({ model: '={{ $json.name }}', categories: '={{ [$json.only] }}' }), {
			items: [
				{ json: { name: 'a', only: 'bolt' } },
				{ json: { name: 'b', only: 'nut' } },
				{ json: { name: 'a', only: 'bolt' } },
			],
		});
		expect(run.json().map(({ reference, categories }) => [reference, categories])).toEqual([
			['a@1', 'bolt'],
			['b@1', 'nut'],
		]);
		expect(run.items()[0].pairedItem).toEqual([{ item: 0 }, { item: 2 }]);
		expect(run.hints().join()).toContain('runs once for all of them');
	});

	test('stopping the execution stops the training, and training again goes on from its checkpoint', async () => {
		const request = { model: 'stopped', ...withOptions(ENDLESS) };
		const running = lab.start(train(request));
		await until(async () => {
			const [status] = (await lab.run(look('getStatus'))).json();
			return status.model === 'stopped' && Number(status.done) > 3 && status.phase === 'training';
		}, 'the training to be under way');
		const asked = Date.now();
		running.cancel();
		expect((await running.done).status).not.toBe('success');
		await until(async () => (await statusOf('newest')).state === 'cancelled', 'the training to end');
		expect(Date.now() - asked).toBeLessThan(3000);
		const again = lab.start(train(request));
		await until(async () => {
			const [status] = (await lab.run(look('getStatus'))).json();
			return status.state === 'running' && status.phase === 'training';
		}, 'the training to go on');
		const { done } = await statusOf('newest');
		expect(Number(done)).toBeGreaterThan(1);
		again.cancel();
		await again.done;
	}, 60_000);

	test.each([
		[{ model: ' ' }, /Expected a name for the model in "Model Name", found nothing/],
		[{ model: '../evil' }, /^Expected .*model/],
		[{ dataFolder: '../outside' }, /Dataset Folder|outside/],
		[{ dataFolder: 'nowhere' }, /nowhere/],
		[{ categories: 'screw' }, /screw/],
	])('%j is refused in one sentence, and other items go on', async (wrong, message) => {
		const run = await lab.run(train(wrong, { onError: 'continueErrorOutput' }));
		expect(run.items()).toEqual([]);
		const [failure] = run.outputs().at(-1)!;
		expect(failure.json.error).toMatch(message);
		expect(failure.json.details).toBeTruthy();
	});
});

describe('in the background', () => {
	const background = (more: object = {}, options: NodeOptions = {}) =>
		train({ run: 'background', ...more }, options);

	test('the execution waits, is told when training ends, and goes on with the model', async () => {
		const flow = background({ model: 'behind' });
		const waiting = await lab.run(flow, { baseUrl: n8n.url });
		expect(waiting.waitTill).toBeDefined();
		const { url, body, answer } = await n8n.next();
		expect(url).toContain('/webhook-waiting/1');
		const run = await lab.resume(flow, waiting, body);
		answer();
		expect(run.error).toBeUndefined();
		expect(run.json()).toMatchObject([{ reference: 'behind@1', finalLoss: expect.any(Number) }]);
		expect(run.items()[0].binary?.lossCurve).toBeDefined();
	});

	test('the question whether it still waits is answered, and leaves it asleep', async () => {
		const type = new TrainDinomaly();
		const question = type.description.webhooks?.find(({ httpMethod }) => httpMethod === 'GET');
		expect(question).toMatchObject({ restartWebhook: true, path: '' });
		const context = { getWebhookName: () => question?.name } as unknown as IWebhookFunctions;
		expect(await type.webhook.call(context)).toEqual({ webhookResponse: { message: WAITING } });
	});

	test('who does not know the secret cannot resume it', async () => {
		const flow = background({ model: 'guarded' });
		const waiting = await lab.run(flow, { baseUrl: n8n.url });
		const { body, answer } = await n8n.next();
		const run = await lab.resume(flow, waiting, { ...(body as object), secret: '0'.repeat(64) });
		expect(JSON.stringify(run.json())).not.toContain('guarded@1');
		expect((await lab.resume(flow, waiting, body)).json()).toMatchObject([{ reference: 'guarded@1' }]);
		answer();
	});

	test.each([
		['stopWorkflow', 'error'],
		['continueRegularOutput', 'success'],
		['continueErrorOutput', 'success'],
	] as const)('a training that fails follows "%s"', async (onError, status) => {
		const flow = background(
			{ model: `fails-${onError.toLowerCase()}`, categories: 'screw' },
			{ onError },
		);
		const waiting = await lab.run(flow, { baseUrl: n8n.url });
		const { body, answer } = await n8n.next();
		const run = await lab.resume(flow, waiting, body);
		answer();
		expect(run.status).toBe(status);
		if (onError === 'stopWorkflow') expect(run.error?.message).toMatch(/screw/);
		else {
			const output = run.outputs().at(onError === 'continueErrorOutput' ? -1 : 0)!;
			expect(output[0].json).toMatchObject({ error: expect.stringMatching(/screw/) });
		}
	});

	test('several store folders are refused: one execution waits for one', async () => {
		const flow = background({ ...withOptions({ storeFolder: '={{ $json.store }}' }) });
		const run = await lab.run(flow, {
			items: [{ json: { store: 'one' } }, { json: { store: 'two' } }],
			baseUrl: n8n.url,
		});
		expect(run.error?.message).toBe(
			'Expected one store folder for all items of a training in the background, found 2',
		);
	});

	test('a token never reaches the store, the items or the address', async () => {
		const token = 'hf_secretsecretsecret';
		const flow = background(
			{ model: 'secretive', ...withOptions({ encoder: 'embedded' }) },
			{ credentials: { huggingFaceApi: { apiKey: token } } },
		);
		const options = { baseUrl: n8n.url, credentials: { huggingFaceApi: { apiKey: token } } };
		const waiting = await lab.run(flow, options);
		expect(waiting.error).toBeUndefined();
		const { url, body, answer } = await n8n.next();
		answer();
		expect(JSON.stringify([url, body, waiting.data.resultData])).not.toContain(token);
		for (const file of everyFile(path.join(lab.files, 'store')))
			expect(readFileSync(file).includes(token)).toBe(false);
	});
});

describe('start only', () => {
	test('the job ID comes at once, and status, list and cancel know it', async () => {
		const run = await lab.run(train({ run: 'start', model: 'later', ...withOptions(ENDLESS) }));
		const [{ jobId, state }] = run.json();
		expect(state).toBe('queued');
		await until(async () => (await statusOf(jobId)).phase === 'training', 'the training to be under way');
		const listed = await lab.run(
			oneNode('trainDinomaly', {
				operation: 'listTrainings',
				states: ['running'],
				options: { storeFolder: 'store' },
			}),
		);
		expect(listed.json().map((job) => job.jobId)).toEqual([jobId]);
		const found = await lab.search('trainDinomaly', 'searchTrainings', {
			filter: 'later',
			parameters: { options: { storeFolder: 'store' } },
		});
		expect(found.results.map(({ value }) => value)).toEqual([jobId]);
		const cancelled = await lab.run(look('cancel', jobId));
		expect(cancelled.json()).toMatchObject([{ jobId, state: 'cancelled', cancelled: true }]);
		expect((await lab.run(look('cancel', jobId))).json()).toMatchObject([{ cancelled: false }]);
	}, 60_000);

	test('a training that was cut off with its process says so, and how it goes on', async () => {
		const jobs = new TrainingJobs(path.join(lab.files, 'store'));
		const request = { store: jobs.store, data: 'data', model: 'gone' };
		const origin = { workflow: 'w', execution: '1', node: 'n', items: [0] };
		const draft = { id: jobs.newId(), origin, detached: false, request, ownsImages: false };
		const left = { ...(await jobs.create(draft)), owner: undefined };
		const progress = {
			model: 'gone',
			part: 1,
			parts: 1,
			phase: 'training',
			done: 26,
			total: 400,
		} as const;
		await jobs.write({ ...left, state: 'running', progress });
		expect(await statusOf(draft.id)).toMatchObject({
			state: 'interrupted',
			message: 'Training of "gone" was cut off when its process ended, at 26 of 400 (training)',
			advice: expect.stringContaining('Train again with the same settings'),
		});
		await jobs.remove(draft.id);
	});

	test('an unknown job is named together with the newest ones', async () => {
		const run = await lab.run(look('getStatus', '20260131T120000000Z-0123abcd'));
		expect(run.error?.message).toMatch(
			/Expected a training with the job ID "20260131T120000000Z-0123abcd"/,
		);
	});
});

test('as a tool it tells an agent how the newest training stands', async () => {
	const parameters = { operation: 'getStatus', options: { storeFolder: 'store' } };
	const tool = node('trainDinomalyTool', parameters, { name: 'Tool' });
	const { nodes, connections } = oneNode('agent');
	const toAgent = { Tool: { ai_tool: [[{ node: 'Node', type: 'ai_tool' as const, index: 0 }]] } };
	const run = await lab.run({ nodes: [...nodes, tool], connections: { ...connections, ...toAgent } });
	expect(run.json()[0].answer).toMatchObject([{ jobId: expect.any(String), state: expect.any(String) }]);
});

test.each([
	[['node', '/usr/bin/n8n'], {}, 'works'],
	[['node', '/usr/bin/n8n', 'start'], {}, 'works'],
	[['node', '/usr/bin/n8n', 'worker'], { EXECUTIONS_MODE: 'queue' }, 'works'],
	[['node', '/usr/bin/n8n', 'start'], { EXECUTIONS_MODE: 'queue' }, 'serves'],
	[['node', '/usr/bin/n8n', 'webhook'], { EXECUTIONS_MODE: 'queue' }, 'serves'],
	[['node', '/usr/bin/n8n', 'import:workflow'], {}, undefined],
	[['node', '/usr/bin/jest'], {}, undefined],
])('%j with %j: %s', (argv, environment, expected) => {
	expect(roleOfServer(argv, environment)).toBe(expected);
});

test('n8n adds no operation "Custom API Call" for the token: it would do nothing here', () => {
	// n8n 2.41, load-nodes-and-credentials: what it takes for the newest version of a node.
	const { defaultVersion, version } = new TrainDinomaly().description;
	expect(defaultVersion === undefined || defaultVersion === (version as unknown)).toBe(false);
	expect([version].flat()).toContain(defaultVersion);
});

test('nothing was written into the default store', () => {
	expect(existsSync(path.join(lab.home, 'default-store', 'models'))).toBe(false);
});

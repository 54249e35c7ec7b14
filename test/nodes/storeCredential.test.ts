import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { DinomalyModel } from '../../nodes/DinomalyModel/DinomalyModel.node';
import { sampleDraft } from '../store/sampleModel';
import { startObjectServer, type ObjectServer } from '../store/objects/server';
import { oneNode } from './support/flow';
import { N8nLab } from './support/n8nLab';
import type { Run } from './support/run';

const SECRET = 'S3RVER-secret-of-the-test';
const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-credential-'));
let lab: N8nLab;
let server: ObjectServer;
const { DINOMALY_STORE } = process.env;

beforeAll(async () => {
	server = await startObjectServer(path.join(folder, 'server'));
	process.env.DINOMALY_STORE = path.join(folder, 'home');
	lab = await N8nLab.open({ dinomalyModel: DinomalyModel });
	await server.machine(path.join(folder, 'elsewhere'), { prefix: 'line' }).publish('bolts', sampleDraft());
});
afterAll(async () => {
	if (DINOMALY_STORE === undefined) delete process.env.DINOMALY_STORE;
	else process.env.DINOMALY_STORE = DINOMALY_STORE;
	lab.close();
	await server.close();
	rmSync(folder, { recursive: true, force: true });
});

function work(
	operation: string,
	{ options, ...parameters }: INodeParameters = {},
	changes: object = {},
): Promise<Run> {
	const credentials = {
		s3ModelStoreApi: {
			endpoint: `http://127.0.0.1:${server.wire.port}`,
			region: 'us-east-1',
			bucket: 'models',
			prefix: 'line',
			accessKeyId: 'S3RVER',
			secretAccessKey: SECRET,
			pathStyle: true,
			cacheGb: 1,
			...changes,
		},
	};
	const inStore = { objectStorage: true, ...(options as INodeParameters | undefined) };
	const flow = oneNode('dinomalyModel', { operation, ...parameters, options: inStore }, { credentials });
	return lab.run(flow, { credentials });
}

test('with the credential a node works on object storage, and its secret is in no item and no file', async () => {
	const listed = await work('list');
	expect(listed.json()).toMatchObject([{ model: 'bolts', newest: '1', production: null }]);
	const model = { __rl: true, mode: 'name', value: 'bolts' };
	expect((await work('promote', { model })).json()).toMatchObject([{ version: '1', promoted: true }]);
	const got = await work('get', { model, options: { includeCard: true, includeLineage: true } });
	expect(got.json()).toMatchObject([
		{ aliases: 'production', lineage: { encoder: { name: 'tiny' }, moves: [{ to: '1' }] } },
	]);
	expect(JSON.stringify([listed.data.resultData, got.data.resultData])).not.toContain(SECRET);
	const home = path.join(folder, 'home');
	const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) =>
		entry.isFile(),
	);
	expect(files.length).toBeGreaterThan(0);
	for (const { name, parentPath } of files)
		expect(readFileSync(path.join(parentPath, name)).includes(SECRET)).toBe(false);
});

test('a credential counts only where the option asks for it, and the option without one says so', async () => {
	expect((await work('list', { options: { objectStorage: false } })).json()).toEqual([]);
	const flow = oneNode('dinomalyModel', { operation: 'list', options: { objectStorage: true } });
	expect((await lab.run(flow)).error?.message).toBe(
		'Expected a credential S3 Model Store, found none chosen',
	);
});

test('what is filled in wrongly, or twice, is said in a sentence', async () => {
	const options = { storeFolder: 'models' };
	expect((await work('list', { options })).error?.message).toBe(
		'Expected either "Store in Object Storage" or a folder in "Store Folder", found both',
	);
	expect((await work('list', {}, { bucket: '' })).error?.message).toMatch(/"Bucket".*, found nothing/);
	const refused = (await work('list', {}, { accessKeyId: 'SOMEBODY' })).error;
	expect(refused?.message).toMatch(
		/^Expected access to s3:\/\/models\/line, found that the server refuses it/,
	);
	expect(JSON.stringify(refused)).not.toContain(SECRET);
});

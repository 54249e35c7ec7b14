import { join } from 'node:path';
import { main } from '../../../src/cli/main';
import { openEngine } from '../../../src/engine/host';
import { modelHash } from '../../../src/evaluation/modelHash';
import { recoverJobs } from '../../../src/jobs/detached';
import { openEvaluationRuns } from '../../../src/store/evaluationRuns';
import { connectStore } from '../../../src/store/objects/connections';
import { tryConnection } from '../../../src/store/objects/probe';
import { openModelStore } from '../../../src/store/openModelStore';
import { storeLayout } from '../../../src/store/paths';
import { connectionOfCredential } from '../../../nodes/shared/storeCredential';
import { sampleDraft, temporaryFolder } from '../sampleModel';
import { sampleRun } from '../sampleRun';
import { isOurServer, RUN, startObjectServer, type ObjectServer } from './server';

const testOfOurServer = isOurServer ? test : test.skip;
const LINE = `line-${RUN}`;
const root = temporaryFolder();
let server: ObjectServer;
let endpoint: string;

beforeAll(async () => {
	server = await startObjectServer(join(root, 'server'));
	endpoint = `http://127.0.0.1:${server.wire.port}`;
});
afterAll(() => server.close());

async function dinomaly(
	line: string,
	env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
	let [out, err] = ['', ''];
	const code = await main(line.split(' '), {
		stdout: { write: (text) => (out += text) },
		stderr: { write: (text) => (err += text) },
		env: {
			N8N_USER_FOLDER: join(root, 'cli'),
			DINOMALY_S3_ENDPOINT: endpoint,
			DINOMALY_S3_ACCESS_KEY: 'S3RVER',
			DINOMALY_S3_SECRET_KEY: 'S3RVER',
			...env,
		},
		cwd: root,
		openEngine,
		onInterrupt: () => () => undefined,
		exit: () => undefined,
	});
	return { code, out, err };
}

/** What a node with the credential filled in like this uses as its store. */
function storeOfNode(prefix: string, machine: string): string {
	const connection = connectionOfCredential({
		endpoint,
		region: 'us-east-1',
		bucket: 'models',
		prefix,
		accessKeyId: 'S3RVER',
		secretAccessKey: 'S3RVER',
		pathStyle: true,
		cacheGb: 1,
	});
	return connectStore(connection, join(root, machine));
}

test('a model that a node publishes is judged and promoted on the command line of another machine', async () => {
	const folder = storeOfNode(LINE, 'node');
	const { card } = await openModelStore(folder).publish('bolts', sampleDraft());
	const run = sampleRun({
		model: { name: 'bolts', version: '1', sha256: modelHash(card) },
		mean: { imageAuroc: 0.95, aupro: null },
	});
	await openEvaluationRuns(folder).record(run);
	const store = `--store s3://models/${LINE}`;
	expect((await dinomaly(`models list ${store}`)).out).toMatch(/bolts +1 +1/);
	await dinomaly(`models gate bolts --floor imageAuroc=0.99 ${store}`);
	const refused = await dinomaly(`models promote bolts ${store}`);
	expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('below the floor 0.9900') });
	await dinomaly(`models gate bolts --floor imageAuroc=0.9 ${store}`);
	expect((await dinomaly(`models promote bolts --by eve ${store}`)).out).toBe('production: not set -> 1\n');
	expect(await openModelStore(folder).history('bolts')).toMatchObject([
		{ by: 'eve', to: '1', gate: { passed: true, run: run.id } },
	]);
	// DINOMALY_STORE may name it too.
	const listed = await dinomaly('models show bolts', { DINOMALY_STORE: `s3://models/${LINE}` });
	expect(listed.out).toContain('bolts@1');
	expect(await openEvaluationRuns(folder).models()).toEqual(['bolts']);
});

test('keys that are missing are asked for in a sentence, and a folder of object storage is never taken for an ordinary store', async () => {
	const missing = await dinomaly('models list --store s3://models/x', { DINOMALY_S3_SECRET_KEY: '' });
	expect(missing).toMatchObject({
		code: 2,
		err: expect.stringContaining(
			'Expected the keys of s3://models/x in the environment, found no secret key',
		),
	});
	expect((await dinomaly('models list --store s3://a')).err).toContain(
		'Expected "Bucket" of the object storage',
	);
	const unknown = join(root, 'other', 'object-storage', 'models-0123456789abcdef');
	expect(() => openModelStore(unknown)).toThrow(/Expected to know the keys of the object storage/);
	await expect(recoverJobs(unknown, { log: () => undefined })).resolves.toEqual([]);
	expect(() => connectionOfCredential({ bucket: 'models', endpoint: 'ftp://x', pathStyle: true })).toThrow(
		/"Endpoint"/,
	);
});

test('the local part shares encoders with its home, and whoever has other keys has another one', () => {
	const folder = storeOfNode(LINE, 'node');
	expect(storeLayout(folder).encoders).toBe(storeLayout(join(root, 'node')).encoders);
	const other = connectStore(
		server.connection({ prefix: LINE, secretAccessKey: 'other' }),
		join(root, 'node'),
	);
	expect(other).not.toBe(folder);
	expect(folder).not.toContain('S3RVER');
});

test('the test of a credential says what works with it', async () => {
	expect(await tryConnection(server.connection({ prefix: 'empty' }))).toBe(
		'0 models in s3://models/empty; these keys may read and write',
	);
});

testOfOurServer('the test of a credential refuses a server that ignores conditions', async () => {
	server.keepsConditions = false;
	await expect(tryConnection(server.connection({ prefix: 'empty' }))).rejects.toThrow(/If-None-Match/);
	server.keepsConditions = true;
});

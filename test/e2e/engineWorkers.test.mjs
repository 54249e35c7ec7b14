// Engine workers as users start them: `dinomaly worker` beside a real n8n, with a real Redis that asks for a password, over TLS with an
// authority of its own where that can be had.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { startEngineWorker } from './support/engineWorker.mjs';
import { flow, manual, modelNamed, ours, readFiles, scoreImage } from './support/flow.mjs';
import { DATA, MODEL, sharedN8n } from './support/home.mjs';
import { whyNoRedis } from './support/redis.mjs';
import { assertInNoFile } from './support/traces.mjs';

const require = createRequire(import.meta.url);

const TYPE = 'engineWorkersApi';
const PASSWORD = 'the-password-of-redis';
const ON_WORKERS = { engineWorkers: true };
const QUICK = { iterations: 10, imageSize: 64, cropSize: 64, batchSize: 8, calibrationShare: 0.4 };
const skip = whyNoRedis();

let n8n;
let redis;
let worker;
let folder;
/** The private authority of Redis; undefined without TLS. */
let authority;
const executions = [];

before(async () => {
	if (skip) return;
	require('../support/typescript.cjs');
	const { TestRedis } = require('../support/redis.ts');
	redis = await TestRedis.start({ password: PASSWORD, tls: makeTls() });
	n8n = await sharedN8n();
});
after(async () => {
	await worker?.stop();
	await n8n?.close();
	await redis?.stop();
	if (folder) rmSync(folder, { recursive: true, force: true });
});

test('without a worker: the credential says so, and a node gives a sentence', { skip }, async () => {
	const { status, message } = await tested();
	assert.equal(status, 'OK', message);
	assert.match(message, /^Redis at .* answers; no engine worker is there yet$/);
	const execution = await score('Nobody there', await saved('Impatient', { patienceSeconds: 0 }));
	assert.equal(execution.status, 'error');
	assert.match(execution.data.resultData.error.message, /^Expected an engine worker/);
});

test('a wrong password is told in a sentence without it', { skip }, async () => {
	const { status, message } = await tested({ password: 'not-the-password' });
	assert.equal(status, 'Error');
	assert.ok(!message.includes('not-the-password'), message);
	assert.match(message, /password/i);
});

test('an authority that the credential does not name is not trusted', { skip }, async (context) => {
	if (!authority) return context.skip('Redis without TLS');
	const { status, message } = await tested({ ca: '' });
	assert.equal(status, 'Error');
	assert.match(message, /^Expected rediss:.* by an authority that Node\.js trusts, found another one/);
});

test('workers score as n8n itself does, train and evaluate', { skip }, async () => {
	worker = await startEngineWorker({
		redis: { url: redis.url, password: PASSWORD, ca: authority?.certificate },
		store: n8n.home.store,
		data: n8n.home.files,
	});
	const credentials = await saved('Workers');
	assert.match((await tested()).message, /; workers: \S+ \(score, evaluate, train; /);

	const here = outputsOf(success(await score('Here', undefined)), 'Score Image')[0];
	const there = outputsOf(success(await score('There', credentials)), 'Score Image')[0];
	assert.ok(there.length > 1);
	// n8n reads the files of several folders in the order that they come.
	const said = (items) =>
		items
			.map(({ json }) => [json.score, json.pValue, json.verdict, json.regions])
			.sort(([a], [b]) => a - b);
	assert.deepEqual(said(there), said(here));

	const trained = success(
		await run('Train there', [
			ours(
				'trainDinomaly',
				'Train',
				{
					operation: 'train',
					source: 'folder',
					dataFolder: DATA,
					model: 'far',
					run: 'wait',
					options: { ...QUICK, ...ON_WORKERS },
				},
				{ credentials, webhookId: 'train-far' },
			),
			ours(
				'evaluateMetrics',
				'Evaluate',
				{
					operation: 'evaluateDataset',
					model: modelNamed('={{ $json.reference }}'),
					dataFolder: DATA,
					options: ON_WORKERS,
				},
				{ credentials },
			),
		]),
	);
	assert.equal(outputsOf(trained, 'Train')[0][0].json.model, 'far');
	assert.ok(outputsOf(trained, 'Evaluate')[0].length > 0);
	assert.match(worker.said(), /has done .*train/i);
	assert.match(worker.said(), /has done .*evaluat/i);
});

test('a worker that is told to stop ends well, and the password is nowhere', { skip }, async () => {
	assert.equal(await worker.stop(), 0, worker.said());
	assert.ok(executions.length >= 4);
	assert.ok(!JSON.stringify(executions).includes(PASSWORD));
	assert.ok(!worker.said().includes(PASSWORD));
	assertInNoFile(n8n.home.folder, PASSWORD);
});

function makeTls() {
	const { hasOpenssl, makeAuthority, makeCertificate } = require('../support/certificates.ts');
	const { hasTlsRedis } = require('../support/redis.ts');
	if (!hasOpenssl || !hasTlsRedis) return undefined;
	folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-tls-'));
	authority = makeAuthority(folder, 'plant');
	return makeCertificate(folder, 'server', { authority, names: 'DNS:localhost' });
}

async function saved(name, changes = {}) {
	const { id } = await n8n.client.rest('POST', '/credentials', { name, type: TYPE, data: fields(changes) });
	return { [TYPE]: { id, name } };
}

function fields(changes) {
	return {
		url: redis.url,
		user: '',
		password: PASSWORD,
		tls: false,
		ca: authority?.pem.certificate ?? '',
		prefix: 'dinomaly',
		maxWaiting: 1000,
		patienceSeconds: 60,
		...changes,
	};
}

/** What the editor shows when such a credential is saved. */
async function tested(changes = {}) {
	const name = `Tested ${executions.length} ${JSON.stringify(Object.keys(changes))}`;
	const { id } = await n8n.client.rest('POST', '/credentials', { name, type: TYPE, data: fields(changes) });
	return n8n.client.rest('POST', '/credentials/test', {
		credentials: { id, name, type: TYPE, data: fields(changes) },
	});
}

function score(name, credentials) {
	return run(name, [
		readFiles(path.posix.join(n8n.home.files, DATA, 'plate', 'test', '*', '*.png')),
		scoreImage(
			{ model: modelNamed(MODEL), options: credentials ? ON_WORKERS : {} },
			credentials ? { credentials } : {},
		),
	]);
}

async function run(name, nodes) {
	const id = await n8n.client.saveWorkflow(flow(name, [manual(), ...nodes]));
	const execution = await n8n.client.untilState(await n8n.client.runWorkflow(id, 'Start'));
	executions.push(execution);
	return execution;
}

function success(execution) {
	assert.equal(execution.status, 'success', JSON.stringify(execution.data.resultData.error));
	return execution;
}

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { flow, manual, modelNamed, ours, readFiles, scoreImage, webhook } from './support/flow.mjs';
import { DATA, sharedN8n } from './support/home.mjs';
import { openObjectServer } from './support/objectServer.mjs';
import { newPlate } from './support/plates.mjs';
import { post } from './support/post.mjs';
import { enginesOf, noPs } from './support/processes.mjs';
import { assertInNoFile } from './support/traces.mjs';

const MODEL = 'stored';
const TYPE = 's3ModelStoreApi';
const IN_BUCKET = { objectStorage: true };
const QUICK = { iterations: 10, imageSize: 64, cropSize: 64, batchSize: 8, calibrationShare: 0.4 };
/** For a second the store answers with what it last saw (src/store/objects/modelStates.ts). */
const SEEN_MS = 1_200;

let n8n;
let storage;
let credentials;
const executions = [];
before(async () => {
	storage = await openObjectServer();
	n8n = await sharedN8n();
	credentials = await saved('Bucket');
});
after(async () => {
	await n8n?.close();
	await storage?.close();
});

test('saving the credential tests it, and says what the keys may do', async () => {
	assert.deepEqual(await tested({}), {
		status: 'OK',
		message: '0 models in s3://models/plant-2/inspection; these keys may read and write',
	});
});

test('wrong keys: one sentence, from the test of the credential as from a node', async () => {
	const words =
		'Expected access to s3://models/plant-2/inspection, found that the server refuses it (InvalidAccessKeyId)';
	const { status, message } = await tested({ accessKeyId: 'SOMEBODY' });
	assert.equal(status, 'Error');
	assert.ok(message.startsWith(`${words}. Check access key and secret key`), message);
	const wrong = await saved('Wrong keys', { accessKeyId: 'SOMEBODY' });
	const execution = await run('Wrong keys', [
		ours('dinomalyModel', 'List', { operation: 'list', options: IN_BUCKET }, { credentials: wrong }),
	]);
	assert.equal(execution.status, 'error');
	assert.equal(execution.data.resultData.error.message, words);
});

test('a training in the background ends in the bucket, and not in a folder of n8n', async () => {
	const parameters = {
		operation: 'train',
		source: 'folder',
		dataFolder: DATA,
		model: MODEL,
		options: { ...QUICK, ...IN_BUCKET },
	};
	const execution = await run('Train into the bucket', [
		ours(
			'trainDinomaly',
			'Train',
			{ ...parameters, run: 'background' },
			{ credentials, webhookId: 'train-stored' },
		),
		ours(
			'dinomalyModel',
			'Promote',
			{
				operation: 'promote',
				model: modelNamed('={{ $json.reference }}'),
				alias: 'production',
				options: IN_BUCKET,
			},
			{ credentials },
		),
	]);
	assert.equal(execution.status, 'success', JSON.stringify(execution.data.resultData.error));
	const [[{ json }]] = outputsOf(execution, 'Promote');
	assert.deepEqual([json.model, json.version, json.promoted], [MODEL, '1', true]);
	assert.ok(
		storage.server.requests.some((line) => /^PUT .*\/models\/stored\/versions\/1\.json/.test(line)),
	);
	assert.ok(!existsSync(path.join(n8n.home.store, 'models', MODEL)));
});

test('images are scored by alias, and still are when the copies on this machine are deleted', async () => {
	const id = await n8n.client.saveWorkflow(
		flow('Score from the bucket', [
			webhook('stored'),
			scoreImage({ model: modelNamed(`${MODEL}@production`), options: IN_BUCKET }, { credentials }),
		]),
	);
	await n8n.client.publish(id);
	const verdicts = async () => [await verdictOf(false), await verdictOf(true)];
	assert.deepEqual(await verdicts(), ['normal', 'anomaly']);
	const copies = path.join(n8n.home.store, 'object-storage');
	assert.ok(existsSync(copies));
	rmSync(copies, { recursive: true });
	const before = downloads();
	assert.deepEqual(await verdicts(), ['normal', 'anomaly']);
	assert.ok(downloads() > before, 'the model came from the bucket again');
});

test('while the server is away an alias gives a sentence, and a version by its number scores', async () => {
	const image = path.posix.join(n8n.home.files, DATA, 'plate', 'test', 'good', '0.png');
	const scored = (model) => [
		readFiles(image),
		scoreImage({ model: modelNamed(model), options: IN_BUCKET }, { credentials }),
	];
	storage.server.wire.down();
	try {
		await pause(SEEN_MS);
		const alias = await run('Alias while away', scored(`${MODEL}@production`));
		assert.equal(alias.status, 'error');
		assert.match(
			alias.data.resultData.error.message,
			/^Expected an answer from the object storage of s3:\/\/models\/plant-2\/inspection, found /,
		);
		const number = await run('Number while away', scored(`${MODEL}@1`));
		assert.equal(number.status, 'success', JSON.stringify(number.data.resultData.error));
		assert.equal(outputsOf(number, 'Score Image')[0][0].json.verdict, 'normal');
	} finally {
		storage.server.wire.mend();
	}
	const execution = await run('Back again', scored(`${MODEL}@production`));
	assert.equal(execution.status, 'success', JSON.stringify(execution.data.resultData.error));
});

test('the secret is in no log, execution or file, and the engine is not started with it', () => {
	const secret = storage.fields.secretAccessKey;
	assert.ok(executions.length >= 5);
	assert.ok(!JSON.stringify(executions).includes(secret));
	assertInNoFile(n8n.home.folder, secret);
	if (noPs || !existsSync('/proc/self/environ')) return;
	const engines = enginesOf(n8n.server.pid);
	assert.ok(engines.length > 0);
	for (const pid of engines)
		for (const part of ['cmdline', 'environ'])
			assert.ok(!readFileSync(`/proc/${pid}/${part}`).includes(secret), part);
});

async function saved(name, changes = {}) {
	const data = { ...storage.fields, ...changes };
	const { id } = await n8n.client.rest('POST', '/credentials', { name, type: TYPE, data });
	return { [TYPE]: { id, name } };
}

/** What the editor shows when such a credential is saved. */
function tested(changes) {
	const data = { ...storage.fields, ...changes };
	const { id, name } = credentials[TYPE];
	return n8n.client.rest('POST', '/credentials/test', { credentials: { id, name, type: TYPE, data } });
}

async function run(name, nodes) {
	const id = await n8n.client.saveWorkflow(flow(name, [manual(), ...nodes]));
	const execution = await n8n.client.untilState(await n8n.client.runWorkflow(id, 'Start'));
	executions.push(execution);
	return execution;
}

async function verdictOf(hasSpot) {
	const { status, body } = await post(`${n8n.server.url}/webhook/stored`, await newPlate(7, { hasSpot }));
	assert.equal(status, 200, JSON.stringify(body));
	return body.verdict;
}

function downloads() {
	return storage.server.requests.filter((line) => /^GET .*\/uploads\/.*\/decoder/.test(line)).length;
}

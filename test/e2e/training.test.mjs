import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { openClient, outputsOf, untilTrue } from '../../scripts/n8n/client.mjs';
import { startServer } from '../../scripts/n8n/server.mjs';
import { flow, manual, noOperation, ours, scoreImage, webhook } from './support/flow.mjs';
import { DATA, newHome, PASSWORD } from './support/home.mjs';
import { untilTraining } from './support/jobs.mjs';
import { newPlate } from './support/plates.mjs';
import { healthDuring, post } from './support/post.mjs';
import { enginesOf, GONE_MS, noPs, untilGone } from './support/processes.mjs';

const SMALL = { imageSize: 64, cropSize: 64, batchSize: 8, calibrationShare: 0.4 };
/** Seconds of training, long enough to be cut off in the middle. */
const LONG = { ...SMALL, iterations: 200, checkpointEvery: 20 };
const ENDLESS = { ...LONG, iterations: 100_000 };

let home;
let server;
let client;
before(async () => {
	home = await newHome();
	await boot();
});
after(async () => {
	await server?.stop();
	home?.dispose();
});

test('in the background: the execution sleeps, and goes on with the model when training ends', async () => {
	const id = await save('background', { run: 'background', options: LONG });
	const execution = await client.runWorkflow(id, 'Start');
	await client.untilState(execution, ['waiting']);
	await untilTraining(home.store, 'background');
	const [training] = await look('getStatus', 'newest');
	assert.equal(training.inBackground, true);
	const { status: end, data } = await client.untilState(execution);
	assert.equal(end, 'success', JSON.stringify(data.resultData.error));
	const [[item]] = outputsOf({ data }, 'After');
	assert.equal(item.json.reference, 'background@1');
	assert.equal(item.binary.lossCurve.mimeType, 'image/png');
	const scored = await scoreWith('background');
	assert.equal(typeof scored.score, 'number');
});

test('a training that fails in the background fails the execution with its sentence', async () => {
	const id = await save('wrong', { run: 'background', categories: 'screw', options: SMALL });
	const { status, data } = await client.untilState(await client.runWorkflow(id, 'Start'));
	assert.equal(status, 'error');
	assert.match(data.resultData.error.message, /Expected category "screw"/);
});

test('Cancel in another execution ends it and keeps the checkpoint', async () => {
	const id = await save('endless', { run: 'background', options: ENDLESS });
	const execution = await client.runWorkflow(id, 'Start');
	const { id: jobId } = await untilTraining(home.store, 'endless');
	const [cancelled] = await look('cancel', jobId);
	assert.deepEqual([cancelled.state, cancelled.cancelled], ['cancelled', true]);
	assert.match(cancelled.message, /checkpoint/);
	const { status } = await client.untilState(execution);
	assert.equal(status, 'error');
});

test('stopping an execution that waits for its training ends the training', async () => {
	const id = await save('stopped', { run: 'wait', options: ENDLESS });
	const execution = await client.runWorkflow(id, 'Start');
	const { id: jobId } = await untilTraining(home.store, 'stopped');
	const began = Date.now();
	await client.cancel(execution);
	await untilTrue(
		'the training to end',
		20_000,
		async () => (await look('getStatus', jobId))[0].state === 'cancelled',
	);
	assert.ok(Date.now() - began < 8_000, `${Date.now() - began} ms`);
	const { status } = await client.untilState(execution);
	assert.equal(status, 'canceled');
});

test('while it trains, n8n answers questions about its health at once', async () => {
	const id = await save('busy', { run: 'start', options: ENDLESS });
	const { slowest } = await healthDuring(server.url, async () => {
		await client.runWorkflow(id, 'Start');
		await untilTraining(home.store, 'busy');
		await new Promise((resolve) => setTimeout(resolve, 3000));
	});
	const { jobId } = (await look('getStatus', 'newest'))[0];
	await look('cancel', jobId);
	assert.ok(slowest() < 1000, `slowest answer ${slowest()} ms`);
});

for (const [how, end] of [
	['killed outright', () => server.kill()],
	['ended by its service manager', () => server.stop()],
]) {
	test(
		`n8n ${how} in mid-training: the next n8n goes on by itself, and the execution with it`,
		{ skip: noPs },
		async () => {
			const model = how.startsWith('killed') ? 'killed' : 'ended';
			const id = await save(model, { run: 'background', options: { ...LONG, iterations: 240 } });
			const execution = await client.runWorkflow(id, 'Start');
			await untilTraining(home.store, model, 25);
			await client.untilState(execution, ['waiting']);
			const engines = enginesOf(server.pid);
			assert.equal(engines.length, 1);
			await end();
			await untilGone(engines, 60_000);
			await boot();
			const { status, data } = await client.untilState(execution, undefined, 200_000);
			assert.equal(status, 'success', JSON.stringify(data.resultData.error));
			const [[item]] = outputsOf({ data }, 'After');
			assert.equal(item.json.reference, `${model}@1`);
			assert.equal(item.json.iterations, 240);
			const job = (await look('getStatus', 'newest'))[0];
			assert.deepEqual([job.state, job.attempts], ['done', 2]);
			// Asking whether the execution still waits leaves no errors in n8n's log.
			assert.doesNotMatch(readFileSync(server.logFile, 'utf8'), /does not contain a waiting webhook/);
		},
	);
}

test('n8n ended while its engine has nothing to do leaves no engine process', { skip: noPs }, async () => {
	const engines = enginesOf(server.pid);
	assert.equal(engines.length, 1, 'one engine process per n8n process');
	await server.stop();
	await untilGone(engines, GONE_MS);
});

async function boot() {
	server = await startServer(home.folder, {
		port: Number(new URL(server?.url ?? 'http://x:0').port) || undefined,
	});
	client = await openClient(server.url, PASSWORD);
}

function save(model, parameters) {
	const train = ours(
		'trainDinomaly',
		'Train',
		{
			operation: 'train',
			source: 'folder',
			dataFolder: DATA,
			model,
			...parameters,
		},
		{ webhookId: `train-${model}` },
	);
	return client.saveWorkflow(flow(`Train ${model}`, [manual(), train, noOperation('After')]));
}

/** What Get Status or Cancel say about a job, by a workflow of their own. */
async function look(operation, job) {
	const locator = { __rl: true, mode: 'id', value: job };
	const id = await client.saveWorkflow(
		flow(`Look ${operation}`, [manual(), ours('trainDinomaly', 'Look', { operation, job: locator })]),
	);
	const execution = await client.untilState(await client.runWorkflow(id, 'Start'));
	assert.equal(execution.status, 'success', JSON.stringify(execution.data.resultData.error));
	return outputsOf(execution, 'Look')[0].map(({ json }) => json);
}

async function scoreWith(model) {
	const score = scoreImage({ model: { __rl: true, mode: 'name', value: model } });
	const id = await client.saveWorkflow(flow('Score', [webhook('score-new'), score]));
	await client.publish(id);
	return (await post(`${server.url}/webhook/score-new`, await newPlate(1))).body;
}

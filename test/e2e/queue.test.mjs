import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { openClient, outputsOf } from '../../scripts/n8n/client.mjs';
import { startServer } from '../../scripts/n8n/server.mjs';
import { alarmsOf, AT_ONCE } from './support/alarms.mjs';
import { flow, noOperation, ours, scoreImage, webhook } from './support/flow.mjs';
import { DATA, newHome, PASSWORD } from './support/home.mjs';
import { untilTraining } from './support/jobs.mjs';
import { newPlate } from './support/plates.mjs';
import { post } from './support/post.mjs';
import { enginesOf, GONE_MS, noPs, untilGone } from './support/processes.mjs';
import { openRedis, whyNoRedis } from './support/redis.mjs';

const skip = whyNoRedis();
const SMALL = { imageSize: 64, cropSize: 64, batchSize: 8, calibrationShare: 0.4 };
const open = [];
let workers = [];
let client;
let main;
let store;

before(async () => {
	if (skip) return;
	const home = await newHome();
	open.push(home.dispose);
	store = home.store;
	const redis = await openRedis();
	open.push(redis.close);
	const environment = redis.environment;
	const worker = { command: 'worker', args: ['--concurrency=5'], environment };
	const servers = [{ environment }, worker, worker].map((how) => startServer(home.folder, how));
	// Each is ended with the tests, also when another one does not start.
	for (const starting of servers) open.push(async () => (await starting).stop());
	[main, ...workers] = await Promise.all(servers);
	client = await openClient(main.url, PASSWORD);
});
after(async () => {
	for (const close of open.reverse()) await close();
});

test('two workers score images of one store, each image its own verdict', { skip }, async () => {
	const id = await client.saveWorkflow(flow('Score', [webhook('queue'), scoreImage()]));
	await client.publish(id);
	const plates = await Promise.all(
		Array.from({ length: 16 }, (_, i) => newPlate(i, { hasSpot: i % 2 === 1 })),
	);
	const answers = await Promise.all(
		plates.map((plate) => postUntilRun(`${main.url}/webhook/queue`, plate)),
	);
	assert.deepEqual(
		answers.filter(({ status }) => status !== 200).map(({ body }) => body),
		[],
		complaints(),
	);
	assert.deepEqual(
		answers.map(({ body }) => body.verdict),
		plates.map((_, i) => (i % 2 === 1 ? 'anomaly' : 'normal')),
	);
	const executions = await client.executions(id, 50);
	assert.deepEqual(
		executions.flatMap(({ data }) => data?.resultData?.error?.node?.name ?? []),
		[],
		'nodes that failed',
	);
	const scored = executions.flatMap((execution) => outputsOf(execution, 'Score Image'));
	assert.equal(scored.filter((items) => items.length === 1).length, 16);
});

test(`${AT_ONCE} bad parts at once on two workers, three of five: alarms 16`, { skip }, async () => {
	const parameters = { alarmWhen: 'among', alarmParts: 3, alarmAmong: 5, coolDown: 0 };
	assert.equal(await alarmsOf({ client, url: main.url, name: 'workers', parameters }), 16);
});

test('two trainings of one model at once become two versions of it', { skip }, async () => {
	const options = { ...SMALL, iterations: 20 };
	await publish('twins', [trainNode('twins', { run: 'wait', options })]);
	const answers = await Promise.all([1, 2].map(() => post(`${main.url}/webhook/twins`, '')));
	assert.deepEqual(
		answers.map(({ body }) => body.reference).sort(),
		['twins@1', 'twins@2'],
		JSON.stringify(answers),
	);
});

test(
	'a worker killed in mid-training: the other one goes on, and the execution with it',
	{ skip },
	async () => {
		const options = { ...SMALL, iterations: 240, checkpointEvery: 20 };
		await publish('status', [ours('trainDinomaly', 'Look', { operation: 'getStatus' })]);
		const id = await publish(
			'orphan',
			[trainNode('orphan', { run: 'background', options }), noOperation('After')],
			{ responseMode: 'onReceived' },
		);
		await post(`${main.url}/webhook/orphan`, '');
		const { pid } = (await untilTraining(store, 'orphan', 25)).owner;
		const [{ id: execution }] = await client.executions(id, 1);
		await client.untilState(execution, ['waiting']);
		await workers.find((worker) => worker.pid === pid).kill();
		const { status, data } = await client.untilState(execution, undefined, 240_000);
		assert.equal(status, 'success', JSON.stringify(data.resultData.error));
		const [[item]] = outputsOf({ data }, 'After');
		assert.deepEqual([item.json.reference, item.json.iterations], ['orphan@1', 240]);
		const job = await look();
		assert.deepEqual([job.state, job.attempts], ['done', 2]);
		assert.notEqual(job.pid, pid);
	},
);

test(
	'a worker killed while its engine has nothing to do leaves no engine process',
	{ skip: skip || noPs },
	async () => {
		const worker = workers.find(({ isRunning }) => isRunning());
		const engines = enginesOf(worker.pid);
		assert.equal(engines.length, 1, 'one engine process per n8n process');
		await worker.kill();
		await untilGone(engines, GONE_MS);
	},
);

/**
 * Posts an image, again when n8n itself could not run the execution: three processes on one SQLite file, which n8n does not recommend, now
 * and then answer so under load. A failure of a node has another answer.
 */
async function postUntilRun(url, bytes) {
	for (let attempt = 1; ; attempt++) {
		const answer = await post(url, bytes);
		if (answer.body.message !== 'There was a problem executing the workflow' || attempt === 3)
			return answer;
	}
}

/** What main and workers logged beyond information, for the message of a test that failed. */
function complaints() {
	return [main, ...workers]
		.flatMap(({ logFile }) => readFileSync(logFile, 'utf8').split('\n'))
		.filter((line) => /error|warn|fail|problem|stalled/i.test(line))
		.slice(-40)
		.join('\n');
}

/**
 * The newest training. Asked again when no answer comes: n8n waits for the end of an execution that a worker finished before it began to
 * wait, which happens to those of a few milliseconds.
 */
async function look() {
	for (let attempt = 1; ; attempt++) {
		try {
			return (await post(`${main.url}/webhook/status`, '', { timeoutMs: 5_000 })).body;
		} catch (error) {
			if (error.name !== 'TimeoutError' || attempt === 10) throw error;
		}
	}
}

async function publish(name, nodes, how) {
	const id = await client.saveWorkflow(flow(name, [webhook(name, how), ...nodes]));
	await client.publish(id);
	return id;
}

function trainNode(model, parameters) {
	const folder = { operation: 'train', source: 'folder', dataFolder: DATA };
	return ours(
		'trainDinomaly',
		'Train',
		{ ...folder, model, ...parameters },
		{ webhookId: `train-${model}` },
	);
}

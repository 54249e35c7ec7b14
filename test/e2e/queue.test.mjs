import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { alarmsOf, AT_ONCE } from './support/alarms.mjs';
import { flow, noOperation, ours, scoreImage, webhook } from './support/flow.mjs';
import { DATA } from './support/home.mjs';
import { untilTraining } from './support/jobs.mjs';
import { newPlate } from './support/plates.mjs';
import { post } from './support/post.mjs';
import { GONE_MS, noPs, untilGone } from './support/processes.mjs';
import { openQueueMode } from './support/queueMode.mjs';
import { whyNoRedis } from './support/redis.mjs';

const skip = whyNoRedis();
const SMALL = { imageSize: 64, cropSize: 64, batchSize: 8, calibrationShare: 0.4 };
/** On SQLite n8n waits a second for its database, and fails then: it advises against that in queue mode. */
const TRIES_ON_SQLITE = 3;
let queue;
let client;
let main;
let store;

before(async () => {
	if (skip) return;
	queue = await openQueueMode({ n8nWorkers: 2 });
	({
		client,
		main,
		home: { store },
	} = queue);
});
after(() => queue?.close());

test('two workers score images of one store, each image its own verdict', { skip }, () =>
	onAnyDatabase(scoreMany),
);

test(`${AT_ONCE} bad parts at once on two workers, three of five: alarms 16`, { skip }, async () => {
	const parameters = { alarmWhen: 'among', alarmParts: 3, alarmAmong: 5, coolDown: 0 };
	const count = (attempt) => alarmsOf({ client, url: main.url, name: `workers ${attempt}`, parameters });
	assert.equal(await onAnyDatabase(count), 16);
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
		await queue.crew.kill(queue.crew.living().find((worker) => worker.pid === pid));
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
		const { engines } = await queue.crew.kill(queue.crew.living()[0]);
		assert.equal(engines.length, 1, 'one engine process per n8n process');
		await untilGone(engines, GONE_MS);
	},
);

async function scoreMany(attempt) {
	const name = `queue-${attempt}`;
	const id = await publish(name, [scoreImage()]);
	const plates = await Promise.all(
		Array.from({ length: 16 }, (_, i) => newPlate(i, { hasSpot: i % 2 === 1 })),
	);
	const answers = await Promise.all(plates.map((plate) => post(`${main.url}/webhook/${name}`, plate)));
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
}

/** Does it again where it may have failed because n8n's database was locked. */
async function onAnyDatabase(act) {
	for (let attempt = 1; ; attempt++) {
		try {
			return await act(attempt);
		} catch (error) {
			if (queue.hasPostgres || attempt === TRIES_ON_SQLITE) throw error;
		}
	}
}

/** What the main process logged beyond information, for the message of a test that failed. */
function complaints() {
	return readFileSync(main.logFile, 'utf8')
		.split('\n')
		.filter((line) => /error|warn|fail|problem|stalled/i.test(line))
		.slice(-40)
		.join('\n');
}

/** The newest training. */
async function look() {
	return (await post(`${main.url}/webhook/status`, '')).body;
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

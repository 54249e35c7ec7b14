// Queue mode as it is promised: a main process, three n8n workers and two engine workers on one store and one Redis, all templates, workers
// killed at random. Some minutes of the same, round after round, with n8n's own settings, by hand:
//   DINOMALY_TEST_KILL_MINUTES=10 node test/e2e/killedWorkers.test.mjs
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nodeOf } from '../../scripts/demo/templates.mjs';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { openTemplates } from './support/allTemplates.mjs';
import { MODEL } from './support/home.mjs';
import { openLine } from './support/inspectionLine.mjs';
import { inHand, Kills, randomFrom } from './support/kills.mjs';
import { allEnded, failedInN8n, isLost, whyItFailed } from './support/lostWorkers.mjs';
import { GONE_MS, noPs, untilGone } from './support/processes.mjs';
import { openQueueMode } from './support/queueMode.mjs';
import { whyNoRedis } from './support/redis.mjs';
import { assertWhole, countedBy } from './support/wholeStore.mjs';

const MINUTES = Number(process.env.DINOMALY_TEST_KILL_MINUTES ?? 0);
const SEED = Number(process.env.DINOMALY_TEST_SEED ?? Date.now() % 2 ** 31);
/** n8n notices a worker that is gone after 90 seconds at most; the short run does not wait that long. */
const SOON = {
	QUEUE_WORKER_LOCK_DURATION: '20000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '4000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};
const ENDS_MS = 300_000;
const BETWEEN_KILLS_MS = 30_000;
const skip = whyNoRedis() || noPs;
const timeout = 600_000 + MINUTES * 60_000;

let queue;
let templates;
let line;
let kills;
/** Executions of all templates, by its number. */
const executions = {};

before(async () => {
	if (skip) return;
	queue = await openQueueMode({
		n8nWorkers: 3,
		engineWorkers: 2,
		environment: MINUTES > 0 ? {} : SOON,
	});
	templates = await openTemplates(queue);
	line = await openLine(templates.hook('02'));
	kills = new Kills(queue.crew, randomFrom(SEED));
});
after(async () => {
	await templates?.close();
	await queue?.close();
});

test('all templates do their work while workers are killed', { skip, timeout }, async (t) => {
	await line.learn();
	let isOver = false;
	const posting = line.run(() => isOver);
	const until = Date.now() + MINUTES * 60_000;
	const lost = {};
	try {
		await Promise.all([workUntil(until, lost), killUntil(until)]);
		await kills.settled();
	} finally {
		isOver = true;
		await posting;
	}
	for (const [number, id] of Object.entries(templates.ids))
		executions[number] = await allEnded(queue.client, id, ENDS_MS);
	t.diagnostic(
		`seed ${SEED}; ${queue.hasPostgres ? 'Postgres' : 'SQLite'}; killed: ${kills.done.join('; ')}`,
	);
	t.diagnostic(`runs that were repeated because n8n had lost them: ${JSON.stringify(lost)}`);
	t.diagnostic(`executions by template and state: ${JSON.stringify(countStates())}`);
});

test('no execution failed but those that n8n itself lost with a worker', { skip, timeout }, () => {
	const failed = Object.values(executions)
		.flat()
		.filter(({ status }) => status !== 'success');
	assert.deepEqual(failed.filter((execution) => !failedInN8n(execution)).map(whyItFailed), []);
	const inHandOfKilled = queue.crew.killed
		.filter(({ kind }) => kind === 'n8n')
		.reduce((sum, worker) => sum + Math.max(queue.concurrency, inHand(worker).length), 0);
	const lost = failed.filter(isLost).length;
	assert.ok(lost <= inHandOfKilled, `${lost} lost, ${inHandOfKilled} in hand`);
});

test("every part got its own verdict, or n8n's word that there is none", { skip, timeout }, (t) => {
	const without = line.assertOwnVerdicts();
	const lost = executions['02'].filter(failedInN8n);
	assert.ok(without.length <= lost.length, `${without.length} without a verdict, ${lost.length} lost`);
	const slowest = Math.max(0, ...without.map(({ ms }) => ms)) / 1000;
	t.diagnostic(
		`${line.answers.length} parts, ${without.length} without a verdict (slowest word ${slowest.toFixed(0)} s)`,
	);
});

test(
	'no part counts twice in the memory of alarms, and no alarm is lost with a worker that lived',
	{ skip, timeout },
	async () => {
		const kept = executions['02'].filter(({ status }) => status === 'success');
		const lost = executions['02'].length - kept.length;
		const outputs = kept.map((execution) => outputsOf(execution, 'Normal, Review or Anomaly?'));
		const items = outputs.map((branches) => branches.slice(0, 3).flat()[0].json);
		const counts = items.map(({ partsToday }) => partsToday);
		assert.equal(new Set(counts).size, counts.length, 'a count was given twice');
		const workflow = templates.ids['02'];
		const { id: node } = nodeOf(
			await queue.client.rest('GET', `/workflows/${workflow}`),
			'thresholdRouter',
		);
		const counted = await countedBy(queue.home.store, { workflow, node });
		assert.ok(Math.max(...counts) <= counted.parts);
		between(counted.parts, kept.length, kept.length + lost);

		const alarms = outputs.flatMap((branches) => branches[3]);
		assert.equal(alarms.length, items.filter(({ verdict }) => verdict === 'anomaly').length);
		between(counted.alarms, alarms.length, alarms.length + lost);
		const mailed = templates.mailbox.messages
			.map(({ text }) => /Image: (part-\d+\.png)/.exec(text)?.[1])
			.filter((file) => file !== undefined);
		assert.equal(new Set(mailed).size, mailed.length, 'an alarm was mailed twice');
		const silent = alarms.filter(({ json }) => !mailed.includes(json.file)).map(({ json }) => json.file);
		assert.deepEqual(silent, [], 'alarms without a mail');
		between(mailed.length, alarms.length, alarms.length + lost);
	},
);

test('the store is whole', { skip, timeout }, async (t) => {
	const { versions, left } = await assertWhole(queue.home.store);
	t.diagnostic(`${versions} versions; unfinished files that are left: ${left.join(', ') || 'none'}`);
});

test('no engine process is left, of those killed nor of those told to stop', { skip, timeout }, async () => {
	const orphans = queue.crew.killed.flatMap(({ engines }) => engines);
	const ended = await queue.crew.stop();
	await untilGone([...orphans, ...ended], GONE_MS);
});

/** Runs all templates, again and again until the moment. */
async function workUntil(until, lost) {
	const { '5 weekly training': weekly, '7 gated promotion': gated, ...others } = templates.runs;
	const count = async (name, run) => {
		lost[name] = (lost[name] ?? 0) + (await run());
	};
	const again = async (runs) => {
		do for (const [name, run] of Object.entries(runs)) await count(name, run);
		while (Date.now() < until);
	};
	await Promise.all([again({ weekly }), again({ gated }), again(others)]);
}

/** One of each that matters; in the long run any, at any time. */
async function killUntil(until) {
	await Promise.all([
		kills.busy('n8n', 3000),
		kills.trainerOf(queue.home.store, MODEL),
		kills.trainingEngine(1000),
	]);
	await kills.any(5000);
	while (Date.now() < until) await kills.any(BETWEEN_KILLS_MS);
}

function countStates() {
	return Object.fromEntries(
		Object.entries(executions).map(([number, all]) => [
			number,
			Object.fromEntries(
				[...new Set(all.map(({ status }) => status))].map((state) => [
					state,
					all.filter(({ status }) => status === state).length,
				]),
			),
		]),
	);
}

function between(value, least, most) {
	assert.ok(value >= least && value <= most, `Expected ${least} to ${most}, found ${value}`);
}

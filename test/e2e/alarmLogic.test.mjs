import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openClient, outputsOf, untilTrue } from '../../scripts/n8n/client.mjs';
import { startServer } from '../../scripts/n8n/server.mjs';
import { branch, flow, noOperation, node, router, webhook } from './support/flow.mjs';
import { bootN8n, newHome, PASSWORD } from './support/home.mjs';
import { post } from './support/post.mjs';
import { openRedis, whyNoRedis } from './support/redis.mjs';

const AT_ONCE = 50;
const SAVED_MS = 30_000;
const open = [];
let regular;
before(async () => {
	regular = await bootN8n();
	open.push(regular.close);
});
after(async () => {
	for (const close of open.reverse()) await close();
});

for (const [name, parameters, expected] of [
	['cool-down', { coolDown: 10 }, 1],
	['three of five', { alarmWhen: 'among', alarmParts: 3, alarmAmong: 5, coolDown: 0 }, 16],
	['three of five and cool-down', { alarmWhen: 'among', alarmParts: 3, alarmAmong: 5, coolDown: 10 }, 1],
]) {
	test(`${AT_ONCE} bad parts at once, ${name}: alarms ${expected}`, async () => {
		const { client, server } = regular;
		assert.equal(await alarmsOf({ client, url: server.url, name, parameters }), expected);
	});
}

test(
	`${AT_ONCE} bad parts at once on two workers, three of five: alarms 16`,
	{ skip: whyNoRedis() },
	async () => {
		const home = await newHome();
		open.push(home.dispose);
		const redis = await openRedis();
		open.push(redis.close);
		const { environment } = redis;
		const main = await startServer(home.folder, { environment });
		open.push(main.stop);
		for (let i = 0; i < 2; i++)
			open.push(
				(
					await startServer(home.folder, {
						command: 'worker',
						args: ['--concurrency=5'],
						environment,
					})
				).stop,
			);
		const client = await openClient(main.url, PASSWORD);
		const parameters = { alarmWhen: 'among', alarmParts: 3, alarmAmong: 5, coolDown: 0 };
		assert.equal(await alarmsOf({ client, url: main.url, name: 'workers', parameters }), 16);
	},
);

/** Posts all parts at once, and counts the executions whose part came out of Alarm; each part must have been counted once. */
async function alarmsOf({ client, url, name, parameters }) {
	const path = name.replaceAll(' ', '-');
	const fields = {
		mode: 'raw',
		jsonOutput: '={{ { score: $json.body.score, category: "bottle" } }}',
		options: {},
	};
	const limits = { rule: 'limits', threshold: 2, reviewBand: false, alarmLogic: true };
	const id = await client.saveWorkflow(
		flow(
			name,
			[
				webhook(path),
				node('n8n-nodes-base.set', 'Edit Fields', fields, { typeVersion: 3.4 }),
				router({ ...limits, ...parameters }),
				noOperation('Part'),
				branch(noOperation('Alarm')),
			],
			[
				['Threshold Router', 2, 'Part'],
				['Threshold Router', 3, 'Alarm'],
			],
		),
	);
	await client.publish(id);
	const body = JSON.stringify({ score: 3 });
	const answers = await Promise.all(
		Array.from({ length: AT_ONCE }, () =>
			post(`${url}/webhook/${path}`, body, { type: 'application/json' }),
		),
	);
	assert.deepEqual(
		answers.filter(({ status }) => status !== 200),
		[],
	);
	const executions = await untilTrue('all executions to be saved', SAVED_MS, async () => {
		const found = await client.executions(id, AT_ONCE);
		return found.length === AT_ONCE && found.every(({ status }) => status === 'success') && found;
	});
	const parts = executions.map((execution) => outputsOf(execution, 'Part')[0][0].json.partsToday);
	assert.deepEqual(
		parts.sort((a, b) => a - b),
		Array.from({ length: AT_ONCE }, (_, i) => i + 1),
	);
	return executions.filter(({ data }) => data.resultData.runData.Alarm !== undefined).length;
}

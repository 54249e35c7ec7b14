import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openClient, outputsOf } from '../../scripts/n8n/client.mjs';
import { startServer } from '../../scripts/n8n/server.mjs';
import { flow, scoreImage, webhook } from './support/flow.mjs';
import { newHome, PASSWORD } from './support/home.mjs';
import { newPlate } from './support/plates.mjs';
import { post } from './support/post.mjs';
import { openRedis, whyNoRedis } from './support/redis.mjs';

const skip = whyNoRedis();
const open = [];
let client;
let main;

before(async () => {
	if (skip) return;
	const home = await newHome();
	open.push(home.dispose);
	const redis = await openRedis();
	open.push(redis.close);
	const environment = redis.environment;
	main = await startServer(home.folder, { environment });
	open.push(main.stop);
	for (let i = 0; i < 2; i++) {
		const worker = await startServer(home.folder, {
			command: 'worker',
			args: ['--concurrency=4'],
			environment,
		});
		open.push(worker.stop);
	}
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
	const answers = await Promise.all(plates.map((plate) => post(`${main.url}/webhook/queue`, plate)));
	assert.deepEqual(
		answers.map(({ body }) => body.verdict),
		plates.map((_, i) => (i % 2 === 1 ? 'anomaly' : 'normal')),
	);
	const executions = await client.executions(id, 16);
	assert.ok(executions.every((execution) => outputsOf(execution, 'Score Image')[0].length === 1));
});

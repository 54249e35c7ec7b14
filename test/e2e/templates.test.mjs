import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { nodeOf, readTemplates, startsByItself } from '../../scripts/demo/templates.mjs';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { bootN8n, DATA } from './support/home.mjs';
import { onPlates } from './support/onPlates.mjs';
import { newPlate } from './support/plates.mjs';
import { post, postForm } from './support/post.mjs';

let n8n;
const ids = new Map();
const templates = readTemplates().map(onPlates);
before(async () => {
	n8n = await bootN8n();
});
after(() => n8n?.close());

for (const template of templates) {
	test(`${template.file} imports and publishes, and every setting in it is one that the node has`, async () => {
		const id = await n8n.client.saveWorkflow(template);
		ids.set(template.file, id);
		const types = new Map((await n8n.client.nodeTypes()).map((type) => [type.name, type]));
		for (const { type, name, parameters } of template.nodes) {
			if (!type.startsWith('n8n-nodes-dinomaly.')) continue;
			const known = new Set(types.get(type).properties.map((property) => property.name));
			const unknown = Object.keys(parameters).filter((parameter) => !known.has(parameter));
			assert.deepEqual(unknown, [], name);
		}
		if (startsByItself(template)) await n8n.client.publish(id);
	});
}

test('the webhook answers a bad part with verdict, reason and heat map', async () => {
	const { status, body } = await postForm(hookOf('02'), await newPlate(1, { hasSpot: true }), 'plate.png');
	assert.equal(status, 200, JSON.stringify(body));
	assert.equal(body.verdict, 'anomaly');
	assert.ok(body.reason.length > 10);
	assert.ok(body.score > body.threshold);
	assert.equal(body.outOfDistribution, false);
	assert.equal(body.unknownReason, null);
	assert.equal(Buffer.from(body.heatmapPng, 'base64').subarray(1, 4).toString(), 'PNG');
});

test('the webhook answers a file that is no image with a sentence and 422', async () => {
	const { status, body } = await postForm(hookOf('02'), Buffer.from('no image'), 'plate.png');
	assert.equal(status, 422, JSON.stringify(body));
	assert.match(body.error, /^(Expected|Could not)/);
});

test('the review flow answers a file that is no image with a sentence and 422', async () => {
	const { status, body } = await postForm(hookOf('05'), Buffer.from('no picture'), 'plate.png');
	assert.equal(status, 422, JSON.stringify(body));
	assert.match(body.error, /Expected an image/);
});

test('a clear part needs no human: the review flow answers at once', async () => {
	const { status, body } = await post(hookOf('05'), stored('good'));
	assert.equal(status, 200, JSON.stringify(body));
	assert.equal(body.verdict, 'normal');
});

test('the watched folder fills the table, and a second look adds nothing', async () => {
	const [first, second] = [await run('03'), await run('03')];
	assert.equal(first.status, 'success', messageOf(first));
	assert.equal(rowsOf(first), 12);
	assert.equal(second.status, 'success', messageOf(second));
	assert.equal(rowsOf(second), 0);
});

test('a broken file in the watched folder gets a row that says so, and is not tried again', async () => {
	writeFileSync(path.join(n8n.home.files, DATA, 'plate', 'test', 'good', 'broken.png'), 'no picture');
	const [first, second] = [await run('03'), await run('03')];
	assert.equal(first.status, 'success', messageOf(first));
	const [[row]] = outputsOf(first, 'Write Row');
	assert.equal(row.json.route, 'error');
	assert.match(row.json.reason, /Expected an image .*, found text in broken\.png/);
	assert.deepEqual([rowsOf(first), rowsOf(second)], [1, 0]);
	rmSync(path.join(n8n.home.files, DATA, 'plate', 'test', 'good', 'broken.png'));
});

test('every morning the watched folder sends how many parts and alarms there were', async () => {
	const id = ids.get(numbered('03').file);
	const execution = await n8n.client.untilState(await n8n.client.runWorkflow(id, 'Every Morning at 7'));
	assert.equal(execution.status, 'success', messageOf(execution));
	const [[digest]] = outputsOf(execution, "Count Yesterday's Parts");
	// What was run by hand before counts in no digest.
	assert.deepEqual([digest.json.parts, digest.json.alarms], [0, 0]);
	assert.match(digest.json.day, /^\d{4}-\d\d-\d\d$/);
	assert.ok(digest.json.reason.length > 10);
});

test('the nightly evaluation writes its row and passes its gate', async () => {
	const execution = await run('04');
	assert.equal(execution.status, 'success', messageOf(execution));
	const [[row]] = outputsOf(execution, 'Write Row');
	assert.equal(row.json.imageAuroc, 1);
});

test('the training flow trains, measures and promotes', async () => {
	const execution = await run('01');
	assert.equal(execution.status, 'success', messageOf(execution));
	assert.equal(outputsOf(execution, 'Put into Production').flat().length, 1);
});

/** A node that several branches reach runs once for each. */
function rowsOf(execution) {
	const runs = execution.data.resultData.runData['Write Row'] ?? [];
	return runs.flatMap((_, run) => outputsOf(execution, 'Write Row', run).flat()).length;
}

function numbered(number) {
	return templates.find(({ file }) => file.startsWith(number));
}

async function run(number) {
	const template = numbered(number);
	const trigger = nodeOf(template, 'manualTrigger') ?? nodeOf(template, 'scheduleTrigger');
	return n8n.client.untilState(await n8n.client.runWorkflow(ids.get(template.file), trigger.name));
}

function hookOf(number) {
	return `${n8n.server.url}/webhook/${nodeOf(numbered(number), 'webhook').parameters.path}`;
}

function stored(kind) {
	return readFileSync(path.join(n8n.home.files, DATA, 'plate', 'test', kind, '0.png'));
}

function messageOf({ data }) {
	const { message, description } = data.resultData.error ?? {};
	return `${message}\n${description ?? ''}`;
}

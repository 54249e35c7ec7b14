import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { flow, manual, modelNamed, ours } from './support/flow.mjs';
import { sharedN8n, DATA, MODEL } from './support/home.mjs';
import { newPlate } from './support/plates.mjs';

let n8n;
before(async () => {
	n8n = await sharedN8n();
});
after(() => n8n?.close());

test('the editor lists the trained models to choose from', async () => {
	const listed = await n8n.client.rest('POST', '/dynamic-node-parameters/resource-locator-results', {
		nodeTypeAndVersion: { name: 'n8n-nodes-dinomaly.dinomalyModel', version: 1 },
		path: 'parameters.model',
		methodName: 'searchModels',
		currentNodeParameters: { operation: 'get', model: { __rl: true, mode: 'list', value: '' } },
		filter: MODEL,
	});
	assert.ok(
		listed.results.some(({ value }) => value === MODEL),
		JSON.stringify(listed),
	);
});

test('the self check finds this machine fit', async () => {
	const execution = await run([manual(), ours('dinomalyModel', 'Model', { operation: 'selfCheck' })]);
	assert.equal(execution.status, 'success', messageOf(execution));
	const [items] = outputsOf(execution, 'Model');
	assert.deepEqual(
		items.filter(({ json }) => json.status === 'fail'),
		[],
	);
});

test('an evaluation passes its gate, and one with too high a floor leaves by the other output', async () => {
	const dataset = { operation: 'evaluateDataset', model: modelNamed(MODEL), dataFolder: DATA };
	const gate = { gate: true, gateMetric: 'imageAuroc', gateRule: 'floor' };
	const passed = await run([
		manual(),
		ours('evaluateMetrics', 'Evaluate', { ...dataset, ...gate, floor: 0.9 }),
	]);
	assert.equal(passed.status, 'success', messageOf(passed));
	const [[first]] = outputsOf(passed, 'Evaluate');
	assert.equal(first.json.imageAuroc, 1);
	const failed = await run([
		manual(),
		ours('evaluateMetrics', 'Evaluate', {
			...dataset,
			...gate,
			gateMetric: 'pixelAuroc',
			floor: 0.5,
		}),
	]);
	const counts = outputsOf(failed, 'Evaluate').map((items) => items.length);
	assert.equal(counts[0], 0, 'a figure that is not defined does not pass');
	assert.ok(counts[1] > 0);
});

test('drift: the test images look like those of the calibration, darkened ones do not', async () => {
	const check = (imageFolder) => [
		manual(),
		ours('evaluateMetrics', 'Check', {
			operation: 'checkDrift',
			model: modelNamed(MODEL),
			driftSource: 'folder',
			imageFolder,
		}),
	];
	const same = await run(check(path.posix.join(DATA, 'plate', 'train', 'good')));
	assert.equal(same.status, 'success', messageOf(same));
	const [[stable]] = outputsOf(same, 'Check');
	assert.equal(stable.json.drifted, false);
	const dark = path.join(n8n.home.files, 'dark');
	mkdirSync(dark);
	for (let i = 0; i < 12; i++)
		writeFileSync(
			path.join(dark, `${i}.png`),
			await sharp(await newPlate(200 + i))
				.linear(0.4)
				.png()
				.toBuffer(),
		);
	const other = await run(check('dark'));
	assert.equal(other.status, 'success', messageOf(other));
	const [[drifted]] = outputsOf(other, 'Check').filter((items) => items.length > 0);
	assert.deepEqual([drifted.json.verdict, drifted.json.drifted], ['drift', true], drifted.json.reason);
	assert.match(drifted.json.reason, /images are darker than at calibration/);
	assert.equal(outputsOf(other, 'Check')[1].length, 1, 'it leaves by Not Stable');
});

test('a folder outside of those that n8n allows is refused, and the allowed one named', async () => {
	const execution = await run([
		manual(),
		ours('evaluateMetrics', 'Evaluate', {
			operation: 'evaluateDataset',
			model: modelNamed(MODEL),
			dataFolder: '../../etc',
		}),
	]);
	assert.equal(execution.status, 'error');
	assert.match(messageOf(execution), /^Expected a folder/);
	assert.ok(messageOf(execution).includes(n8n.home.files));
});

test('an exported model is one ONNX file in the allowed folder', async () => {
	const execution = await run([
		manual(),
		ours('dinomalyModel', 'Model', {
			operation: 'exportOnnx',
			model: modelNamed(MODEL),
			exportTo: 'folder',
			exportFolder: 'export',
		}),
	]);
	assert.equal(execution.status, 'success', messageOf(execution));
	const [[{ json }]] = outputsOf(execution, 'Model');
	assert.equal(json.bytes, statSync(path.join(n8n.home.files, 'export', 'plate-1.onnx')).size);
});

async function run(nodes) {
	const id = await n8n.client.saveWorkflow(flow('Models', nodes));
	return n8n.client.untilState(await n8n.client.runWorkflow(id, 'Start'));
}

function messageOf({ data }) {
	const { message, description } = data.resultData.error ?? {};
	return `${message}\n${description ?? ''}`;
}

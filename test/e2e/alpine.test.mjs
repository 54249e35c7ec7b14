import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { root } from '../../scripts/setup.mjs';
import { flow, manual, modelNamed, ours, readFiles, scoreImage } from './support/flow.mjs';
import { bootN8n, DATA, MODEL } from './support/home.mjs';

/** What stands between somebody with n8n's own Docker image and a model, and what to do about it. */
const WRONG =
	/^Could not load onnxruntime-node on \w+-\w+ \(musl\), Node\.js v[\d.]+: Error loading shared library/;
const ADVICE = /use a Debian-based n8n image/;
const skip = process.platform !== 'linux' && 'only Linux has several C libraries';

let n8n;
before(async () => {
	if (skip) return;
	const preload = path.join(root, 'test', 'e2e', 'support', 'alpine.cjs');
	n8n = await bootN8n({ environment: { NODE_OPTIONS: `--require="${preload}"` } });
});
after(() => n8n?.close());

test('where ONNX Runtime cannot load, n8n starts and shows all nodes', { skip }, async () => {
	assert.ok((await n8n.client.nodeTypes()).length >= 12);
});

for (const [name, node] of [
	['Score Image', scoreImage()],
	[
		'Train Dinomaly',
		ours('trainDinomaly', 'Node', {
			operation: 'train',
			source: 'folder',
			dataFolder: DATA,
			model: 'new',
			run: 'wait',
		}),
	],
	[
		'Evaluate Metrics',
		ours('evaluateMetrics', 'Node', {
			operation: 'evaluateDataset',
			model: modelNamed(MODEL),
			dataFolder: DATA,
		}),
	],
]) {
	test(`where ONNX Runtime cannot load, ${name} says why and what to do`, { skip }, async () => {
		const image = readFiles(path.join(n8n.home.files, DATA, 'plate', 'test', 'good', '0.png'));
		const { status, data } = await run([manual(), image, { ...node, name: 'Node' }]);
		assert.equal(status, 'error');
		const { message, description } = data.resultData.error;
		assert.match(message, WRONG);
		assert.match(description, ADVICE);
	});
}

test('where ONNX Runtime cannot load, the self check names it among what works', { skip }, async () => {
	const { status, data } = await run([manual(), ours('dinomalyModel', 'Node', { operation: 'selfCheck' })]);
	assert.equal(status, 'success', JSON.stringify(data.resultData.error));
	const checks = new Map(outputsOf({ data }, 'Node')[0].map(({ json }) => [json.check, json]));
	assert.equal(checks.get('Platform').status, 'fail');
	assert.match(checks.get('onnxruntime').detail, WRONG);
	assert.match(checks.get('onnxruntime').advice, ADVICE);
	assert.equal(checks.get('Store').status, 'ok');
});

test('where ONNX Runtime cannot load, datasets are still looked after', { skip }, async () => {
	const { status, data } = await run([
		manual(),
		ours('inspectionDataset', 'Node', { operation: 'inspect', dataFolder: DATA }),
	]);
	assert.equal(status, 'success', JSON.stringify(data.resultData.error));
	const [[{ json }]] = outputsOf({ data }, 'Node');
	assert.equal(json.trainable, true);
});

async function run(nodes) {
	const id = await n8n.client.saveWorkflow(flow('Alpine', nodes));
	return n8n.client.untilState(await n8n.client.runWorkflow(id, 'Start'));
}

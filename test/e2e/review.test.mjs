import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { nodeOf, readTemplates } from '../../scripts/demo/templates.mjs';
import { outputsOf, untilTrue } from '../../scripts/n8n/client.mjs';
import { flow, scoreImage, webhook } from './support/flow.mjs';
import { bootN8n, DATA, MODEL } from './support/home.mjs';
import { onPlates } from './support/onPlates.mjs';
import { newPlate } from './support/plates.mjs';
import { post } from './support/post.mjs';

let n8n;
let review;
let hook;
const templates = readTemplates().map(onPlates);
const numbered = (number) => templates.find(({ file }) => file.startsWith(number));
before(async () => {
	n8n = await bootN8n();
	const template = numbered('05');
	// Every part that is no clear anomaly is shown to a person.
	nodeOf(template, 'thresholdRouter').parameters.reviewRate = 0.999;
	review = await n8n.client.saveWorkflow(template);
	await n8n.client.publish(review);
	hook = `${n8n.server.url}/webhook/${nodeOf(template, 'webhook').parameters.path}?category=plate`;
});
after(() => n8n?.close());

for (const [answer, kind, folder] of [
	['A good part', '', ['train', 'good']],
	['A defect', 'Deep Scratch', ['test', 'deep_scratch']],
]) {
	test(`a person who answers "${answer}" puts the image where it belongs`, async () => {
		const before = imagesIn(...folder);
		const { form } = await askedAbout(kind.length);
		assert.match(await (await fetch(form)).text(), /Is this part good\?/);
		assert.equal(await answerForm(form, [answer, kind]), 200);
		await untilTrue(
			'the image to be in the dataset',
			20_000,
			() => imagesIn(...folder).length > before.length,
		);
		assert.equal(imagesIn(...folder).length, before.length + 1);
	});
}

test('who cannot tell leaves the dataset as it is', async () => {
	const before = [imagesIn('train', 'good'), imagesIn('test', 'good')];
	const { form, id } = await askedAbout(100);
	assert.equal(await answerForm(form, ['Cannot tell', '']), 200);
	const execution = await n8n.client.untilState(id);
	assert.equal(execution.status, 'success');
	assert.equal(execution.data.resultData.runData['Add to the Dataset'], undefined);
	assert.deepEqual([imagesIn('train', 'good'), imagesIn('test', 'good')], before);
});

test('the weekly training sleeps, trains, passes its gate, and production answers with the new version', async () => {
	const score = await n8n.client.saveWorkflow(
		flow('By alias', [
			webhook('alias'),
			scoreImage({ model: { __rl: true, mode: 'name', value: `${MODEL}@production` } }),
		]),
	);
	await n8n.client.publish(score);
	const id = await n8n.client.runWorkflow(review, 'Every Monday at 3');
	const { status, data } = await n8n.client.untilState(id, undefined, 180_000);
	assert.equal(status, 'success', JSON.stringify(data.resultData.error));
	const [[trained]] = outputsOf({ data }, 'Train Again');
	const [[promoted]] = outputsOf({ data }, 'Put into Production');
	assert.equal(promoted.json.version, trained.json.version);
	const { body } = await post(`${n8n.server.url}/webhook/alias`, await newPlate(3));
	assert.deepEqual([body.model, body.version], [MODEL, trained.json.version], JSON.stringify(body));
});

test('the camera flow judges what the camera shows, and says so when there is no picture', async () => {
	const plate = await newPlate(5, { hasSpot: true });
	let answer = [200, plate];
	const camera = createServer((_, response) => {
		response.writeHead(answer[0], { 'content-type': 'image/png' }).end(answer[1]);
	});
	await new Promise((resolve) => camera.listen(0, '127.0.0.1', resolve));
	try {
		const template = numbered('06');
		nodeOf(template, 'httpRequest').parameters.url =
			`http://127.0.0.1:${camera.address().port}/snapshot.jpg`;
		const id = await n8n.client.saveWorkflow(template);
		const run = async () => n8n.client.untilState(await n8n.client.runWorkflow(id, 'Try It'));
		const bad = await run();
		assert.equal(bad.status, 'success', JSON.stringify(bad.data.resultData.error));
		assert.equal(outputsOf(bad, 'Reject the Part').flat().length, 1);
		answer = [200, Buffer.from('<html>login</html>')];
		const [[noImage]] = outputsOf(await run(), 'No Picture');
		assert.match(noImage.json.error, /^Expected an image/);
		answer = [503, Buffer.from('busy')];
		const [[noAnswer]] = outputsOf(await run(), 'No Picture');
		assert.ok(JSON.stringify(noAnswer.json).includes('503'));
	} finally {
		camera.close();
	}
});

/** Shows parts until one needs a person, and waits until the execution sleeps. @returns the address of the form, and the execution's id */
async function askedAbout(firstSeed) {
	for (let seed = firstSeed; seed < firstSeed + 10; seed++) {
		const { body } = await post(hook, await newPlate(seed), { timeoutMs: 30_000 });
		if (body.route !== 'review') continue;
		const [{ id }] = await n8n.client.executions(review, 1);
		await n8n.client.untilState(id, ['waiting']);
		return { form: body.form, id };
	}
	throw new Error('Expected one good part of ten to need a person, found none');
}

function imagesIn(split, label) {
	const folder = path.join(n8n.home.files, DATA, 'plate', split, label);
	return existsSync(folder) ? readdirSync(folder) : [];
}

/** Sends a form of n8n as a browser does; its fields are numbered. */
async function answerForm(url, values) {
	const form = new FormData();
	for (const [i, value] of values.entries()) form.append(`field-${i}`, value);
	const response = await fetch(url, { method: 'POST', body: form, signal: AbortSignal.timeout(30_000) });
	await response.text();
	return response.status;
}

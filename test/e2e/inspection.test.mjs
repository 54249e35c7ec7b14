import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { branch, flow, noOperation, router, scoreImage, webhook } from './support/flow.mjs';
import { sharedN8n, DATA } from './support/home.mjs';
import { huge, newPlate, reencode } from './support/plates.mjs';
import { healthDuring, post, postForm } from './support/post.mjs';

/** n8n's health must answer faster than this while the engine works; the engine is a process of its own. */
const HEALTH_MS = 100;
/** On a machine whose cores are all busy, the system itself makes any process wait: a tail beyond the bound is not a blocked server. */
const HEALTH_TAIL_MS = 3000;

let n8n;
before(async () => {
	n8n = await sharedN8n();
	const inspection = flow(
		'Inspect',
		[
			webhook('branches'),
			scoreImage(),
			router(),
			branch(noOperation('Normal')),
			branch(noOperation('Review')),
			branch(noOperation('Anomaly')),
		],
		[
			['Threshold Router', 0, 'Normal'],
			['Threshold Router', 1, 'Review'],
			['Threshold Router', 2, 'Anomaly'],
		],
	);
	const score = flow('Score', [webhook('score'), scoreImage()]);
	for (const workflow of [inspection, score])
		await n8n.client.publish(await n8n.client.saveWorkflow(workflow));
});
after(() => n8n?.close());

const hook = (name) => `${n8n.server.url}/webhook/${name}`;
const stored = (kind) => readFileSync(path.join(n8n.home.files, DATA, 'plate', 'test', kind, '0.png'));

test('a bad part posted to the webhook takes the Anomaly branch, a good one the Normal branch', async () => {
	const trained = path.join(n8n.home.files, DATA, 'plate', 'train', 'good');
	const bad = await post(hook('branches'), stored('spot'));
	assert.equal(bad.status, 200, JSON.stringify(bad.body));
	assert.equal(bad.body.verdict, 'anomaly');
	// Any new good part may be the one of n + 1 that scores highest and goes to review; one that the calibration knows cannot.
	const good = await post(hook('branches'), readFileSync(path.join(trained, '0.png')));
	assert.equal(good.body.verdict, 'normal');

	const [newest, older] = await executionsOf('Inspect', 2);
	assert.deepEqual(Object.keys(newest.data.resultData.runData).slice(2), ['Threshold Router', 'Normal']);
	assert.deepEqual(Object.keys(older.data.resultData.runData).slice(2), ['Threshold Router', 'Anomaly']);
	const counts = outputsOf(older, 'Threshold Router').map((items) => items.length);
	assert.deepEqual(counts, [0, 0, 1]);
});

test("an image in a form's field is found though the field has another name", async () => {
	const { status, body } = await postForm(hook('score'), await newPlate(1), 'plate.png', 'photo');
	assert.equal(status, 200, JSON.stringify(body));
	assert.equal(body.verdict, 'normal');
	assert.equal(typeof body.score, 'number');
});

test('fifty images at once all get their own verdict, and n8n stays responsive', async () => {
	const plates = await Promise.all(
		Array.from({ length: 50 }, (_, i) => newPlate(i, { hasSpot: i % 2 === 1 })),
	);
	const { result, slowest } = await healthDuring(n8n.server.url, () =>
		Promise.all(plates.map((plate) => post(hook('score'), plate))),
	);
	assert.deepEqual(
		result.map(({ body }) => body.verdict),
		plates.map((_, i) => (i % 2 === 1 ? 'anomaly' : 'normal')),
	);
	assert.ok(slowest() < HEALTH_TAIL_MS, `slowest health answer: ${slowest()} ms`);
});

test("n8n's health answers within 100 ms while one image after another is scored", async () => {
	const plate = await newPlate(3);
	const { slowest, median } = await healthDuring(n8n.server.url, async () => {
		for (let i = 0; i < 10; i++) await post(hook('score'), plate);
	});
	assert.ok(median() < HEALTH_MS, `median health answer: ${median()} ms`);
	assert.ok(slowest() < HEALTH_TAIL_MS, `slowest health answer: ${slowest()} ms`);
});

for (const [what, bytes] of [
	['a PNG cut off in the middle', () => stored('good').subarray(0, 600)],
	['a text that calls itself an image', () => Buffer.from('This is no image.')],
	['an image of no bytes but a header', () => Buffer.from('89504e470d0a1a0a', 'hex')],
	['a picture of more than 100 megapixels', () => huge(12_000, 9000)],
]) {
	test(`${what} is refused in a sentence, and the next image is scored`, async () => {
		const refused = await post(hook('score'), await bytes());
		assert.equal(refused.status, 500);
		const [failed] = await executionsOf('Score', 1);
		assert.equal(failed.status, 'error');
		const { message, description } = failed.data.resultData.error;
		assert.match(message, /^(Expected|Could not) /);
		assert.ok(description?.length > 10, `a hint says what to do: ${description}`);
		const next = await post(hook('score'), await newPlate(2));
		assert.equal(next.body.verdict, 'normal');
	});
}

for (const [what, change] of [
	['in 16 bits', (image) => image.toColourspace('rgb16').png()],
	['with transparency, as WebP called PNG', (image) => image.ensureAlpha(0.5).webp({ lossless: true })],
	[
		'lying on its side, with a note of that',
		(image) => image.rotate(90).withMetadata({ orientation: 8 }).png(),
	],
]) {
	test(`a good plate ${what} is a good plate`, async () => {
		const plate = await reencode(await newPlate(4), change);
		const { status, body } = await post(hook('score'), plate);
		assert.equal(status, 200, JSON.stringify(body));
		const plain = await post(hook('score'), await newPlate(4));
		const difference = Math.abs(body.score - plain.body.score);
		assert.ok(difference < 0.1 * plain.body.score, `${body.score} against ${plain.body.score}`);
	});
}

test('a JPEG in the colours of print, called PNG, is scored', async () => {
	const plate = await reencode(await newPlate(4), (image) => image.toColourspace('cmyk').jpeg());
	const { status, body } = await post(hook('score'), plate);
	assert.equal(status, 200, JSON.stringify(body));
	assert.deepEqual([body.width, body.height], [96, 96]);
	assert.ok(body.score > 0 && body.score < 1, `${body.score}`);
});

test('a picture of 96 megapixels is scored, and n8n stays responsive', async () => {
	const picture = await huge(12_000, 8000);
	const { result, slowest } = await healthDuring(n8n.server.url, () => post(hook('score'), picture));
	assert.equal(result.status, 200, JSON.stringify(result.body));
	assert.deepEqual([result.body.width, result.body.height], [12_000, 8000]);
	assert.ok(slowest() < HEALTH_TAIL_MS, `slowest health answer: ${slowest()} ms`);
});

async function executionsOf(name, limit) {
	const { data } = await n8n.client.api('GET', '/workflows?limit=100');
	return n8n.client.executions(data.find((workflow) => workflow.name === name).id, limit);
}

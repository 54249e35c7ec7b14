// All templates of the package at work, some of their nodes on engine workers, until each has done what it promises.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { nodeOf, readTemplates } from '../../../scripts/demo/templates.mjs';
import { outputsOf } from '../../../scripts/n8n/client.mjs';
import { DATA, MODEL } from './home.mjs';
import { NO_VERDICT, untilKept } from './lostWorkers.mjs';
import { openMailbox, smtpCredential } from './mailbox.mjs';
import { onPlates } from './onPlates.mjs';
import { newPlate } from './plates.mjs';
import { post } from './post.mjs';

/** Long enough for a worker to be killed in its middle. */
const LONG = { iterations: 120, checkpointEvery: 10 };
const ENDS_MS = 400_000;
/** Trainings make new versions of the model: what is scored stays comparable by its number. */
const FIRST = { __rl: true, mode: 'name', value: `${MODEL}@1` };
const WORKERS = 'engineWorkersApi';

/**
 * Saves and publishes the templates in an n8n in queue mode, with mail to a mailbox of ours and pictures of a camera of ours.
 * @returns their workflows' ids by number, `runs` by name (each runs a template to its end, again when n8n lost it, and checks what came
 * out), the mailbox and `close()`
 */
export async function openTemplates({ client, main, redis }) {
	const mailbox = await openMailbox();
	const camera = await openCamera();
	const smtp = await saved(client, smtpCredential(mailbox));
	const workers = await saved(client, workersCredential(redis));
	const set = { smtp, workers, camera };
	const ids = {};
	for (const template of readTemplates().map(onPlates)) {
		const number = template.file.slice(0, 2);
		ADAPT[number](template, set);
		mailTo(template, smtp);
		ids[number] = await client.saveWorkflow(template);
	}
	for (const number of ['02', '05']) await client.publish(ids[number]);
	const hook = (number) => `${main.url}/webhook/${HOOKS[number]}?category=plate`;
	return {
		ids,
		hook,
		mailbox,
		runs: runsOf({ client, ids, hook }),
		close: async () => {
			camera.close();
			await mailbox.close();
		},
	};
}

const HOOKS = Object.fromEntries(
	readTemplates()
		.filter((template) => nodeOf(template, 'webhook') !== undefined)
		.map((template) => [template.file.slice(0, 2), nodeOf(template, 'webhook').parameters.path]),
);

/** What each template gets beyond the dataset and the mailbox. */
const ADAPT = {
	// The model of template 5 has a training at the same time.
	'01': (template) => {
		nodeOf(template, 'trainDinomaly').parameters.model = 'first';
	},
	'02': (template) => {
		nodeOf(template, 'scoreImage').parameters.model = FIRST;
		// Every bad part is an alarm of its own.
		nodeOf(template, 'thresholdRouter').parameters.coolDown = 0;
	},
	'03': (template) => {
		nodeOf(template, 'scoreImage').parameters.model = FIRST;
	},
	'04': (template, { workers }) => onWorkers(nodeOf(template, 'evaluateMetrics'), workers),
	'05': (template, { workers }) => {
		onWorkers(nodeOf(template, 'scoreImage'), workers);
		nodeOf(template, 'scoreImage').parameters.model = FIRST;
		onWorkers(nodeOf(template, 'evaluateMetrics'), workers);
		Object.assign(nodeOf(template, 'trainDinomaly').parameters.options, LONG);
		// Every part that is no clear anomaly is shown to a person.
		nodeOf(template, 'thresholdRouter').parameters.reviewRate = 0.999;
	},
	'06': (template, { camera, workers }) => {
		nodeOf(template, 'httpRequest').parameters.url = camera.url;
		onWorkers(nodeOf(template, 'scoreImage'), workers);
		nodeOf(template, 'scoreImage').parameters.model = FIRST;
	},
	'07': (template, { workers }) => {
		const train = nodeOf(template, 'trainDinomaly');
		onWorkers(train, workers);
		train.parameters.model = 'gated';
		Object.assign(train.parameters.options, LONG);
	},
};

function runsOf({ client, ids, hook }) {
	const run = async (number, trigger) =>
		client.untilState(await client.runWorkflow(ids[number], trigger), undefined, ENDS_MS);
	const kept = (number, trigger) => untilKept(() => run(number, trigger));
	return {
		'1 train from a folder': async () => {
			const { execution, lost } = await kept('01', 'Start');
			assert.equal(outputsOf(execution, 'Put into Production').flat().length, 1);
			return lost;
		},
		'3 watch a folder': async () => {
			const first = await kept('03', 'Every 5 Minutes');
			// Whatever was lost half way: now there is a row for every image.
			const { execution, lost } = await kept('03', 'Every 5 Minutes');
			assert.equal(outputsOf(execution, 'Only New Ones').flat().length, 0);
			return first.lost + lost;
		},
		'3 digest': async () => {
			const { execution, lost } = await kept('03', 'Every Morning at 7');
			assert.match(outputsOf(execution, "Count Yesterday's Parts")[0][0].json.day, /^\d{4}-\d\d-\d\d$/);
			return lost;
		},
		'4 nightly evaluation': async () => {
			const { execution, lost } = await kept('04', 'Every Night at 2');
			assert.equal(outputsOf(execution, 'Write Row').flat().length, 1);
			return lost;
		},
		'5 human in the loop': async () => {
			const { lost } = await untilKept(() => askAndAnswer({ client, url: hook('05') }));
			return lost;
		},
		'5 weekly training': async () => {
			const { execution, lost } = await kept('05', 'Every Monday at 3');
			const [[trained]] = outputsOf(execution, 'Train Again');
			assert.equal(trained.json.iterations, LONG.iterations);
			assert.equal(outputsOf(execution, 'Is It at Least as Good?').flat().length, 1);
			return lost;
		},
		'6 camera snapshot': async () => {
			const { execution, lost } = await kept('06', 'Try It');
			assert.equal(outputsOf(execution, 'Reject the Part').flat().length, 1);
			return lost;
		},
		'7 gated promotion': async () => {
			const { execution, lost } = await kept('07', 'Every Sunday at 3');
			const [[trained]] = outputsOf(execution, 'Train a New Version');
			assert.equal(trained.json.iterations, LONG.iterations);
			assert.equal(outputsOf(execution, 'Promote If It Passes').flat().length, 1);
			return lost;
		},
	};
}

/** Shows a good part, and answers the question about it once the execution sleeps. @returns the execution at its end, or lost on the way */
async function askAndAnswer({ client, url }) {
	const { status, body } = await post(url, await newPlate(300));
	if (status !== 200) return lostWith(body);
	assert.equal(body.route, 'review');
	const id = /\/form-waiting\/(\d+)/.exec(body.form)[1];
	const asleep = await client.untilState(id, ['waiting', 'error', 'crashed'], ENDS_MS);
	if (asleep.status !== 'waiting') return asleep;
	const form = new FormData();
	form.append('field-0', 'A good part');
	form.append('field-1', '');
	await (await fetch(body.form, { method: 'POST', body: form })).text();
	return client.untilState(id, undefined, ENDS_MS);
}

/** An execution of which only the answer is known; that n8n has lost it is asked of all executions at the end. */
function lostWith(body) {
	assert.match(JSON.stringify(body), NO_VERDICT);
	return { status: 'crashed' };
}

function onWorkers(node, credential) {
	(node.parameters.options ??= {}).engineWorkers = true;
	node.credentials = { [WORKERS]: credential };
}

function mailTo(template, smtp) {
	for (const node of template.nodes)
		if (node.type.endsWith('.emailSend')) Object.assign(node, { disabled: false, credentials: { smtp } });
}

async function saved(client, credential) {
	const { id, name } = await client.rest('POST', '/credentials', credential);
	return { id, name };
}

function workersCredential({ url }) {
	const fields = { user: '', password: '', tls: false, prefix: 'dinomaly' };
	return {
		name: 'Engine workers',
		type: WORKERS,
		data: { url, ...fields, maxWaiting: 1000, patienceSeconds: 120 },
	};
}

/** Shows a bad part, always. */
async function openCamera() {
	const picture = await newPlate(5, { hasSpot: true });
	const server = createServer((_, response) => {
		response.writeHead(200, { 'content-type': 'image/png' }).end(picture);
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	return { url: `http://127.0.0.1:${server.address().port}/snapshot.jpg`, close: () => server.close() };
}

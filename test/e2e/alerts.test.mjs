import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nodeOf, readTemplates } from '../../scripts/demo/templates.mjs';
import { untilTrue } from '../../scripts/n8n/client.mjs';
import { branch, flow, modelNamed, node, ours, webhook } from './support/flow.mjs';
import { sharedN8n, DATA, MODEL } from './support/home.mjs';
import { onPlates } from './support/onPlates.mjs';
import { openMailbox, smtpCredential } from './support/mailbox.mjs';
import { newPlate } from './support/plates.mjs';
import { post } from './support/post.mjs';

const ARRIVES_MS = 60_000;
const FIRES_MS = 90_000;

let n8n;
let mailbox;
let credentials;
before(async () => {
	mailbox = await openMailbox();
	n8n = await sharedN8n();
	const { id, name } = await n8n.client.rest('POST', '/credentials', smtpCredential(mailbox));
	credentials = { smtp: { id, name } };
});
after(async () => {
	await n8n?.close();
	await mailbox?.close();
});

test('a schedule fires by itself, and a failed gate mails the report', async () => {
	const everySecond = { rule: { interval: [{ field: 'seconds', secondsInterval: 2 }] } };
	const gate = { gate: true, gateMetric: 'pixelAuroc', gateRule: 'floor', floor: 0.9 };
	const evaluate = {
		operation: 'evaluateDataset',
		model: modelNamed(MODEL),
		dataFolder: DATA,
		output: 'mean',
		options: { report: true },
	};
	const id = await n8n.client.saveWorkflow(
		flow(
			'Nightly',
			[
				node('n8n-nodes-base.scheduleTrigger', 'Schedule', everySecond, { typeVersion: 1.2 }),
				ours('evaluateMetrics', 'Evaluate', { ...evaluate, ...gate }),
				branch(sendEmail('Evaluation of {{ $json.model }} failed', 'report')),
			],
			[['Evaluate', 1, 'Send Email']],
		),
	);
	await n8n.client.publish(id);
	const message = await untilTrue('a mail about the evaluation', FIRES_MS, () => mailbox.messages[0]);
	await n8n.client.unpublish(id);
	assert.equal(message.subject, `Evaluation of ${MODEL} failed`);
	assert.equal(message.attachments.length, 1);
	assert.equal(message.attachments[0].contentType, 'text/html');
	assert.match(message.attachments[0].content.toString(), /^<!doctype html>/i);
	const [execution] = await n8n.client.executions(id, 1);
	assert.equal(execution.mode, 'trigger');
	await untilQuiet(id);
	mailbox.messages.length = 0;
});

test('two bad parts among good ones send one mail, with figures, reason and overlay', async () => {
	const template = onPlates(readTemplates().find(({ file }) => file.startsWith('02')));
	const alert = template.nodes.find(({ name }) => name === 'Alert by Email');
	Object.assign(alert, { disabled: false, credentials });
	await n8n.client.publish(await n8n.client.saveWorkflow(template));
	const address = `${n8n.server.url}/webhook/${nodeOf(template, 'webhook').parameters.path}?category=plate`;
	for (const hasSpot of [false, true, true, false]) {
		const { status, body } = await post(address, await newPlate(7, { hasSpot }));
		assert.equal(status, 200, JSON.stringify(body));
	}
	// The schedule of the test before may have left mails on their way.
	const alerts = () => mailbox.messages.filter(({ subject }) => !subject.startsWith('Evaluation'));
	await untilTrue('a mail about the bad part', ARRIVES_MS, () => alerts().length > 0);
	// The good part that was posted last has had its answer: another mail would have come before or with this one.
	assert.deepEqual(
		alerts().map(({ subject }) => subject),
		[alerts()[0].subject],
	);
	const [message] = alerts();
	assert.match(message.subject, /plate scored [\d.]+ \(threshold [\d.]+\)/);
	assert.match(
		message.text,
		/^Alarm for category plate: the part is anomalous\s+plate is anomalous: score/,
	);
	assert.equal(message.attachments.length, 1);
	const { content, contentType } = message.attachments[0];
	assert.equal(contentType, 'image/png');
	assert.equal(content.subarray(1, 4).toString(), 'PNG');
});

/** A mail about the item before it, with one of its binary fields attached. */
function sendEmail(subject, attachments) {
	const parameters = {
		fromEmail: 'line@example.com',
		toEmail: 'quality@example.com',
		subject: `=${subject}`,
		emailFormat: 'text',
		text: '={{ $json.category }}: {{ $json.score }} against {{ $json.threshold }}',
		options: { attachments, appendAttribution: false },
	};
	return node('n8n-nodes-base.emailSend', 'Send Email', parameters, { typeVersion: 2.1, credentials });
}

/** Executions that had begun before the workflow was taken offline have ended. */
function untilQuiet(id) {
	return untilTrue('all executions to end', ARRIVES_MS, async () =>
		(await n8n.client.executions(id, 250)).every(
			({ status }) => status !== 'running' && status !== 'new',
		),
	);
}

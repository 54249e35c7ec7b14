import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readTemplates } from '../../scripts/demo/templates.mjs';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { flow, manual, modelNamed, ours } from './support/flow.mjs';
import { DATA, sharedN8n } from './support/home.mjs';
import { openMailbox, smtpCredential } from './support/mailbox.mjs';

/** What a person would fill in: their images, their model, and how long it is trained. */
const MODEL = 'gated';
const GOOD = { iterations: 2, imageSize: 64, cropSize: 64, batchSize: 8 };
/** The middle of the plates only: most spots are not seen. */
const BLINKERED = { ...GOOD, imageSize: 128, cropSize: 32 };

let n8n;
let mailbox;
let smtp;
const ids = [];
before(async () => {
	mailbox = await openMailbox();
	n8n = await sharedN8n();
	const { id, name } = await n8n.client.rest('POST', '/credentials', smtpCredential(mailbox));
	smtp = { id, name };
});
after(async () => {
	await n8n?.close();
	await mailbox?.close();
});

test('the first version passes the gate and goes into production', async () => {
	const execution = await weekly(GOOD);
	assert.equal(execution.status, 'success', JSON.stringify(execution.data.resultData.error));
	const [[item]] = outputsOf(execution, 'In Production');
	assert.deepEqual([item.json.version, item.json.previousVersion, item.json.promoted], ['1', null, true]);
	assert.match(item.json.gateReason, /^Passed: .*1\.0000/);
	assert.equal(mailbox.messages.length, 0);
});

test('a worse version is held back, and the alarm says why by email', async () => {
	const execution = await weekly(BLINKERED);
	assert.equal(execution.status, 'success', JSON.stringify(execution.data.resultData.error));
	const [promoted, refused] = outputsOf(execution, 'Promote If It Passes');
	assert.deepEqual([promoted.length, refused.length], [0, 1]);
	assert.match(
		refused[0].json.error,
		/^Expected "gated" to pass the gate of "production", found: Failed: .*fell by 0\.3\d+/,
	);
	assert.equal(mailbox.messages.length, 1);
	const { subject, text } = mailbox.messages[0];
	assert.equal(subject, 'A new model did not pass its gate');
	assert.ok(text.includes(refused[0].json.error), text);
	assert.match(
		text,
		/The alias production stays where it is\. Model: gated version 2, image AUROC 0\.6\d\d\./,
	);
	assert.equal(await inProduction(), '1');
});

test('a later one that is as good passes, and a roll-back returns the former version in one step', async () => {
	const execution = await weekly(GOOD);
	assert.equal(execution.status, 'success', JSON.stringify(execution.data.resultData.error));
	assert.equal(outputsOf(execution, 'In Production')[0][0].json.version, '3');
	const back = await work('Roll back', {
		operation: 'rollBack',
		alias: 'production',
		options: { reason: 'False alarms at night' },
	});
	assert.deepEqual([back.previousVersion, back.version], ['3', '1']);
	assert.equal(await inProduction(), '1');
});

test('the history names who, when and why of every move, and what the gate said', async () => {
	const { history } = await work('History', { operation: 'get', options: { includeHistory: true } });
	assert.deepEqual(
		history.map(({ from, to, by, why, rollback }) => ({ from, to, by, why, rollback })),
		[
			{ from: null, to: '1', by: byTemplate(ids[0]), why: 'Weekly training', rollback: undefined },
			{ from: '1', to: '3', by: byTemplate(ids[2]), why: 'Weekly training', rollback: undefined },
			{
				from: '3',
				to: '1',
				by: `n8n workflow "Roll back", execution ${ids[3]}`,
				why: 'False alarms at night',
				rollback: true,
			},
		],
	);
	const moments = history.map(({ at }) => Date.parse(at));
	assert.ok(moments.every((moment) => Date.now() - moment < 600_000));
	assert.deepEqual(
		history.map(({ gate }) => gate?.passed),
		[true, true, undefined],
	);
});

/** Runs the template as imported, with the fields filled in that are a person's to fill in. */
async function weekly(options) {
	const template = readTemplates().find(({ file }) => file.startsWith('07'));
	const text = JSON.stringify(template)
		.replaceAll('inspection/sample', DATA)
		.replaceAll('"model":"sample"', `"model":"${MODEL}"`);
	const filled = JSON.parse(text);
	for (const node of filled.nodes) {
		if (node.name === 'Train a New Version') node.parameters.options = options;
		if (node.name === 'Alert by Email') Object.assign(node, { disabled: false, credentials: { smtp } });
	}
	return execute(filled, 'Every Sunday at 3');
}

async function work(name, parameters) {
	const node = ours('dinomalyModel', 'Model', { ...parameters, model: modelNamed(MODEL) });
	const execution = await execute(flow(name, [manual(), node]), 'Start');
	assert.equal(execution.status, 'success', JSON.stringify(execution.data.resultData.error));
	return outputsOf(execution, 'Model')[0][0].json;
}

async function inProduction() {
	return (await work('Production', { operation: 'get', options: {} })).version;
}

async function execute(workflow, trigger) {
	const execution = await n8n.client.runWorkflow(await n8n.client.saveWorkflow(workflow), trigger);
	if (workflow.name !== 'Production') ids.push(execution);
	return n8n.client.untilState(execution);
}

function byTemplate(execution) {
	return `n8n workflow "Dinomaly 7: Gated Promotion", execution ${execution}`;
}

// Many bad parts at once, and how many alarms a router makes of them.
import assert from 'node:assert/strict';
import { outputsOf, untilTrue } from '../../../scripts/n8n/client.mjs';
import { branch, flow, noOperation, node, router, webhook } from './flow.mjs';
import { post } from './post.mjs';

export const AT_ONCE = 50;
const SAVED_MS = 60_000;

/** Posts all parts at once, and counts the executions whose part came out of Alarm; each part must have been counted once. */
export async function alarmsOf({ client, url, name, parameters }) {
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
		await errorsOf(client, id),
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

/** What went wrong in the executions of a workflow, for the message of a test that failed. */
async function errorsOf(client, id) {
	const executions = await client.executions(id, AT_ONCE);
	return JSON.stringify(executions.flatMap(({ data }) => data?.resultData?.error ?? []));
}

// What n8n does with the executions of a worker that is gone, and how tests go on after it.
import assert from 'node:assert/strict';
import { untilTrue } from '../../../scripts/n8n/client.mjs';

/** n8n's words for an execution whose worker gives no sign of life any more; it runs none of them again. */
const LOST = /failed to be processed too many times|stalled more than/;
/** What n8n answers to a webhook whose execution it could not bring to an end. */
export const NO_VERDICT =
	/Error in workflow|There was a problem executing the workflow|Workflow execution failed/;
/** An execution that is lost so often has another trouble. */
const MOST_LOST = 8;
const PAGE = 100;

/** On SQLite, where processes that write at once wait a second for each other and then fail; n8n advises against it in queue mode. */
const LOCKED = /SQLITE_BUSY/;

/** Whether n8n says of an execution that it lost the worker in the middle of it. */
export function isLost({ status, data }) {
	return status === 'crashed' || (status === 'error' && LOST.test(data?.resultData?.error?.message ?? ''));
}

/** Whether n8n itself, and no node, is why an execution failed. */
export function failedInN8n(execution) {
	return isLost(execution) || LOCKED.test(execution.data?.resultData?.error?.message ?? '');
}

/**
 * Runs a workflow again as long as n8n says that it lost the worker.
 * @param run resolves to an execution that has ended
 * @returns the execution that succeeded, and how many were lost
 */
export async function untilKept(run) {
	for (let lost = 0; ; lost++) {
		const execution = await run();
		if (execution.status === 'success') return { execution, lost };
		assert.ok(failedInN8n(execution), whyItFailed(execution));
		assert.ok(lost < MOST_LOST, `${lost + 1} executions in a row were lost`);
	}
}

/** All executions of a workflow, once none of them is under way any more. */
export async function allEnded(client, workflowId, timeoutMs) {
	const isOver = ({ status }) => !['new', 'running', 'waiting'].includes(status);
	return untilTrue(`all executions of ${workflowId} to end`, timeoutMs, async () => {
		const found = await allExecutions(client, workflowId, false);
		return found.every(isOver) && (await allExecutions(client, workflowId, true));
	});
}

export function whyItFailed({ id, workflowId, status, data }) {
	const { message, description, node } = data?.resultData?.error ?? {};
	return `execution ${id} of ${workflowId} is ${status}: ${node?.name ?? ''} ${message ?? ''} ${description ?? ''}`;
}

async function allExecutions(client, workflowId, includeData) {
	const executions = [];
	for (let cursor = ''; ;) {
		const query = `workflowId=${workflowId}&limit=${PAGE}&includeData=${includeData}${cursor}`;
		const { data, nextCursor } = await client.api('GET', `/executions?${query}`);
		executions.push(...data);
		if (!nextCursor) return executions;
		cursor = `&cursor=${encodeURIComponent(nextCursor)}`;
	}
}

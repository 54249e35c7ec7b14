import { timingSafeEqual } from 'node:crypto';
import type { NodeOperationError } from 'n8n-workflow';
import {
	type IDataObject,
	type INodeExecutionData,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { DinomalyError } from '../../src/errors';
import { REFUSED, WAITING, type DeliveryNote } from '../../src/jobs/deliver';
import { isEnded, type TrainingJob } from '../../src/jobs/trainingJob';
import { TrainingJobs } from '../../src/jobs/trainingJobs';
import { failureItem, toNodeError } from '../shared/failure';
import { inPanelWords } from '../shared/panelWords';
import { trainedItems } from './trainedItem';
import { trainOptions } from './trainOptions';

/** The stack entry of the node that goes on; n8n reports its `resumeError` as the node's own failure. */
interface Resumable {
	readonly executeData?: { metadata?: IDataObject };
}

/**
 * What a waiting execution goes on with when the training has ended. The caller only names the results: they are read from the store, for
 * whoever knows the secret that was stored with them.
 */
export async function resumeExecution(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const found = await findResults(context.getBodyData());
	if (found === undefined) {
		context.logger.warn('Dinomaly: something posted to a waiting training that is not its result');
		return { webhookResponse: { message: REFUSED } };
	}
	const { jobs, results } = found;
	const items: INodeExecutionData[] = [];
	const failures: INodeExecutionData[] = [];
	const choices = {
		includeDetails: context.getNodeParameter('options.includeDetails', true) as boolean,
		lossCurveField: context.getNodeParameter('options.lossCurveField', 'lossCurve') as string,
	};
	const { onError = 'stopWorkflow' } = context.getNode();
	for (const job of results) {
		items.push(...(await trainedItems(context, jobs, job, choices)));
		if (job.state === 'done') continue;
		const index = job.origin.items.at(0) ?? 0;
		const error = toNodeError(context.getNode(), errorOf(job), index);
		if (onError === 'stopWorkflow') return failNode(context, error);
		failures.push(failureItem(error, index));
	}
	// n8n moves them to the error output when there is one.
	return { workflowData: [[...items, ...failures]] };
}

/** The answer to a question that leaves the execution asleep. */
export function stillWaits(): IWebhookResponseData {
	return { webhookResponse: { message: WAITING } };
}

/** What a job failed with, to be thrown. */
export function errorOf({ error, id, state }: TrainingJob): Error {
	const { message = `Expected training ${id} to end, found it ${state}`, hint, code } = error ?? {};
	if (code === undefined) return new Error(message);
	return inPanelWords(
		new DinomalyError(code as DinomalyError['code'], message, { hint }),
		trainOptions.options,
	);
}

async function findResults(
	body: IDataObject,
): Promise<{ readonly jobs: TrainingJobs; readonly results: readonly TrainingJob[] } | undefined> {
	const { store, jobs: ids, secret } = body as Partial<DeliveryNote>;
	if (typeof store !== 'string' || typeof secret !== 'string' || !Array.isArray(ids)) return undefined;
	const jobs = new TrainingJobs(store);
	const results: TrainingJob[] = [];
	for (const id of ids as readonly unknown[]) {
		const job = await jobs.read(String(id)).catch(() => undefined);
		if (job === undefined) continue; // it was never begun, or its record was deleted
		if (!isEnded(job) || !isSecret(job.resume?.secret, secret)) return undefined;
		// An execution that waits for the second time must not be given the results of the first.
		if (await jobs.isDelivered(job.id)) return undefined;
		results.push(job);
	}
	return results.length === 0 ? undefined : { jobs, results };
}

function isSecret(expected: string | undefined, found: string): boolean {
	if (expected?.length !== found.length) return false;
	return timingSafeEqual(Buffer.from(expected), Buffer.from(found));
}

/** A webhook that throws would let n8n go on as if all were well; this is how n8n itself fails a node that it resumes. */
function failNode(context: IWebhookFunctions, error: NodeOperationError): IWebhookResponseData {
	const { executeData } = context as unknown as Resumable;
	if (executeData === undefined) throw error;
	const { name, message, description, stack, context: where, node, timestamp } = error;
	const resumeError = {
		name: plainName(name),
		message,
		description,
		stack,
		context: where,
		node,
		timestamp,
	};
	executeData.metadata = { ...executeData.metadata, resumeError: resumeError as unknown as IDataObject };
	return { workflowData: [[{ json: { error: message } }]] };
}

/** n8n keeps the words of its own kinds of errors only. */
function plainName(name: string): string {
	return name === 'ExecutionCancelledError' ? 'NodeOperationError' : name;
}

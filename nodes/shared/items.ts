import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { isCancellation, throwIfCancelled } from './cancel';
import { asCancelled, failureItem, toNodeError } from './failure';

type ItemResult = INodeExecutionData | readonly INodeExecutionData[];

/**
 * Runs `work` for each input item, one after the other, and pairs what it returns with the item. When it throws, the node ends with
 * that error, or, when n8n's setting says to go on, the item becomes an error item and the others go on. A stopped execution ends the
 * node at once whatever that setting says.
 */
export async function forEachItem(
	context: IExecuteFunctions,
	work: (item: INodeExecutionData, index: number) => Promise<ItemResult>,
): Promise<INodeExecutionData[]> {
	const results: INodeExecutionData[] = [];
	for (const [index, item] of context.getInputData().entries()) {
		try {
			throwIfCancelled(context);
			const result = await work(item, index);
			const items: readonly INodeExecutionData[] = Array.isArray(result) ? result : [result];
			for (const one of items) results.push({ pairedItem: { item: index }, ...one });
		} catch (error) {
			results.push(itemFailure(context, error, index));
		}
	}
	return results;
}

/**
 * The error item for `error`, when the node is to go on; throws the error for n8n otherwise. An AI agent always gets the item: of a tool
 * that throws it hears nothing, and its execution ends as failed.
 */
export function itemFailure(context: IExecuteFunctions, error: unknown, index: number): INodeExecutionData {
	const nodeError = toNodeError(context.getNode(), error, index);
	if (isCancellation(context, error)) throw asCancelled(nodeError);
	if (!context.continueOnFail() && !isTool(context)) throw nodeError;
	return failureItem(nodeError, index, context.getInputData()[index]);
}

/** Whether the node is a tool of an AI agent, which sees its first output only. */
export function isTool(context: Pick<IExecuteFunctions, 'getNode'>): boolean {
	return context.getNode().type.endsWith('Tool');
}

/** Runs what a node does; whatever it throws outside of its items reaches n8n as an error of the node, or as the end of a stopped execution. */
export async function inNode<Result>(
	context: IExecuteFunctions,
	work: () => Promise<Result>,
): Promise<Result> {
	try {
		return await work();
	} catch (error) {
		const nodeError = toNodeError(context.getNode(), error);
		throw isCancellation(context, error) ? asCancelled(nodeError) : nodeError;
	}
}

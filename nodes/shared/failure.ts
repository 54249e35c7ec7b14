import { NodeOperationError, type IDataObject, type INode, type INodeExecutionData } from 'n8n-workflow';
import { messageOf } from '../../src/errors';

/** What an error of ours looks like, whichever copy of the package made it. */
interface Described {
	readonly name: 'DinomalyError';
	readonly code: string;
	readonly message: string;
	readonly hint?: string;
}

/** A failure as it travels in results: an image that could not be scored, for instance. */
export interface FailureData {
	readonly message: string;
	readonly hint?: string;
}

/**
 * The error to throw in a node: the message is our sentence, the description says what to do, and n8n shows the item. Errors of n8n's
 * own kind keep their words and only gain the item.
 */
export function toNodeError(node: INode, error: unknown, itemIndex?: number): NodeOperationError {
	if (error instanceof NodeOperationError) {
		if (itemIndex !== undefined) error.context.itemIndex ??= itemIndex;
		return error;
	}
	if (isDinomalyError(error)) {
		const failure = failed(node, error, itemIndex, error);
		return error.code === 'CANCELLED' ? asCancelled(failure) : failure;
	}
	const message = messageOf(error);
	return failed(node, { message }, itemIndex, error instanceof Error ? error : undefined);
}

/** An error of our own words, for what a node finds wrong itself: one sentence, and what to do about it. */
export function failed(
	node: INode,
	{ message, hint }: FailureData,
	itemIndex?: number,
	cause?: Error | Described,
): NodeOperationError {
	const error = new NodeOperationError(node, cause instanceof Error ? cause : message, {
		description: hint,
		itemIndex,
	});
	// n8n replaces a message that happens to contain an error code such as ENOENT by a general one.
	error.message = message;
	return error;
}

/**
 * The item that stands for a failed one when the node is to go on. n8n sends it to the error output because it holds nothing but
 * `error` and `details`, and adds the fields of the item that it came from. The binary data stays with it, so that a broken file can be
 * kept.
 */
export function failureItem(
	error: NodeOperationError,
	itemIndex: number,
	input?: INodeExecutionData,
): INodeExecutionData {
	const json: IDataObject = { error: error.message };
	if (typeof error.description === 'string' && error.description !== '') json.details = error.description;
	return {
		json,
		...(input?.binary && { binary: input.binary }),
		pairedItem: { item: itemIndex },
	};
}

/** n8n tells a stopped execution from a failed one by the name of the error, and lists it as canceled. */
export function asCancelled(error: NodeOperationError): NodeOperationError {
	error.name = 'ExecutionCancelledError';
	return error;
}

/** By name, never by class: n8n may have loaded the package twice. */
export function isDinomalyError(error: unknown): error is Error & Described {
	if (typeof error !== 'object' || error === null) return false;
	return 'code' in error && 'name' in error && error.name === 'DinomalyError';
}

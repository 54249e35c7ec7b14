import type { IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';

/** Messages shown so far, by execution: fifty items with the same remark get one hint. */
const shown = new WeakMap<object, Set<string>>();

/** Shows a hint under the node's output, once for an execution however often it is called. */
export function addHintOnce(
	context: IExecuteFunctions,
	message: string,
	options: Omit<NodeExecutionHint, 'message'> = {},
): void {
	const messages = shown.get(context) ?? new Set();
	shown.set(context, messages);
	if (messages.has(message)) return;
	messages.add(message);
	context.addExecutionHints({ location: 'outputPane', type: 'info', ...options, message });
}

import type { IExecuteFunctions, INodeExecutionData, INodeOutputConfiguration } from 'n8n-workflow';
import { isTool } from '../shared/items';

/** The node's outputs. n8n runs its source text, so it may use nothing but its argument. */
export const configuredOutputs = (parameters: {
	readonly gate?: unknown;
	readonly operation?: unknown;
}): INodeOutputConfiguration[] => {
	if (parameters.operation === 'checkDrift')
		return [
			{ type: 'main', displayName: 'Stable' },
			{ type: 'main', displayName: 'Not Stable' },
		];
	return parameters.gate === true
		? [
				{ type: 'main', displayName: 'Passed' },
				{ type: 'main', displayName: 'Failed' },
			]
		: [{ type: 'main' }];
};

/** Sends items where the gate sends them; what could not be evaluated must not look passed. */
export function sortIntoOutputs(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
): INodeExecutionData[][] {
	if (isTool(context)) return [[...items]];
	if (context.getNodeParameter('operation', 0) === 'checkDrift') {
		const stable = (item: INodeExecutionData): boolean =>
			item.json.verdict === 'stable' || item.json.verdict === 'watch';
		return [items.filter(stable), items.filter((item) => !stable(item))];
	}
	if (context.getNodeParameter('gate', 0, false) !== true) return [[...items]];
	const passed = (item: INodeExecutionData): boolean => item.json.gatePassed === true;
	return [items.filter(passed), items.filter((item) => !passed(item))];
}

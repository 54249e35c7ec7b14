import { deepCopy, NodeConnectionTypes, type INodeType } from 'n8n-workflow';

/**
 * The AI tool that n8n makes of a node with `usableAsTool` when it loads it (n8n 2.41, tool-generation): no inputs, one tool output and
 * a description for the model. Throws when the node does not ask for it.
 */
export function toolVariant(nodeType: INodeType): INodeType {
	if (nodeType.description.usableAsTool === undefined)
		throw new Error(`${nodeType.description.name} is no tool`);
	const tool = Object.create(nodeType) as INodeType;
	const description = deepCopy(nodeType.description);
	delete description.usableAsTool;
	tool.description = {
		...description,
		name: `${description.name}Tool`,
		displayName: `${description.displayName} Tool`,
		inputs: [],
		outputs: [NodeConnectionTypes.AiTool],
		properties: [
			{
				displayName: 'Description',
				name: 'toolDescription',
				type: 'string',
				default: description.description,
			},
			...description.properties,
		],
	};
	return tool;
}

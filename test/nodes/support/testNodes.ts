import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

/** Gives out the input items of a run; binary data goes through n8n's binary store, as in a real flow. */
export class SourceNode implements INodeType {
	description: INodeTypeDescription = {
		...plain('source', 'Source'),
		group: ['trigger'],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const items: INodeExecutionData[] = [];
		for (const { binary, ...item } of this.getInputData()) {
			const stored: INodeExecutionData['binary'] = {};
			for (const [field, { data, fileName, mimeType, ...rest }] of Object.entries(binary ?? {})) {
				const bytes = Buffer.from(data, 'base64');
				stored[field] = {
					...rest,
					...(await this.helpers.prepareBinaryData(bytes, fileName, mimeType)),
				};
			}
			items.push(binary === undefined ? item : { ...item, binary: stored });
		}
		return [items];
	}
}

/** Calls the one tool that is connected to it with the arguments of its first item, as an AI agent does. */
export class AgentNode implements INodeType {
	description: INodeTypeDescription = {
		...plain('agent', 'Agent'),
		inputs: [NodeConnectionTypes.Main, NodeConnectionTypes.AiTool],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const tools = (await this.getInputConnectionData(NodeConnectionTypes.AiTool, 0)) as {
			name: string;
			description: string;
			invoke(args: unknown): Promise<string>;
		}[];
		const [tool] = tools;
		const args = this.getInputData()[0].json.arguments ?? {};
		const answer = JSON.parse(await tool.invoke(args)) as never;
		return [[{ json: { tool: tool.name, description: tool.description, answer } }]];
	}
}

function plain(name: string, displayName: string): INodeTypeDescription {
	return {
		name,
		displayName,
		group: ['transform'],
		version: 1,
		description: '',
		defaults: { name: displayName },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [],
	};
}

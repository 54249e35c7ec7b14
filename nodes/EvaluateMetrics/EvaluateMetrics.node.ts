import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { inNode } from '../shared/items';
import { searchModels } from '../shared/modelLocator';
import { gateProperties } from './gate';
import * as evaluateDataset from './operations/evaluateDataset';
import * as evaluateItems from './operations/evaluateItems';
import { configuredOutputs, sortIntoOutputs } from './outputs';

const OPERATIONS = { evaluateDataset, evaluateItems };

export class EvaluateMetrics implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Evaluate Metrics',
		name: 'evaluateMetrics',
		icon: { light: 'file:evaluateMetrics.svg', dark: 'file:evaluateMetrics.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ($parameter["operation"] === "evaluateItems" ? "scored items" : "dataset " + $parameter["dataFolder"]) + ($parameter["gate"] ? ", gate" : "") }}',
		description:
			'Measures how well a visual inspection finds defects, per category and on average, and holds the result against a gate',
		defaults: { name: 'Evaluate Metrics' },
		inputs: [NodeConnectionTypes.Main],
		outputs: `={{(${String(configuredOutputs)})($parameter)}}`,
		usableAsTool: true,
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				default: 'evaluateDataset',
				options: [evaluateDataset.option, evaluateItems.option],
			},
			...evaluateDataset.description,
			...evaluateItems.description,
			...gateProperties,
			...evaluateDataset.options,
			...evaluateItems.options,
		],
	};

	methods = { listSearch: { searchModels } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = this.getNodeParameter('operation', 0) as keyof typeof OPERATIONS;
		return inNode(this, async () => sortIntoOutputs(this, await OPERATIONS[operation].execute(this)));
	}
}

import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { inObjectStorage } from '../shared/store';
import { onEngineWorkers } from '../shared/workers';
import { inNode } from '../shared/items';
import { searchModels } from '../shared/modelLocator';
import { gateProperties } from './gate';
import * as checkDrift from './operations/checkDrift';
import * as evaluateDataset from './operations/evaluateDataset';
import * as evaluateItems from './operations/evaluateItems';
import { configuredOutputs, sortIntoOutputs } from './outputs';

const OPERATIONS = { checkDrift, evaluateDataset, evaluateItems };

export class EvaluateMetrics implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Evaluate Metrics',
		name: 'evaluateMetrics',
		icon: { light: 'file:evaluateMetrics.svg', dark: 'file:evaluateMetrics.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ $parameter["operation"] === "checkDrift" ? "drift of " + ($parameter["driftSource"] === "items" ? "scored items" : "folder " + $parameter["imageFolder"]) : ($parameter["operation"] === "evaluateItems" ? "scored items" : "dataset " + $parameter["dataFolder"]) + ($parameter["gate"] ? ", gate" : "") }}',
		description:
			'Measures how well a visual inspection finds defects, holds the result against a gate, and checks recent images for drift',
		defaults: { name: 'Evaluate Metrics' },
		inputs: [NodeConnectionTypes.Main],
		outputs: `={{(${String(configuredOutputs)})($parameter)}}`,
		credentials: [
			{
				name: 's3ModelStoreApi',
				displayName: 'Object Storage for Models',
				required: true,
				displayOptions: inObjectStorage,
			},
			{
				name: 'engineWorkersApi',
				displayName: 'Engine Workers',
				required: true,
				displayOptions: onEngineWorkers,
			},
		],
		usableAsTool: true,
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				default: 'evaluateDataset',
				options: [checkDrift.option, evaluateDataset.option, evaluateItems.option],
			},
			...checkDrift.description,
			...evaluateDataset.description,
			...evaluateItems.description,
			...gateProperties.map((property) => ({
				...property,
				displayOptions: {
					show: {
						...property.displayOptions?.show,
						operation: [evaluateDataset.option.value, evaluateItems.option.value],
					},
				},
			})),
			...checkDrift.options,
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

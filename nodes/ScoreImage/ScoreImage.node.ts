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
import { categoryProperties } from '../shared/category';
import { modelProperty, searchModels } from '../shared/modelLocator';
import { binaryFieldProperty } from '../shared/properties';
import { engineWorkersTest } from './credentialTest';
import { inferenceServerTest, onInferenceServer } from './inferenceServer';
import { optionsProperty, outputsProperty } from './scoreOptions';
import { scoreItems } from './scoreItems';

export class ScoreImage implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Score Image',
		name: 'scoreImage',
		icon: { light: 'file:scoreImage.svg', dark: 'file:scoreImage.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["model"] || "no model chosen" }}',
		description: 'Scores how anomalous each image is, says where, and what the score means',
		defaults: { name: 'Score Image' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{
				name: 's3ModelStoreApi',
				displayName: 'Object Storage for Models',
				required: true,
				displayOptions: inObjectStorage,
			},
			{
				name: 'inferenceServerApi',
				displayName: 'Inference Server',
				required: true,
				displayOptions: onInferenceServer,
				testedBy: 'inferenceServerTest',
			},
			{
				name: 'engineWorkersApi',
				displayName: 'Engine Workers',
				required: true,
				displayOptions: onEngineWorkers,
				testedBy: 'engineWorkersTest',
			},
		],
		usableAsTool: true,
		properties: [
			modelProperty,
			binaryFieldProperty,
			...categoryProperties,
			outputsProperty,
			optionsProperty,
		],
	};

	methods = { listSearch: { searchModels }, credentialTest: { engineWorkersTest, inferenceServerTest } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return inNode(this, async () => [await scoreItems(this)]);
	}
}

import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { inNode } from '../shared/items';
import { dataFolderProperty } from './dataFolder';
import * as addImages from './operations/addImages';
import * as createSample from './operations/createSample';
import * as inspect from './operations/inspect';
import * as listImages from './operations/listImages';
import type { Operation } from '../shared/operation';

const OPERATIONS = { addImages, createSample, inspect, listImages } satisfies Record<string, Operation>;

export class InspectionDataset implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Inspection Dataset',
		name: 'inspectionDataset',
		icon: { light: 'file:inspectionDataset.svg', dark: 'file:inspectionDataset.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ({ addImages: "add images", createSample: "create sample", inspect: "inspect", listImages: "list images" })[$parameter["operation"]] + ": " + $parameter["dataFolder"] }}',
		description:
			'Collects, lists and checks the images that a visual inspection is trained and measured with',
		defaults: { name: 'Inspection Dataset' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				default: 'addImages',
				options: [addImages.option, createSample.option, inspect.option, listImages.option],
			},
			dataFolderProperty,
			...addImages.description,
			...createSample.description,
			...inspect.description,
			...listImages.description,
		],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = this.getNodeParameter('operation', 0) as keyof typeof OPERATIONS;
		return inNode(this, async () => [await OPERATIONS[operation].execute(this)]);
	}
}

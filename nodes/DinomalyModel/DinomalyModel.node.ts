import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { inObjectStorage } from '../shared/store';
import { inNode } from '../shared/items';
import { searchModels } from '../shared/modelLocator';
import type { Operation } from '../shared/operation';
import { s3ModelStoreTest } from './credentialTest';
import * as calibrate from './operations/calibrate';
import * as exportOnnx from './operations/exportOnnx';
import * as exportPackage from './operations/exportPackage';
import * as get from './operations/get';
import * as importModel from './operations/importModel';
import * as list from './operations/list';
import * as promote from './operations/promote';
import * as prune from './operations/prune';
import * as quantize from './operations/quantize';
import * as remove from './operations/remove';
import * as rollBack from './operations/rollBack';
import * as selfCheck from './operations/selfCheck';
import * as setGate from './operations/setGate';

const OPERATIONS = {
	calibrate,
	delete: remove,
	exportOnnx,
	exportPackage,
	get,
	import: importModel,
	list,
	promote,
	prune,
	quantize,
	rollBack,
	selfCheck,
	setGate,
} satisfies Record<string, Operation>;

export class DinomalyModel implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Dinomaly Model',
		name: 'dinomalyModel',
		icon: { light: 'file:dinomalyModel.svg', dark: 'file:dinomalyModel.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ({ calibrate: "calibrate", delete: "delete", exportOnnx: "export to ONNX", exportPackage: "export package", get: "get", import: "import", list: "list", promote: "promote", prune: "prune", quantize: "quantize", rollBack: "roll back", selfCheck: "self check", setGate: "set gate" })[$parameter["operation"]] + (!["import", "list", "selfCheck"].includes($parameter["operation"]) && $parameter["model"] ? ": " + $parameter["model"] : "") }}',
		description:
			'Manages the models of the store: versions, aliases, thresholds, int8, export and import; checks this machine',
		defaults: { name: 'Dinomaly Model' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{
				name: 's3ModelStoreApi',
				displayName: 'Object Storage for Models',
				required: true,
				displayOptions: inObjectStorage,
				testedBy: 's3ModelStoreTest',
			},
		],
		usableAsTool: true,
		properties: [
			// eslint-disable-next-line @n8n/community-nodes/resource-operation-pattern -- models are the only resource
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				default: 'list',
				options: [
					calibrate.option,
					remove.option,
					exportPackage.option,
					exportOnnx.option,
					get.option,
					importModel.option,
					list.option,
					promote.option,
					prune.option,
					quantize.option,
					rollBack.option,
					selfCheck.option,
					setGate.option,
				],
			},
			...calibrate.description,
			...remove.description,
			...exportPackage.description,
			...exportOnnx.description,
			...get.description,
			...importModel.description,
			...list.description,
			...promote.description,
			...prune.description,
			...quantize.description,
			...rollBack.description,
			...selfCheck.description,
			...setGate.description,
		],
	};

	methods = { listSearch: { searchModels }, credentialTest: { s3ModelStoreTest } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = this.getNodeParameter('operation', 0) as keyof typeof OPERATIONS;
		return inNode(this, async () => [await OPERATIONS[operation].execute(this)]);
	}
}

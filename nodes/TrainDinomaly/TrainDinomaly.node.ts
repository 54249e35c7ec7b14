import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
	type NodeParameterValue,
} from 'n8n-workflow';
import { inObjectStorage } from '../shared/store';
import { onEngineWorkers } from '../shared/workers';
import { inNode } from '../shared/items';
import type { Operation } from '../shared/operation';
import { getEncoders, searchTrainings } from './jobLocator';
import * as cancel from './operations/cancel';
import * as getStatus from './operations/getStatus';
import * as listTrainings from './operations/listTrainings';
import * as train from './operations/train';
import { resumeExecution, stillWaits } from './resume';
import { recoverInThisServer } from './workshop';

const OPERATIONS = { cancel, getStatus, listTrainings, train } satisfies Record<string, Operation>;

/** Any value; n8n knows this condition for credentials too, its type for them does not. */
const CHOSEN = [{ _cnd: { exists: true } }] as unknown as NodeParameterValue[];

export class TrainDinomaly implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Train Dinomaly',
		name: 'trainDinomaly',
		icon: { light: 'file:trainDinomaly.svg', dark: 'file:trainDinomaly.dark.svg' },
		group: ['transform'],
		// As a list: n8n adds an operation "Custom API Call" to the newest version of a node with credentials, which it tells by this.
		version: [1],
		defaultVersion: 1,
		subtitle:
			'={{ ({ cancel: "cancel", getStatus: "get status", listTrainings: "list trainings", train: "train" })[$parameter["operation"]] + ($parameter["operation"] === "train" && $parameter["model"] ? ": " + $parameter["model"] : "") }}',
		description: 'Trains a model that finds defects after seeing good parts only',
		defaults: { name: 'Train Dinomaly' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
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
			{
				// eslint-disable-next-line @n8n/community-nodes/no-credential-reuse, @n8n/community-nodes/valid-credential-references -- n8n's own Hugging Face token, asked for by users who have one
				name: 'huggingFaceApi',
				required: false,
				displayOptions: {
					show: { operation: ['train'], '/options.encoder': CHOSEN },
				},
			},
		],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				path: '',
				restartWebhook: true,
			},
			// Whoever trains asks now and then whether the execution still waits; without this n8n would log each question as an error.
			{
				name: 'setup',
				httpMethod: 'GET',
				responseMode: 'onReceived',
				path: '',
				restartWebhook: true,
			},
		],
		hints: [
			{
				message:
					'n8n ends executions after its time limit: let a long training run in the background (Run)',
				type: 'info',
				location: 'ndv',
				whenToDisplay: 'beforeExecution',
				displayCondition:
					'={{ $parameter["operation"] === "train" && $parameter["run"] === "wait" && $parameter["preset"] !== "fast" }}',
			},
		],
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				default: 'train',
				options: [cancel.option, getStatus.option, listTrainings.option, train.option],
			},
			...cancel.description,
			...getStatus.description,
			...listTrainings.description,
			...train.description,
		],
	};

	methods = { listSearch: { searchTrainings }, loadOptions: { getEncoders } };

	constructor() {
		recoverInThisServer();
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = this.getNodeParameter('operation', 0) as keyof typeof OPERATIONS;
		return inNode(this, async () => [await OPERATIONS[operation].execute(this)]);
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return this.getWebhookName() === 'setup' ? stillWaits() : resumeExecution(this);
	}
}

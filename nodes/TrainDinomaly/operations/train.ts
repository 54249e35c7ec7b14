import { randomBytes } from 'node:crypto';
import {
	WAIT_INDEFINITELY,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeProperties,
} from 'n8n-workflow';
import { DinomalyError } from '../../../src/errors';
import { recoverJobs, workDetached } from '../../../src/jobs/detached';
import { runJob } from '../../../src/jobs/runJob';
import { noteStore } from '../../../src/jobs/watch';
import { openModelStore } from '../../../src/store/openModelStore';
import { defaultStore } from '../../../src/store/paths';
import type { TrainingJob } from '../../../src/jobs/trainingJob';
import { TrainingJobs } from '../../../src/jobs/trainingJobs';
import type { TrainRequest } from '../../../src/training/request';
import { cancelSignal } from '../../shared/cancel';
import { remarkDevice } from '../../shared/deviceHint';
import { engineFor, workersEngineFor } from '../../shared/engine';
import { readWorkers } from '../../shared/workers';
import { rememberWorkers } from '../../../src/workers/known';
import { failed, toNodeError } from '../../shared/failure';
import { allowedFolder } from '../../shared/folders';
import { addHintOnce } from '../../shared/hints';
import { itemFailure } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { binaryFieldProperty } from '../../shared/properties';
import { jobFields } from '../jobItem';
import { logTo, progressLines } from '../progressLog';
import { errorOf } from '../resume';
import { trainedItems } from '../trainedItem';
import { imageCategoryProperties, writeTrainImages } from '../trainImages';
import { trainOptions } from '../trainOptions';
import { readTrainRequest } from '../trainRequest';
import { workshopFor } from '../workshop';

export const option = {
	name: 'Train',
	value: 'train',
	action: 'Train a model',
	description: 'Teach a model what good parts look like',
};

export const description: INodeProperties[] = [
	...shownFor(option.value, [
		{
			displayName: 'Source of Images',
			name: 'source',
			type: 'options',
			default: 'folder',
			description: 'Where the images of good parts are',
			options: [
				{ name: 'Folder', value: 'folder', description: 'A dataset folder of this machine' },
				{
					name: 'Incoming Items',
					value: 'items',
					description:
						'Binary images of all incoming items, good parts only; they make one training',
				},
			],
		},
		{
			displayName: 'Dataset Folder',
			name: 'dataFolder',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. inspection/sample',
			description:
				'Folder of the dataset; a relative path counts from the first folder that n8n allows file access to (by default .n8n-files in the home folder)',
			displayOptions: { show: { source: ['folder'] } },
		},
		...[binaryFieldProperty, ...imageCategoryProperties].map((property) => ({
			...property,
			displayOptions: { show: { ...property.displayOptions?.show, source: ['items'] } },
		})),
		{
			displayName: 'Categories',
			name: 'categories',
			type: 'string',
			default: '',
			placeholder: 'e.g. bottle, cable',
			description: 'Categories to train on, separated by commas; all when empty',
		},
		{
			displayName: 'Models',
			name: 'models',
			type: 'options',
			default: 'one',
			description: 'How many models to train',
			options: [
				{
					name: 'One for All Categories',
					value: 'one',
					description: 'A single model that knows every category',
				},
				{
					name: 'One per Category',
					value: 'perCategory',
					description: 'Named after model and category, such as "parts-bottle"',
				},
			],
		},
		{
			displayName: 'Model Name',
			name: 'model',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. bottles',
			description: 'Name that the model is stored and found under',
		},
		{
			displayName: 'If Model Exists',
			name: 'ifExists',
			type: 'options',
			default: 'newVersion',
			description: 'What to do when the store has a model of this name',
			options: [
				{ name: 'Add a Version', value: 'newVersion', description: 'Older versions stay' },
				{ name: 'Fail', value: 'fail', description: 'Train nothing' },
			],
		},
		{
			displayName: 'Preset',
			name: 'preset',
			type: 'options',
			default: 'fast',
			description: 'Sizes, iterations and encoder; every one of them can be changed under Options',
			options: [
				{
					name: 'Balanced',
					value: 'balanced',
					description: '2,000 iterations at 280 pixels or so; an hour on a processor',
				},
				{
					name: 'Fast',
					value: 'fast',
					description: '300 iterations at 224 pixels; minutes on a processor',
				},
				{
					name: 'Paper',
					value: 'paper',
					description: '10,000 iterations at 392 pixels with DINOv2 base; for a GPU',
				},
			],
		},
		{
			displayName: 'Run',
			name: 'run',
			type: 'options',
			default: 'wait',
			description: 'What the execution does meanwhile',
			options: [
				{
					name: 'In Background',
					value: 'background',
					description:
						'The execution is put to sleep, frees its place, and goes on when training ends; survives a restart of n8n',
				},
				{
					name: 'Start Only',
					value: 'start',
					description: 'Give out the job ID at once; Get Status tells the rest',
				},
				{
					name: 'Wait for Completion',
					value: 'wait',
					description: 'Stopping the execution stops the training, which keeps its checkpoint',
				},
			],
		},
		trainOptions,
	]),
];

/** A training that some items ask for. */
interface Order {
	readonly items: readonly number[];
	readonly request: Omit<TrainRequest, 'data'>;
	/** Absent when the images come with the items. */
	readonly data?: string;
}

type RunMode = 'wait' | 'background' | 'start';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const results: INodeExecutionData[] = [];
	const { orders, failures } = await readOrders(context);
	results.push(...failures);
	const mode = context.getNodeParameter('run', 0, 'wait') as RunMode;
	for (const store of new Set(orders.map(({ request }) => request.store)))
		await recoverJobs(store, workshopFor(context.logger));
	if (mode === 'wait') {
		for (const order of orders)
			results.push(...(await guarded(context, order, () => train(context, order))));
		return results;
	}
	const started = await startAll(context, orders, mode);
	results.push(...started.failures);
	results.push(
		...started.jobs.map((job) => ({ json: jobFields(job), pairedItem: pairing(job.origin.items) })),
	);
	if (mode === 'background' && started.jobs.length > 0) await context.putExecutionToWait(WAIT_INDEFINITELY);
	return results;
}

/** Reads what each item asks for; items that ask for the same share one training. */
async function readOrders(
	context: IExecuteFunctions,
): Promise<{ orders: Order[]; failures: INodeExecutionData[] }> {
	const orders = new Map<string, Order>();
	const failures: INodeExecutionData[] = [];
	const all = [...context.getInputData().keys()];
	const isFromItems = context.getNodeParameter('source', 0, 'folder') === 'items';
	for (const index of isFromItems ? all.slice(0, 1) : all) {
		try {
			const request = await readTrainRequest(context, index);
			const data = isFromItems
				? undefined
				: await allowedFolder(context, index, {
						value: context.getNodeParameter('dataFolder', index, ''),
						label: 'Dataset Folder',
					});
			if (context.getNodeParameter('ifExists', index, 'newVersion') === 'fail')
				await refuseExisting(context, index, request);
			const key = JSON.stringify({ ...request, data });
			const items = isFromItems ? all : [...(orders.get(key)?.items ?? []), index];
			orders.set(key, { items, request, data });
		} catch (error) {
			failures.push(itemFailure(context, error, index));
		}
	}
	if (!isFromItems && [...orders.values()].some(({ items }) => items.length > 1)) {
		addHintOnce(context, 'Several items ask for the same training, which runs once for all of them.');
	}
	return { orders: [...orders.values()], failures };
}

async function refuseExisting(
	context: IExecuteFunctions,
	index: number,
	{ store, model, separate }: Omit<TrainRequest, 'data'>,
): Promise<void> {
	const names = (await openModelStore(store).list()).map(({ name }) => name);
	const found = names.find((name) => name === model || (separate === true && name.startsWith(`${model}-`)));
	if (found === undefined) return;
	throw failed(
		context.getNode(),
		{
			message: `Expected no model named "${found}" in the store, found one`,
			hint: 'Choose another name, or set If Model Exists to Add a Version.',
		},
		index,
	);
}

async function train(context: IExecuteFunctions, order: Order): Promise<INodeExecutionData[]> {
	const [index] = order.items;
	const token = await hubToken(context);
	const workers = await readWorkers(context, index);
	const job = await createJob(context, order, { mode: 'wait' });
	const jobs = new TrainingJobs(order.request.store);
	const lines = progressLines(logTo(context));
	const ended = await runJob(jobs, job, {
		engine: workers === undefined ? engineFor(context) : workersEngineFor(context, workers),
		signal: cancelSignal(context),
		token,
		onProgress: lines,
	});
	if (ended.state !== 'done') throw errorOf(ended);
	for (const { notices, device } of ended.models) {
		for (const notice of notices) addHintOnce(context, notice);
		remarkDevice(context, order.request.device, device);
	}
	return trainedItems(context, jobs, ended, {
		includeDetails: context.getNodeParameter('options.includeDetails', index, true) as boolean,
		lossCurveField: context.getNodeParameter('options.lossCurveField', index, 'lossCurve') as string,
	});
}

/** Starts one job for each order. They know of each other, so that the last one to end resumes the execution. */
async function startAll(
	context: IExecuteFunctions,
	orders: readonly Order[],
	mode: RunMode,
): Promise<{ jobs: TrainingJob[]; failures: INodeExecutionData[] }> {
	const jobs: TrainingJob[] = [];
	const failures: INodeExecutionData[] = [];
	const url = mode === 'background' ? resumeUrl(context) : undefined;
	if (url !== undefined) refuseSeveralStores(context, orders);
	// Before any job is recorded: nobody would work on the jobs of a node that fails here.
	const token = await hubToken(context);
	const secret = randomBytes(32).toString('hex');
	const ids = orders.map(({ request }) => new TrainingJobs(request.store).newId());
	for (const [i, order] of orders.entries()) {
		const resume = url === undefined ? undefined : { url, secret, jobs: ids };
		try {
			jobs.push(await createJob(context, order, { mode, id: ids[i], resume }));
		} catch (error) {
			failures.push(itemFailure(context, error, order.items[0]));
		}
	}
	const workshop = workshopFor(context.logger);
	for (const job of jobs) void workDetached(new TrainingJobs(job.request.store), job, workshop, token);
	return { jobs, failures };
}

/** An execution is resumed with the trainings of one store. */
function refuseSeveralStores(context: IExecuteFunctions, orders: readonly Order[]): void {
	const stores = new Set(orders.map(({ request }) => request.store));
	if (stores.size <= 1) return;
	throw failed(
		context.getNode(),
		{
			message: `Expected one store folder for all items of a training in the background, found ${stores.size}`,
			hint: 'Give every item the same Store Folder, or train them with a node each.',
		},
		orders[1].items[0],
	);
}

async function createJob(
	context: IExecuteFunctions,
	{ items, request, data }: Order,
	{ mode, id, resume }: { readonly mode: RunMode; readonly id?: string } & Pick<TrainingJob, 'resume'>,
): Promise<TrainingJob> {
	const jobs = new TrainingJobs(request.store);
	const jobId = id ?? jobs.newId();
	const workers = await readWorkers(context, items[0]);
	const detached = mode !== 'wait';
	if (detached) await noteStore(defaultStore(), request.store);
	if (data === undefined) {
		try {
			await writeTrainImages(context, jobs.imagesOf(jobId));
		} catch (error) {
			await jobs.remove(jobId);
			throw toNodeError(context.getNode(), error, items[0]);
		}
	}
	return jobs.create({
		id: jobId,
		detached,
		request: { ...request, data: data ?? jobs.imagesOf(jobId) },
		ownsImages: data === undefined,
		origin: {
			workflow: context.getWorkflow().name ?? context.getWorkflow().id ?? '',
			execution: context.getExecutionId(),
			node: context.getNode().name,
			items,
		},
		resume,
		...(workers !== undefined && { workers: rememberWorkers(workers) }),
	});
}

/** Runs the work of one order; what fails is the failure of the first item that asked for it. */
async function guarded(
	context: IExecuteFunctions,
	{ items }: Order,
	work: () => Promise<INodeExecutionData[]>,
): Promise<INodeExecutionData[]> {
	try {
		return await work();
	} catch (error) {
		return [itemFailure(context, error, items[0])];
	}
}

/** The signed address by which n8n resumes this execution. */
function resumeUrl(context: IExecuteFunctions): string {
	const url: unknown = context.evaluateExpression('{{ $execution.resumeUrl }}', 0);
	if (typeof url === 'string' && URL.canParse(url)) return url;
	throw new DinomalyError(
		'CONFIG_INVALID',
		'Expected n8n to give an address to resume this execution by, found none',
		{ hint: 'Set Run to Wait for Completion or Start Only here.' },
	);
}

/** The Hugging Face token, asked for only where an encoder is chosen: n8n refuses it elsewhere. */
async function hubToken(context: IExecuteFunctions): Promise<string | undefined> {
	const { credentials, parameters } = context.getNode();
	const { encoder } = (parameters.options ?? {}) as { encoder?: unknown };
	if (credentials?.huggingFaceApi === undefined || encoder === undefined) return undefined;
	const { apiKey } = await context.getCredentials('huggingFaceApi');
	return typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined;
}

function pairing(items: readonly number[]): { item: number }[] {
	return items.map((item) => ({ item }));
}

import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { stateOf, TrainingJobs } from '../../../src/jobs/trainingJobs';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { readStore } from '../../shared/store';
import { jobFields } from '../jobItem';
import { storeOptions } from '../storeOptions';

export const option = {
	name: 'List Trainings',
	value: 'listTrainings',
	action: 'List trainings',
	description: 'Get an item for each training of the store, newest first',
};

export const description = shownFor(option.value, [
	{
		displayName: 'States',
		name: 'states',
		type: 'multiOptions',
		default: [],
		description: 'Only trainings in one of these states; all when empty',
		options: [
			{ name: 'Cancelled', value: 'cancelled' },
			{ name: 'Done', value: 'done' },
			{ name: 'Failed', value: 'failed' },
			{ name: 'Interrupted', value: 'interrupted' },
			{ name: 'Queued', value: 'queued' },
			{ name: 'Running', value: 'running' },
		],
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1, numberPrecision: 0 },
		default: 50,
		description: 'Max number of results to return',
	},
	storeOptions,
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const states = context.getNodeParameter('states', index, []) as readonly string[];
		const limit = context.getNodeParameter('limit', index, 50);
		const jobs = await new TrainingJobs(await readStore(context, index)).list();
		return jobs
			.filter((job) => states.length === 0 || states.includes(stateOf(job)))
			.slice(0, limit)
			.map((job) => ({ json: jobFields(job) }));
	});
}

import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { recoverJobs } from '../../../src/jobs/detached';
import { stateOf } from '../../../src/jobs/trainingJobs';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { jobFields } from '../jobItem';
import { jobProperty, readJob } from '../jobLocator';
import { storeOptions } from '../storeOptions';
import { workshopFor } from '../workshop';

export const option = {
	name: 'Get Status',
	value: 'getStatus',
	action: 'Get the status of a training',
	description: 'Get how far a training is, from any execution and any n8n process on the same store',
};

export const description = shownFor(option.value, [jobProperty, storeOptions]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const { jobs, job } = await readJob(context, index);
		if (stateOf(job) !== 'interrupted') return { json: jobFields(job) };
		await recoverJobs(jobs.store, workshopFor(context.logger));
		return { json: jobFields(await jobs.read(job.id)) };
	});
}

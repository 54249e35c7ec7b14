import { setTimeout as pause } from 'node:timers/promises';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { cancelJob } from '../../../src/jobs/cancelJob';
import { isEnded, type TrainingJob } from '../../../src/jobs/trainingJob';
import type { TrainingJobs } from '../../../src/jobs/trainingJobs';
import { throwIfCancelled } from '../../shared/cancel';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { jobFields } from '../jobItem';
import { jobProperty, readJob } from '../jobLocator';
import { storeOptions } from '../storeOptions';
import { workshopFor } from '../workshop';

/** A training ends at its next step; a large one on a processor may compute at a step for a while. */
const PATIENCE_MS = 15_000;
const POLL_MS = 200;

export const option = {
	name: 'Cancel',
	value: 'cancel',
	action: 'Cancel a training',
	description:
		'End a training and keep its checkpoint; training again with the same settings goes on from there',
};

export const description = shownFor(option.value, [jobProperty, storeOptions]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const { jobs, job } = await readJob(context, index);
		const wasEnded = isEnded(job);
		if (!wasEnded) await cancelJob(jobs, job, workshopFor(context.logger));
		const ended = await untilEnded(context, jobs, job);
		return { json: { ...jobFields(ended), cancelled: !wasEnded && ended.state === 'cancelled' } };
	});
}

async function untilEnded(
	context: IExecuteFunctions,
	jobs: TrainingJobs,
	job: TrainingJob,
): Promise<TrainingJob> {
	const deadline = Date.now() + PATIENCE_MS;
	for (;;) {
		const now = await jobs.read(job.id);
		if (isEnded(now) || Date.now() >= deadline) return now;
		throwIfCancelled(context);
		await pause(POLL_MS);
	}
}

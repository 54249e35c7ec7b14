import type { IDataObject } from 'n8n-workflow';
import type { JobError, TrainingJob } from '../../src/jobs/trainingJob';
import { stateOf } from '../../src/jobs/trainingJobs';

/** How far a training is, in one flat row. */
export function jobFields(job: TrainingJob): IDataObject {
	const { progress, origin, models } = job;
	const state = stateOf(job);
	const { message, hint } = job.error ?? (state === 'interrupted' ? cutOff(job) : {});
	const fraction = progress === undefined || progress.total === 0 ? 0 : progress.done / progress.total;
	return {
		jobId: job.id,
		state,
		model: job.request.model,
		phase: progress?.phase ?? '',
		part: progress?.part ?? 0,
		parts: progress?.parts ?? 0,
		done: progress?.done ?? 0,
		total: progress?.total ?? 0,
		percent: Math.round(1000 * fraction) / 10,
		loss: progress?.loss ?? null,
		imagesPerSecond: progress?.imagesPerSecond ?? null,
		etaSeconds: progress?.etaSeconds ?? null,
		results: models.map(({ model, version }) => `${model}@${version}`).join(', '),
		finalLoss: models.at(-1)?.finalLoss ?? null,
		message: message ?? '',
		advice: hint ?? '',
		created: job.created,
		updated: job.updated,
		inBackground: job.detached,
		workflow: origin.workflow,
		execution: origin.execution,
		node: origin.node,
		host: job.owner?.host ?? '',
		pid: job.owner?.pid ?? null,
		attempts: job.attempts,
	};
}

/** What is to be known about a training whose process is gone: nobody was there to write it down. */
function cutOff({ detached, request, owner, progress }: TrainingJob): JobError {
	const where = owner === undefined ? 'its process' : `process ${owner.pid} on ${owner.host}`;
	const reached =
		progress === undefined ? '' : `, at ${progress.done} of ${progress.total} (${progress.phase})`;
	return {
		message: `Training of "${request.model}" was cut off when ${where} ended${reached}`,
		hint: detached
			? 'It goes on from its last checkpoint by itself, within a minute, as soon as an n8n process on this store runs.'
			: 'Train again with the same settings and images: it goes on from its last checkpoint.',
	};
}

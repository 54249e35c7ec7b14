import type { IDataObject } from 'n8n-workflow';
import type { TrainingJob } from '../../src/jobs/trainingJob';
import { stateOf } from '../../src/jobs/trainingJobs';

/** How far a training is, in one flat row. */
export function jobFields(job: TrainingJob): IDataObject {
	const { progress, error, origin, models } = job;
	const fraction = progress === undefined || progress.total === 0 ? 0 : progress.done / progress.total;
	return {
		jobId: job.id,
		state: stateOf(job),
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
		message: error?.message ?? '',
		advice: error?.hint ?? '',
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

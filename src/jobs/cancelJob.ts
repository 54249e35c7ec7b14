import type { TrainingJob } from './trainingJob';
import type { TrainingJobs } from './trainingJobs';
import { workDetached, type Workshop } from './detached';

/** Asks the owner of a job to end it, or ends it here when its owner is gone; an execution that waits is told. */
export async function cancelJob(jobs: TrainingJobs, job: TrainingJob, workshop: Workshop): Promise<void> {
	await jobs.requestCancel(job.id);
	const taken = await jobs.takeOver(job.id);
	if (taken === undefined) return;
	const cancelled: TrainingJob = {
		...taken,
		state: 'cancelled',
		error: {
			code: 'CANCELLED',
			message: `Training of "${job.request.model}" was cancelled after it had been cut off`,
			hint: 'Train again with the same settings and images to go on from the last checkpoint (option Resume).',
		},
	};
	await jobs.write(cancelled);
	if (job.ownsImages) await jobs.removeImages(job.id);
	void workDetached(jobs, cancelled, workshop);
}

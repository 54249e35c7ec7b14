import { setTimeout as pause } from 'node:timers/promises';
import type { Engine } from '../engine/host';
import { messageOf } from '../errors';
import type { TrainingJob } from './trainingJob';
import { isEnded } from './trainingJob';
import { isAbandoned, TrainingJobs } from './trainingJobs';
import { lacksConnection } from '../store/objects/connections';
import type { TrainProgress } from '../training/request';
import { deliver, isAwaited, type DeliveryOptions } from './deliver';
import { runJob } from './runJob';

/** What jobs that nobody waits for inside this process are worked on with. */
export interface Workshop {
	/** Absent in a process that does not train: it only tells executions that wait for jobs which others have ended. */
	readonly engine?: (job: TrainingJob) => Pick<Engine, 'train' | 'lossCurve'>;
	/** Whether this process can reach what computes a job; always when absent. */
	readonly canReach?: (job: TrainingJob) => boolean;
	readonly log: (line: string) => void;
	readonly onProgress?: (job: TrainingJob, progress: TrainProgress) => void;
	readonly delivery?: Pick<DeliveryOptions, 'pauseMs' | 'environment'>;
}

/** Pause between two questions to n8n whether the execution still waits. */
const AWAITED_EVERY_MS = 500;
/** n8n loads an execution with all its data to answer: the share of its time that the questions may take. */
const MOST_ASKING = 0.05;
/** Whoever ended a job is given this long to tell the execution before a process that does not train tries it. */
const OWNER_TELLS_MS = 5000;
/** n8n may have loaded the package twice: what this process works on must hang on something global. */
const ACTIVE = Symbol.for('n8n-nodes-dinomaly.detachedJobs');

/** Starts to work on a job of this process; the promise ends when the execution that waits has been told. */
export async function workDetached(
	jobs: TrainingJobs,
	job: TrainingJob,
	workshop: Workshop,
	token?: string,
): Promise<void> {
	const key = `${jobs.store}\n${job.id}`;
	const active = activeJobs();
	if (active.has(key)) return;
	active.add(key);
	const { log, onProgress, delivery } = workshop;
	try {
		const ended = isEnded(job) ? job : await workWatched(jobs, job, { ...workshop, token, onProgress });
		if (isEnded(ended)) await deliver(jobs, ended, { log, ...delivery });
	} catch (error) {
		log(`training ${job.id} is left for later: ${messageOf(error)}`);
	} finally {
		active.delete(key);
	}
}

/**
 * Goes on with the jobs of a store whose processes are gone, and tells executions that still wait for ended ones. Resolves to the ids
 * that were taken up, as soon as they are; the work itself goes on.
 */
export async function recoverJobs(store: string, workshop: Workshop): Promise<string[]> {
	const jobs = new TrainingJobs(store);
	const taken: string[] = [];
	// Nobody has named the keys of this object storage since this process began: the first node that does goes on with its trainings.
	if (lacksConnection(store)) return taken;
	for (const job of await jobs.list()) {
		if (activeJobs().has(`${jobs.store}\n${job.id}`)) continue;
		const found = await needsWork(jobs, job, workshop);
		if (found === undefined) continue;
		taken.push(job.id);
		if (!isEnded(found)) workshop.log(`going on with training ${job.id} of model "${job.request.model}"`);
		void workDetached(jobs, found, workshop);
	}
	return taken;
}

async function needsWork(
	jobs: TrainingJobs,
	job: TrainingJob,
	{ engine, canReach }: Workshop,
): Promise<TrainingJob | undefined> {
	if (!job.detached) return undefined;
	// Nobody has named the password of its workers since this process began: the first node that does goes on with it.
	if (!isEnded(job) && canReach?.(job) === false) return undefined;
	if (!isEnded(job)) return engine !== undefined && isAbandoned(job) ? jobs.takeOver(job.id) : undefined;
	if (job.resume === undefined || (await jobs.isDelivered(job.id))) return undefined;
	// Two that deliver do no harm, since an execution takes one. Its owner delivers as long as it lives; but a worker in queue mode may
	// not know the address of the process that serves webhooks.
	if (engine === undefined) return Date.now() - Date.parse(job.updated) > OWNER_TELLS_MS ? job : undefined;
	return isAbandoned({ ...job, state: 'running' }) ? job : undefined;
}

async function workWatched(
	jobs: TrainingJobs,
	job: TrainingJob,
	{ engine, onProgress, token, log }: Workshop & { readonly token?: string },
): Promise<TrainingJob> {
	if (engine === undefined) return job;
	const over = new AbortController();
	cancelOnceForsaken(jobs, job, over.signal).catch((error: unknown) => {
		log(`cannot end training ${job.id}: ${messageOf(error)}`);
	});
	try {
		return await runJob(jobs, job, {
			engine: engine(job),
			token,
			onProgress: (progress) => onProgress?.(job, progress),
		});
	} finally {
		over.abort();
	}
}

/** Asks for the job's end as soon as the execution that it works for waits no more, because somebody stopped it. */
async function cancelOnceForsaken(jobs: TrainingJobs, job: TrainingJob, signal: AbortSignal): Promise<void> {
	for (let pauseMs = AWAITED_EVERY_MS; ;) {
		await pause(pauseMs, undefined, { ref: false });
		if (signal.aborted) return;
		const asked = performance.now();
		if (!(await isAwaited(job))) {
			await jobs.requestCancel(job.id);
			return;
		}
		pauseMs = Math.max(AWAITED_EVERY_MS, (performance.now() - asked) / MOST_ASKING);
	}
}

function activeJobs(): Set<string> {
	const holder = globalThis as { [ACTIVE]?: Set<string> };
	return (holder[ACTIVE] ??= new Set());
}

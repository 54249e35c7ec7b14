import { join, sep } from 'node:path';
import { scanDataset } from '../dataset/scan';
import type { Engine } from '../engine/host';
import { trainPatiently } from '../engine/patientTraining';
import { DinomalyError } from '../errors';
import { writeFileAtomic } from '../files/atomicFile';
import { separateModelName } from '../store/names';
import type { FinishedModel, JobError, JobState, TrainingJob } from './trainingJob';
import type { TrainingJobs } from './trainingJobs';
import type { TrainedModel, TrainProgress, TrainRequest } from '../training/request';
import { JobRecord } from './jobRecord';

export interface JobWork {
	readonly engine: Pick<Engine, 'train' | 'lossCurve'>;
	/** Ends the job when it fires; its checkpoint is kept. */
	readonly signal?: AbortSignal;
	/** For encoders that need leave to be downloaded. It is never written down. */
	readonly token?: string;
	readonly onProgress?: (progress: TrainProgress) => void;
}

/** One model of a job. */
interface Part {
	readonly model: string;
	readonly request: TrainRequest;
}

/** How often the mark of somebody who wants the job to end is looked for. */
const CANCEL_POLL_MS = 250;
/** A training that took this many processes with it would take the next one too. */
const MOST_ATTEMPTS = 10;

/**
 * Works on a job of this process to its end and returns how it ended, as its record says. Never rejects for a training's own failure.
 * When the process itself ends, a detached job is left behind as `interrupted`, for another process to go on with.
 */
export async function runJob(jobs: TrainingJobs, job: TrainingJob, work: JobWork): Promise<TrainingJob> {
	const stop = new AbortController();
	const record = new JobRecord(jobs, job, () => {
		stop.abort();
	});
	const endEarly = (): void => {
		stop.abort();
	};
	work.signal?.addEventListener('abort', endEarly, { once: true });
	if (work.signal?.aborted === true) stop.abort();
	const poll = setInterval(() => {
		void jobs.isCancelRequested(job.id).then((wanted) => {
			if (wanted) stop.abort();
		});
	}, CANCEL_POLL_MS);
	poll.unref();
	try {
		if (job.attempts > MOST_ATTEMPTS) throw tooManyAttempts(job.attempts - 1);
		await trainParts(jobs, record, { ...work, signal: stop.signal });
		return await record.end({ state: 'done' });
	} catch (error) {
		const { state, error: words } = outcomeOf(error, { job, stopped: stop.signal.aborted });
		const plain = ownImagesByName(jobs, job);
		return await record.end({ state, error: words && { ...words, message: plain(words.message) } });
	} finally {
		clearInterval(poll);
		work.signal?.removeEventListener('abort', endEarly);
		record.close();
		if (record.isEnded && job.ownsImages) await jobs.removeImages(job.id);
	}
}

async function trainParts(
	jobs: TrainingJobs,
	record: JobRecord,
	work: JobWork & { readonly signal: AbortSignal },
): Promise<void> {
	const parts = await partsOf(record.job.request, work.signal);
	for (const [index, { model, request }] of parts.entries()) {
		if (record.job.models.some((finished) => finished.model === model)) continue;
		const hub = work.token === undefined ? request.hub : { ...request.hub, token: work.token };
		const { models } = await trainPatiently(
			{ ...request, hub },
			{
				engine: work.engine,
				signal: work.signal,
				onProgress: (progress) => {
					record.progress(progress, { part: index + 1, parts: parts.length });
					work.onProgress?.(progress);
				},
			},
		);
		const plain = ownImagesByName(jobs, record.job);
		for (const trained of models) {
			const told = {
				...trained,
				notices: trained.notices.map(plain),
				skipped: trained.skipped.map(({ file, reason }) => ({
					file: plain(file),
					reason: plain(reason),
				})),
			};
			await record.finished(await withCurve(jobs, record.job, told, work));
		}
	}
}

/**
 * Images that came with a job lie in a folder that goes when it ends, and that nobody but us knows: texts name them without it.
 */
function ownImagesByName(jobs: TrainingJobs, { id, ownsImages }: TrainingJob): (text: string) => string {
	if (!ownsImages) return (text) => text;
	const folder = jobs.imagesOf(id) + sep;
	return (text) => text.replaceAll(folder, '');
}

/** Where every category has a model of its own, each is a training of its own: those that are done stay done after a restart. */
async function partsOf(request: TrainRequest, signal: AbortSignal): Promise<Part[]> {
	if (request.separate !== true) return [{ model: request.model, request }];
	const { categories } = await scanDataset(request.data, { categories: request.categories, signal });
	const trainable = categories.filter(({ train }) => train.length > 0);
	if (trainable.length === 0) return [{ model: request.model, request }]; // the engine says what is wrong
	return trainable.map(({ name }) => {
		const model = separateModelName(request.model, name);
		return { model, request: { ...request, model, categories: [name], separate: false } };
	});
}

async function withCurve(
	jobs: TrainingJobs,
	{ id, request, models }: TrainingJob,
	trained: TrainedModel,
	{ engine }: JobWork,
): Promise<FinishedModel> {
	const file = `loss-${models.length + 1}.png`;
	try {
		const { png } = await engine.lossCurve({
			store: request.store,
			model: `${trained.model}@${trained.version}`,
		});
		await writeFileAtomic(join(jobs.folderOf(id), file), png);
		return { ...trained, lossCurve: file };
	} catch (error) {
		// The model is there: a picture is not worth failing for.
		return { ...trained, notices: [...trained.notices, `No loss curve: ${wordsOf(error).message}`] };
	}
}

function outcomeOf(
	error: unknown,
	{ job, stopped }: { readonly job: TrainingJob; readonly stopped: boolean },
): { readonly state: JobState; readonly error?: JobError } {
	const words = wordsOf(error);
	if (stopped) return { state: 'cancelled', error: cancelled(words, job) };
	// Nobody asked for it: the engine was closed because this process ends.
	if (words.code === 'CANCELLED')
		return { state: job.detached ? 'interrupted' : 'cancelled', error: words };
	return { state: 'failed', error: words };
}

function cancelled({ code, message }: JobError, { request }: TrainingJob): JobError {
	const kept = code === 'CANCELLED' && message.includes('checkpoint');
	return {
		code: 'CANCELLED',
		message:
			code === 'CANCELLED' && (kept || message.includes('Expected'))
				? message
				: `Training of "${request.model}" was cancelled`,
		hint: 'Train again with the same settings and images to go on from the last checkpoint (option Resume).',
	};
}

function wordsOf(error: unknown): JobError {
	if (!(error instanceof Error)) return { message: String(error) };
	const { message, hint } = error as Error & { hint?: string };
	return {
		...(codeOf(error) !== undefined && { code: codeOf(error) }),
		message,
		...(hint !== undefined && { hint }),
	};
}

/** By name, not by class: n8n may have loaded the package twice. */
function codeOf(error: unknown): string | undefined {
	if (!(error instanceof Error) || error.name !== 'DinomalyError') return undefined;
	return 'code' in error ? String(error.code) : undefined;
}

function tooManyAttempts(attempts: number): DinomalyError {
	return new DinomalyError(
		'ENGINE_DIED',
		`Expected the training to come to its end, found that ${attempts} processes ended in the middle of it`,
		{ hint: "Look at n8n's log for what ended them, then train again: it goes on from its checkpoint." },
	);
}

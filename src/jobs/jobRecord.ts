import type { FinishedModel, JobError, JobProgress, JobState, TrainingJob } from './trainingJob';
import { isEnded } from './trainingJob';
import type { TrainingJobs } from './trainingJobs';
import type { TrainProgress } from '../training/request';

/** How often progress is written down; at least as often as others expect a sign of life. */
const WRITE_EVERY_MS = 2000;
const SIGN_OF_LIFE_MS = 15_000;

/** The record of a job that this process works on: kept up to date on the disk, one write at a time. */
export class JobRecord {
	readonly #jobs: TrainingJobs;
	readonly #onLost: () => void;
	readonly #timer: NodeJS.Timeout;
	#job: TrainingJob;
	#changed = false;
	#lost = false;
	#writtenAt = Date.now();
	#writing: Promise<void> = Promise.resolve();

	/** @param onLost called when another process has taken the job over */
	constructor(jobs: TrainingJobs, job: TrainingJob, onLost: () => void) {
		this.#jobs = jobs;
		this.#job = job;
		this.#onLost = onLost;
		this.#timer = setInterval(() => {
			if (this.#changed || Date.now() - this.#writtenAt > SIGN_OF_LIFE_MS) void this.#write();
		}, WRITE_EVERY_MS);
		this.#timer.unref();
	}

	get job(): TrainingJob {
		return this.#job;
	}

	get isEnded(): boolean {
		return !this.#lost && isEnded(this.#job);
	}

	/** Notes how far the job is; written down a little later. */
	progress(progress: TrainProgress, place: Pick<JobProgress, 'part' | 'parts'>): void {
		const { notice, ...rest } = progress;
		if (notice !== undefined && this.#job.state === 'running') return;
		const isFirst = this.#job.state !== 'running';
		this.#job = { ...this.#job, state: 'running', progress: { ...rest, ...place } };
		this.#changed = true;
		if (isFirst) void this.#write();
	}

	/** Notes a published model, for good when the promise resolves. */
	async finished(model: FinishedModel): Promise<void> {
		this.#job = { ...this.#job, models: [...this.#job.models, model] };
		await this.#write();
	}

	/** Notes how the job ended. */
	async end({
		state,
		error,
	}: {
		readonly state: JobState;
		readonly error?: JobError;
	}): Promise<TrainingJob> {
		clearInterval(this.#timer);
		if (this.#lost) return this.#job;
		const { owner, ...rest } = this.#job;
		// An interrupted job has no owner, so that the next process need not wait for this one to be gone.
		this.#job = {
			...rest,
			...(state !== 'interrupted' && { owner }),
			state,
			...(error !== undefined && { error }),
		};
		await this.#write(owner?.token);
		return this.#job;
	}

	close(): void {
		clearInterval(this.#timer);
	}

	/** A full disk must not end a training that can still succeed: what could not be written now is written next time. */
	#write(token = this.#job.owner?.token): Promise<void> {
		this.#writing = this.#writing.then(async () => {
			try {
				const stored = await this.#jobs.read(this.#job.id);
				if (stored.owner?.token !== token) {
					this.#lost = true;
					this.#onLost();
					return;
				}
				this.#changed = false;
				this.#job = { ...this.#job, updated: new Date().toISOString() };
				await this.#jobs.write(this.#job);
				this.#writtenAt = Date.now();
			} catch {
				this.#changed = true;
			}
		});
		return this.#writing;
	}
}

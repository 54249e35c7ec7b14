import { access, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { removeTree, writeFileAtomic } from '../files/atomicFile';
import { explainWriteError, whenMissing } from '../files/diskError';
import { describeThisProcess, hasEnded } from '../store/lockOwner';
import { withLock } from '../store/lock';
import { realPathInside, storeLayout } from '../store/paths';
import { isRunId, newRunId } from '../store/runId';
import { isEnded, type JobState, type TrainingJob } from './trainingJob';

const JOB_FILE = 'job.json';
/** Exists once somebody wants the job to end. */
const CANCEL_FILE = 'cancel';
/** Exists once the execution that waits has taken the results. */
const DELIVERED_FILE = 'delivered';
const IMAGES_FOLDER = 'images';
/** An owner that cannot be seen from here and gave no sign of life for this long is taken to be gone. */
const STALE_AFTER_MS = 90_000;
const LOCK_WAIT_MS = 10_000;
/** Jobs that the error about a missing one names. */
const NAMED_JOBS = 3;
/** Ended jobs beyond this many are forgotten, oldest first. */
const KEPT_JOBS = 200;
const MAX_JOB_BYTES = 16 << 20;
const STATES: readonly unknown[] = ['queued', 'running', 'done', 'failed', 'cancelled', 'interrupted'];

export type JobDraft = Pick<
	TrainingJob,
	'id' | 'origin' | 'detached' | 'request' | 'ownsImages' | 'resume' | 'workers'
>;

/**
 * The trainings of a store, one folder each: `jobs/<id>/job.json`, the pictures of its results, its images while it owns them, and marks
 * that other processes leave. Only a job's owner writes its record, so that any number of processes can look at it.
 */
export class TrainingJobs {
	readonly store: string;
	readonly #root: string;
	readonly #folder: string;
	readonly #lock: string;

	/** `store` is the store's folder; nothing is made before the first job. */
	constructor(store: string) {
		const { root, locks } = storeLayout(store);
		this.store = root;
		this.#root = root;
		this.#folder = join(root, 'jobs');
		this.#lock = join(locks, 'jobs');
	}

	newId(): string {
		return newRunId(new Date());
	}

	/** Records a new job of this process, and forgets the oldest ones that have ended. */
	async create(draft: JobDraft): Promise<TrainingJob> {
		const now = new Date().toISOString();
		const job: TrainingJob = {
			schemaVersion: 1,
			...draft,
			state: 'queued',
			created: now,
			updated: now,
			owner: describeThisProcess(),
			attempts: 1,
			models: [],
		};
		await this.write(job);
		await this.#forgetOldest();
		return job;
	}

	/** Replaces a job's record, whole or not at all. Throws DISK_FULL or CONFIG_INVALID. */
	async write(job: TrainingJob): Promise<void> {
		await writeFileAtomic(join(this.folderOf(job.id), JOB_FILE), `${JSON.stringify(job, null, '\t')}\n`);
	}

	/** Throws INPUT_MISSING when there is no such job, MODEL_INVALID when its record is damaged. */
	async read(id: string): Promise<TrainingJob> {
		const job = isRunId(id) ? await this.#readIfThere(id) : undefined;
		if (job !== undefined) return job;
		const known = (await this.ids()).slice(0, NAMED_JOBS);
		throw new DinomalyError(
			'INPUT_MISSING',
			`Expected a training with the job ID "${id.slice(0, 60)}", found none in ${this.#folder}`,
			{
				hint:
					known.length === 0
						? 'There is none yet: train a model first, or name the store folder that it was trained into.'
						: `The newest: ${known.join(', ')}.`,
			},
		);
	}

	/** Ids, newest first. */
	async ids(): Promise<string[]> {
		return (await whenMissing(readdir(this.#folder), [])).filter(isRunId).sort().reverse();
	}

	/** Jobs, newest first; damaged ones are passed over. */
	async list(limit = Infinity): Promise<TrainingJob[]> {
		const jobs: TrainingJob[] = [];
		for (const id of await this.ids()) {
			if (jobs.length >= limit) break;
			const job = await this.#readIfThere(id).catch(passOverDamaged);
			if (job !== undefined) jobs.push(job);
		}
		return jobs;
	}

	/** Folder of a job, for its images and pictures. */
	folderOf(id: string): string {
		if (!isRunId(id))
			throw new DinomalyError('CONFIG_INVALID', `Expected a job ID, found "${id.slice(0, 60)}"`);
		return join(this.#folder, id);
	}

	/** Where the images of a job that brings its own are. */
	imagesOf(id: string): string {
		return join(this.folderOf(id), IMAGES_FOLDER);
	}

	async removeImages(id: string): Promise<void> {
		await removeTree(this.imagesOf(id));
	}

	/** Forgets a job with all that belongs to it. */
	async remove(id: string): Promise<void> {
		await removeTree(this.folderOf(id));
	}

	/** Asks the owner to end the job; it notices within a second. */
	async requestCancel(id: string): Promise<void> {
		await mark(join(this.folderOf(id), CANCEL_FILE));
	}

	async isCancelRequested(id: string): Promise<boolean> {
		return exists(join(this.folderOf(id), CANCEL_FILE));
	}

	/** Remembers that the execution has the results of these jobs. */
	async markDelivered(ids: readonly string[]): Promise<void> {
		for (const id of ids)
			if (await exists(this.folderOf(id))) await mark(join(this.folderOf(id), DELIVERED_FILE));
	}

	async isDelivered(id: string): Promise<boolean> {
		return exists(join(this.folderOf(id), DELIVERED_FILE));
	}

	/**
	 * Makes this process the owner of a job whose owner is gone, for one process only; undefined when the job has ended, is in good
	 * hands, or another process was faster.
	 */
	async takeOver(id: string): Promise<TrainingJob | undefined> {
		return withLock(this.#lock, { what: 'the list of trainings', waitMs: LOCK_WAIT_MS }, async () => {
			const job = await this.#readIfThere(id);
			if (job === undefined || isEnded(job) || !isAbandoned(job)) return undefined;
			const taken: TrainingJob = {
				...job,
				owner: describeThisProcess(),
				updated: new Date().toISOString(),
				attempts: job.attempts + 1,
			};
			await this.write(taken);
			return taken;
		});
	}

	async #readIfThere(id: string): Promise<TrainingJob | undefined> {
		const path = join(this.folderOf(id), JOB_FILE);
		const found = await whenMissing(stat(path), undefined);
		if (found === undefined) return undefined;
		await realPathInside(this.#root, path);
		if (found.size > MAX_JOB_BYTES) throw damaged(path);
		return parseJob(await readFile(path, 'utf8'), id, path);
	}

	async #forgetOldest(): Promise<void> {
		for (const id of (await this.ids()).slice(KEPT_JOBS)) {
			const job = await this.#readIfThere(id).catch(passOverDamaged);
			const isOver = job === undefined || isEnded(job) || (!job.detached && isAbandoned(job));
			if (isOver) await removeTree(this.folderOf(id));
		}
	}
}

/** Whether nobody works on a job that has not ended. */
export function isAbandoned(job: TrainingJob, now = Date.now()): boolean {
	if (isEnded(job)) return false;
	if (job.owner === undefined || hasEnded(job.owner)) return true;
	return now - Date.parse(job.updated) > STALE_AFTER_MS;
}

/** A job's state as it is now: an unfinished one without a living owner is interrupted, whatever its record says. */
export function stateOf(job: TrainingJob): JobState {
	return isAbandoned(job) ? 'interrupted' : job.state;
}

function parseJob(text: string, id: string, path: string): TrainingJob {
	let job: Partial<TrainingJob> | null;
	try {
		job = JSON.parse(text) as Partial<TrainingJob> | null;
	} catch {
		throw damaged(path);
	}
	const isWhole =
		job?.schemaVersion === 1 &&
		job.id === id &&
		STATES.includes(job.state) &&
		typeof job.updated === 'string' &&
		typeof job.request?.model === 'string' &&
		typeof job.origin?.node === 'string' &&
		Array.isArray(job.models);
	if (!isWhole) throw damaged(path);
	return job as TrainingJob;
}

function damaged(path: string): DinomalyError {
	return new DinomalyError(
		'MODEL_INVALID',
		`Expected the record of a training in ${path}, found something else`,
		{
			hint: 'Delete the folder that it is in; models and checkpoints are elsewhere and stay.',
		},
	);
}

function passOverDamaged(error: unknown): undefined {
	if (error instanceof DinomalyError) return undefined;
	throw error;
}

async function mark(path: string): Promise<void> {
	try {
		await writeFile(path, '');
	} catch (error) {
		throw await explainWriteError(error, path);
	}
}

async function exists(path: string): Promise<boolean> {
	try {
		await access(path);
		return true;
	} catch {
		return false;
	}
}

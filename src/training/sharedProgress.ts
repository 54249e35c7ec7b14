import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { DinomalyError, messageOf } from '../errors';
import { removeTree } from '../files/atomicFile';
import { digestFile } from '../files/digest';
import type { SharedCheckpoint } from '../store/objects/sharedCheckpoints';
import type { UnfinishedTraining } from '../store/unfinishedTraining';
import { isSamePlan, PLAN_FILE, type TrainingPlan } from './plan';
import type { TrainRequest } from './request';

/** An upload takes at most this share of the time, however slow the way to the server is. */
const SHARE_OF_TIME = 0.05;

/** Takes checkpoints of a training to where other machines find them, now and then. */
export class CheckpointSharing {
	#due: number;
	#shared = 0;
	#hasFailed = false;

	constructor(
		private readonly training: UnfinishedTraining,
		private readonly everyMs: number,
	) {
		this.#due = performance.now() + everyMs;
	}

	/** Takes the newest checkpoint there when it is time; returns what is worth telling the user. */
	async whenDue(): Promise<string | undefined> {
		return performance.now() < this.#due ? undefined : this.now();
	}

	/** Takes the newest checkpoint there, if it is not there yet. A server that is away costs a notice: the checkpoint is on this machine. */
	async now(): Promise<string | undefined> {
		const { shared, checkpoints, folder } = this.training;
		if (shared === undefined) return undefined;
		const started = performance.now();
		try {
			const latest = await checkpoints.latest();
			if (latest === undefined || latest.step === this.#shared) return undefined;
			const plan = path.join(folder, PLAN_FILE);
			const names = Object.keys(latest.files);
			await shared.put(latest.step, {
				...Object.fromEntries(
					names.map((name) => [name, { path: latest.files[name], ...latest.digests[name] }]),
				),
				[PLAN_FILE]: { path: plan, ...(await digestFile(plan)) },
			});
			this.#shared = latest.step;
			return undefined;
		} catch (error) {
			if (this.#hasFailed) return undefined;
			this.#hasFailed = true;
			return `The checkpoint could not be put into object storage, so that another machine would begin further back: ${messageOf(error)}`;
		} finally {
			const ended = performance.now();
			this.#due = ended + Math.max(this.everyMs, (ended - started) / SHARE_OF_TIME);
		}
	}
}

/**
 * Fetches the checkpoint that another machine left, when it is further than what this one has of the same training. Returns what is worth telling
 * the user; a damaged one is passed over, unless `resume` is true. Throws STORE_UNREACHABLE too: starting anew would give up what is there.
 */
export async function fetchShared(
	training: UnfinishedTraining,
	plan: TrainingPlan,
	resume: TrainRequest['resume'],
): Promise<string[]> {
	const { shared, folder } = training;
	if (shared === undefined) return [];
	const fetched = path.join(folder, 'fetched');
	try {
		const found = await shared.newest();
		if (found === undefined) return [];
		await removeTree(fetched); // what a process that died left
		await mkdir(fetched);
		await shared.fetch(found, PLAN_FILE, path.join(fetched, PLAN_FILE));
		if (await isBetter(training, { step: found.step, folder: fetched }, { plan, resume }))
			await takeOver(training, found, fetched);
		return [];
	} catch (error) {
		const isDamaged =
			error instanceof DinomalyError &&
			(error.code === 'HASH_MISMATCH' || error.code === 'MODEL_INVALID');
		if (!isDamaged || resume === true) throw error;
		return [`The checkpoint in object storage was passed over: ${error.message}`];
	} finally {
		await removeTree(fetched);
	}
}

/** Whether what is in the bucket belongs in the place of what is on this machine. */
async function isBetter(
	training: UnfinishedTraining,
	found: { readonly step: number; readonly folder: string },
	{ plan, resume }: { readonly plan: TrainingPlan; readonly resume: TrainRequest['resume'] },
): Promise<boolean> {
	const own = await training.checkpoints.latest().catch(() => undefined);
	// Of another training: for whoever insists on going on, so that the difference is told.
	if (!(await isSamePlan(found, plan))) return own === undefined && resume === true;
	return own === undefined || own.step < found.step || !(await isSamePlan(training, plan));
}

/** Fetches the rest of it and puts it in the place of what is here, where nothing of another course may stay as a fallback. */
async function takeOver(
	training: UnfinishedTraining,
	found: SharedCheckpoint,
	fetched: string,
): Promise<void> {
	const { shared, folder, checkpoints } = training;
	const names = Object.keys(found.files).filter((name) => name !== PLAN_FILE);
	for (const name of names) await shared?.fetch(found, name, path.join(fetched, name));
	await training.assertHeld();
	await checkpoints.clear();
	await rename(path.join(fetched, PLAN_FILE), path.join(folder, PLAN_FILE));
	await checkpoints.save(
		found.step,
		names.map((name) => ({ name, write: (file) => rename(path.join(fetched, name), file) })),
	);
}

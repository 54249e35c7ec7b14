import { readFile } from 'node:fs/promises';
import { DinomalyError } from '../errors';
import type { UnfinishedTraining } from '../store/unfinishedTraining';
import { parseLosses } from './losses';
import { checkPlan, isSamePlan, writePlan, type TrainingPlan } from './plan';
import type { TrainRequest } from './request';
import { fetchShared } from './sharedProgress';
import type { Trainer } from './trainer';

const STATE_FILE = 'state.safetensors';
const LOSS_FILE = 'losses.json';

/** Keeps how far a training has come as a checkpoint. */
export async function saveProgress(training: UnfinishedTraining, trainer: Trainer): Promise<void> {
	await training.assertHeld();
	await training.checkpoints.save(trainer.iteration, [
		{ name: STATE_FILE, write: (file) => trainer.saveState(file) },
		{ name: LOSS_FILE, bytes: Buffer.from(JSON.stringify(trainer.losses)) },
	]);
}

/**
 * Puts the trainer where the newest checkpoint left off when `resume` asks for it, or forgets an earlier unfinished
 * training of the model. `auto` resumes when settings and images are the same.
 * @returns what is worth telling the user
 * @throws when `resume` is true and the checkpoint is damaged or belongs to another plan
 */
export async function restoreProgress(
	training: UnfinishedTraining,
	trainer: Trainer,
	plan: TrainingPlan,
	resume: TrainRequest['resume'],
): Promise<string[]> {
	const remarks = resume === undefined || resume === false ? [] : await fetchShared(training, plan, resume);
	const latest = await training.checkpoints.latest().catch((error: unknown) => {
		if (resume === true) throw error;
		return undefined;
	});
	if (latest && (resume === true || (resume === 'auto' && (await isSamePlan(training, plan))))) {
		await checkPlan(training, plan);
		await trainer.loadState(latest.files[STATE_FILE]);
		for (const loss of await readLosses(latest.files[LOSS_FILE])) trainer.losses.push(loss);
		return [
			...remarks,
			...latest.notices,
			`Resumed at iteration ${latest.step} of ${plan.config.iterations}`,
		];
	}
	await training.discard();
	await writePlan(training, plan);
	if (!latest) return remarks;
	const why = resume === 'auto' ? 'it had other settings or images' : 'resume would have gone on with it';
	return [
		...remarks,
		`An unfinished training of this model (iteration ${latest.step}) was given up; ${why}`,
	];
}

async function readLosses(file: string): Promise<number[]> {
	let losses: unknown;
	try {
		losses = JSON.parse(await readFile(file, 'utf8'));
	} catch {
		losses = undefined;
	}
	const list = parseLosses(losses);
	if (list !== undefined) return list;
	throw new DinomalyError('WEIGHTS_INVALID', `Expected a list of losses in ${file}, found something else`, {
		hint: 'Start this training again without resuming.',
	});
}

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DinomalyError } from '../errors';
import { shownName, shownValue } from '../shownValue';
import { writeFileAtomic } from '../files/atomicFile';
import type { UnfinishedTraining } from '../store/unfinishedTraining';
import type { TrainingConfig } from './config';

/** What a training does, kept beside its checkpoints: a resumed run must do the same. */
export interface TrainingPlan {
	readonly config: TrainingConfig;
	readonly encoderSha256: string;
	readonly seed: number;
	readonly calibrationShare: number;
	/** Pattern of the names of parts, when images of one part are kept together. */
	readonly partNames?: string;
	/** Hash of the images, in order. */
	readonly fingerprint: string;
}

const FILE = 'plan.json';

export async function writePlan(training: UnfinishedTraining, plan: TrainingPlan): Promise<void> {
	await writeFileAtomic(path.join(training.folder, FILE), JSON.stringify(plan, null, '\t'));
}

/**
 * Checks that an unfinished training is the one that is asked for.
 * @throws CONFIG_INVALID naming the first setting that differs
 */
export async function checkPlan(training: UnfinishedTraining, plan: TrainingPlan): Promise<void> {
	const text = await readFile(path.join(training.folder, FILE), 'utf8').catch(() => null);
	if (text === null) return;
	const stored = parsed(text);
	const before: Record<string, unknown> = { ...stored, ...stored.config, config: undefined };
	const now: Record<string, unknown> = { ...plan, ...plan.config, config: undefined };
	for (const [setting, value] of Object.entries(now)) {
		if (jsonOf(before[setting]) === jsonOf(value)) continue;
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected the settings of the unfinished training to resume it, found another ${NAMES[setting] ?? setting}: ${show(before[setting])} then, ${show(value)} now`,
			{ hint: 'Repeat the settings and images of the first run, or train without resuming.' },
		);
	}
}

/** Whether an unfinished training is the one that is asked for. */
export async function isSamePlan(training: UnfinishedTraining, plan: TrainingPlan): Promise<boolean> {
	try {
		await checkPlan(training, plan);
		return true;
	} catch (error) {
		if (error instanceof DinomalyError && error.code === 'CONFIG_INVALID') return false;
		throw error;
	}
}

function parsed(text: string): Partial<TrainingPlan> {
	try {
		return (JSON.parse(text) as Partial<TrainingPlan> | null) ?? {};
	} catch {
		return {}; // a damaged plan is none that is asked for
	}
}

/** As JSON; for a value of a damaged plan that is nested deeper than the stack, what no setting is. */
function jsonOf(value: unknown): string | undefined {
	try {
		return JSON.stringify(value);
	} catch {
		return '';
	}
}

const NAMES: Readonly<Record<string, string>> = {
	encoderSha256: 'encoder',
	calibrationShare: 'calibration share',
	partNames: 'pattern of the names of parts',
	fingerprint: 'set of images',
};

function show(value: unknown): string {
	return typeof value === 'string' ? shownName(value.slice(0, 12)) : shownValue(value);
}

import { readFile, stat } from 'node:fs/promises';
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

export const PLAN_FILE = 'plan.json';
/** A plan has some hundred bytes; a file that is far larger is none. */
const MAX_PLAN_BYTES = 1 << 20;

export async function writePlan(training: UnfinishedTraining, plan: TrainingPlan): Promise<void> {
	await writeFileAtomic(path.join(training.folder, PLAN_FILE), JSON.stringify(plan, null, '\t'));
}

/**
 * Checks that an unfinished training, whose plan is in `folder`, is the one that is asked for.
 * @throws CONFIG_INVALID naming the first setting that differs
 */
export async function checkPlan(
	{ folder }: Pick<UnfinishedTraining, 'folder'>,
	plan: TrainingPlan,
): Promise<void> {
	const text = await readText(path.join(folder, PLAN_FILE));
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
export async function isSamePlan(
	training: Pick<UnfinishedTraining, 'folder'>,
	plan: TrainingPlan,
): Promise<boolean> {
	try {
		await checkPlan(training, plan);
		return true;
	} catch (error) {
		if (error instanceof DinomalyError && error.code === 'CONFIG_INVALID') return false;
		throw error;
	}
}

/** Null where there is none; nothing of what cannot be a plan is read. */
async function readText(file: string): Promise<string | null> {
	try {
		const found = await stat(file);
		return found.isFile() && found.size <= MAX_PLAN_BYTES ? await readFile(file, 'utf8') : '';
	} catch {
		return null;
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

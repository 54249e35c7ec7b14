import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Workshop } from '../../src/jobs/detached';
import { TrainingJobs, type JobDraft } from '../../src/jobs/trainingJobs';
import type { TrainedModel, TrainRequest } from '../../src/training/request';

export type FakeEngine = ReturnType<NonNullable<Workshop['engine']>>;

/** A store in a folder of its own. */
export function newStore(): { readonly jobs: TrainingJobs; readonly dispose: () => void } {
	const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-jobs-'));
	return {
		jobs: new TrainingJobs(folder),
		dispose: () => {
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

export function draft(jobs: TrainingJobs, more: Partial<JobDraft> = {}): JobDraft {
	return {
		id: jobs.newId(),
		origin: { workflow: 'w', execution: '7', node: 'Train', items: [0] },
		detached: true,
		request: { store: jobs.store, data: 'data', model: 'bottle' },
		ownsImages: false,
		...more,
	};
}

/** What a training of `request` comes out with. */
export function trained({ model }: TrainRequest): TrainedModel {
	return {
		model,
		version: '1',
		path: '/nowhere',
		categories: ['bottle'],
		encoder: 'embedded',
		device: 'cpu',
		iterations: 3,
		finalLoss: 0.1,
		seconds: { total: 1, encoding: 0.5, training: 0.5 },
		trainImages: 10,
		calibrationImages: 2,
		skipped: [],
		notices: [],
	};
}

/** An engine whose trainings do as `train` says. */
export function engineThat(train: FakeEngine['train']): FakeEngine {
	return { train, lossCurve: () => Promise.resolve({ png: Uint8Array.of(1) }) };
}

export const succeeding = engineThat((request) => Promise.resolve({ models: [trained(request)] } as never));

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
	const deadline = Date.now() + 5000;
	while (!(await condition())) {
		if (Date.now() > deadline) throw new Error('Expected it to become true, waited in vain');
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}

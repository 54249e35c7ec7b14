// Trainings as the store records them, without a workflow that asks.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { untilTrue } from '../../../scripts/n8n/client.mjs';

const UNDER_WAY_MS = 180_000;

/** Waits until the newest training of a model has done so many iterations. @returns its record */
export function untilTraining(store, model, iterations = 1) {
	return untilTrue(`the training of ${model} to be under way`, UNDER_WAY_MS, () => {
		const job = jobsIn(store).find(({ request }) => request.model === model);
		const { phase, done } = job?.progress ?? {};
		return job?.state === 'running' && phase === 'training' && done >= iterations ? job : undefined;
	});
}

/** Newest first. */
function jobsIn(store) {
	const folder = path.join(store, 'jobs');
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.sort()
		.reverse()
		.map((id) => path.join(folder, id, 'job.json'))
		.filter((file) => existsSync(file))
		.map((file) => JSON.parse(readFileSync(file, 'utf8')));
}

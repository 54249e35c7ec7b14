// How far the training is, as its record in the store says.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { store } from './home.mjs';

const BEAT_MS = 5000;

/** Prints the newest training's progress now and then, while `work` runs. */
export async function showProgress(work) {
	const old = new Set(jobIds());
	let last = '';
	const beat = setInterval(() => {
		const newest = jobIds().findLast((id) => !old.has(id));
		const line = newest === undefined ? '' : describe(readJob(newest));
		if (line !== '' && line !== last) console.log(`  ${line}`);
		last = line;
	}, BEAT_MS);
	try {
		return await work();
	} finally {
		clearInterval(beat);
	}
}

function jobIds() {
	const folder = path.join(store, 'jobs');
	return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function readJob(id) {
	try {
		return JSON.parse(readFileSync(path.join(store, 'jobs', id, 'job.json'), 'utf8'));
	} catch {
		return {};
	}
}

function describe({ progress }) {
	if (progress === undefined) return '';
	const { phase, done, total, loss, etaSeconds } = progress;
	return [
		`${phase} ${done} of ${total}`,
		...(loss === undefined ? [] : [`loss ${loss.toFixed(4)}`]),
		...(etaSeconds === undefined ? [] : [`about ${Math.ceil(etaSeconds)} s left`]),
	].join(', ');
}

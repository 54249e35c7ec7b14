import { rm } from 'node:fs/promises';
import path from 'node:path';
import { trainPatiently } from '../../src/engine/patientTraining';
import { FolderStore } from '../../src/store/folderStore';
import { between, rest, type Soak } from './context';
import { CHECKPOINT_EVERY, ITERATIONS, trainRequest, weightsOf } from './expected';

const CANCELLED_SHARE = 0.5;
const OWN_CACHE_SHARE = 0.3;
/** A training that was cut off so often would never end. */
const MOST_CUTS = 20;
/** Cancelled within this time after it began; most trainings take longer. */
const CANCEL_WITHIN_MS = 20_000;

/** Trains one model after the other, some of them cancelled, and takes each up again until it is done. */
export async function runTrainings(soak: Soak, line: number): Promise<void> {
	const random = soak.random(`trainings ${String(line)}`);
	while (!soak.over.aborted) {
		const cancels = random.next() < CANCELLED_SHARE ? 1 + random.integer(2) : 0;
		const moments = Array.from({ length: cancels }, () => between(random, 0, CANCEL_WITHIN_MS));
		// Some encode all images anew, into a cache that goes with them.
		const cacheDir =
			random.next() < OWN_CACHE_SHARE ? path.join(soak.data.store, 'cache', `line-${line}`) : undefined;
		await trainToEnd(soak, `line-${String(line)}`, { moments, cacheDir });
		if (cacheDir !== undefined) await rm(cacheDir, { recursive: true, force: true });
		await rest(soak, between(random, 0, 3000));
	}
}

/** What a training does next. */
interface Attempt {
	/** The iteration that a checkpoint must be there of; 0 for none. */
	readonly kept: number;
	readonly cancelAfterMs: number | undefined;
	readonly cacheDir: string | undefined;
}

/**
 * Trains until there is a model, cancelled after each of the moments, and removes it again when it is what it should be.
 * @param seen iteration that an earlier attempt was seen to come to before it was killed
 */
export async function trainToEnd(
	soak: Soak,
	model: string,
	{
		moments = [],
		seen = 0,
		cacheDir,
	}: { readonly moments?: readonly number[]; readonly seen?: number; readonly cacheDir?: string },
): Promise<void> {
	const { tally, data } = soak;
	let kept = leastKept(seen);
	for (let cuts = 0; cuts <= MOST_CUTS; cuts++) {
		const ended = await trainOnce(soak, model, { kept, cancelAfterMs: moments.at(cuts), cacheDir });
		if (ended === 'done') {
			await checkModel(soak, model, cuts > 0 || seen > 0);
			await new FolderStore(data.store).removeModel(model, { force: true });
			return;
		}
		kept = ended.kept;
	}
	tally.broke('trainings', `a training was not done after ${String(MOST_CUTS)} attempts`);
}

async function trainOnce(
	soak: Soak,
	model: string,
	{ kept, cancelAfterMs, cacheDir }: Attempt,
): Promise<'done' | { readonly kept: number }> {
	const { tally, calls, engine, data, breakages } = soak;
	const stop = new AbortController();
	const cancel = (): void => {
		stop.abort();
	};
	const timer = cancelAfterMs === undefined ? undefined : setTimeout(cancel, cancelAfterMs);
	let seen = 0;
	try {
		await trainPatiently(
			{
				...trainRequest(data, model),
				...(cacheDir !== undefined && { cacheDir }),
				...(breakages.has('otherSeed') && { seed: 2 }),
				...(breakages.has('lostCheckpoint') && { resume: false }),
			},
			{
				signal: stop.signal,
				engine: { train: (...args) => calls.run('train', () => engine.train(...args)) },
				onProgress: ({ phase, done }) => {
					if (phase !== 'training') return;
					if (seen === 0) checkResumed(soak, kept, done);
					seen = done;
				},
			},
		);
		return 'done';
	} catch (error) {
		const isDropped = (error as Error).name === 'AbortError' && stop.signal.aborted;
		const ending = isDropped ? 'cancelled' : calls.judge(`a training of ${model}`, error, stop);
		tally.count(`trainings that were cut off: ${ending}`);
		// Published, and then killed before it could say so: its checkpoints are gone by right.
		if (seen === ITERATIONS) return { kept: 0 };
		const said = /at iteration (\d+) of \d+; its checkpoint is kept/.exec((error as Error).message)?.[1];
		if (said !== undefined) return { kept: Math.max(kept, Number(said)) };
		// Told late, and given up at times: a worker may have published by now, or go on for a while.
		return { kept: soak.workshop === undefined ? Math.max(kept, leastKept(seen)) : 0 };
	} finally {
		clearTimeout(timer);
	}
}

/** The last step that was told may have been cut off before its checkpoint was saved; those before it were not. */
function leastKept(seen: number): number {
	return seen === ITERATIONS ? 0 : CHECKPOINT_EVERY * Math.floor(Math.max(0, seen - 1) / CHECKPOINT_EVERY);
}

/** A training that goes on begins at its checkpoint: the step after it is the first that is told. */
function checkResumed({ tally }: Soak, kept: number, first: number): void {
	if (first > 1) tally.count('trainings that went on from a checkpoint');
	if (first <= kept)
		tally.broke(
			'trainings',
			`a training went on with iteration ${String(first)}, though ${String(kept)} was kept`,
		);
}

async function checkModel({ tally, data, expected }: Soak, model: string, wasCut: boolean): Promise<void> {
	tally.count(wasCut ? 'trainings done after they were cut off' : 'trainings done at one go');
	const weights = await weightsOf(data, model);
	if (weights !== expected.weights)
		tally.broke('trainings', `${model} has other weights: ${weights} instead of ${expected.weights}`);
}

import { setTimeout as pause } from 'node:timers/promises';
import type { TrainProgress, TrainRequest, TrainResult } from '../training/request';
import type { Engine } from './host';

/** The engine of a process that was killed lets go of its training after a few seconds; another machine's after a minute. */
const BUSY_PATIENCE_MS = 90_000;
const BUSY_PAUSE_MS = 3000;

/** Trains as soon as whoever trained this model before has let go of it, which takes a moment when that one died. */
export async function trainPatiently(
	request: TrainRequest,
	{
		engine,
		...options
	}: {
		readonly engine: Pick<Engine, 'train'>;
		readonly signal: AbortSignal;
		readonly graceMs?: number;
		readonly onProgress?: (progress: TrainProgress) => void;
	},
): Promise<TrainResult> {
	const deadline = Date.now() + BUSY_PATIENCE_MS;
	for (;;) {
		try {
			return await engine.train(request, options);
		} catch (error) {
			if (!isBusy(error) || Date.now() >= deadline) throw error;
			await pause(BUSY_PAUSE_MS, undefined, { signal: options.signal });
		}
	}
}

/** By name, not by class: n8n may have loaded the package twice. */
function isBusy(error: unknown): boolean {
	return (
		error instanceof Error &&
		error.name === 'DinomalyError' &&
		'code' in error &&
		error.code === 'STORE_BUSY'
	);
}

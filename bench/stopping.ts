/**
 * How soon the engine lets go of a job that is stopped: from the signal in n8n's process to the end of the job in the engine's, through
 * the engine's process as n8n uses it, stopped at many moments.
 *
 * Usage: node dist/bench/stopping.js [encoder] [crop] [stops of each kind]
 */
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openEngine, type Engine } from '../src/engine/host';
import { createRandom } from '../src/random';
import { THREADS } from './support/cases';
import { withDrawnData, type DrawnData } from './support/drawnData';
import { Report, spreadOf } from './support/report';

/** Starts a job that lasts; `onBusy` is called when it is under way. */
type Start = (signal: AbortSignal, onBusy: () => void) => Promise<unknown>;

const MODEL = 'panel';
const IMAGES = 48;
const BATCH = 16;
/** A job is stopped so long after it got under way, at most: within any part of a step. */
const WITHIN_MS = 1500;
const SHORTEST_MS = 10;

const [encoder = 'descriptors', crop = '224', stops = '9'] = process.argv.slice(2);
const side = Number(crop);
const compute = { device: 'cpu', threads: THREADS } as const;

void withDrawnData(IMAGES, async (drawn) => {
	const report = new Report('stopping');
	const engine = openEngine();
	try {
		await engine.train({ ...trainingOf(drawn, 4), calibrationShare: 0.5 });
		for (const [what, start] of Object.entries(jobsOf(engine, drawn))) {
			const random = createRandom(1);
			const times: number[] = [];
			for (let stop = 0; stop < Number(stops); stop++)
				times.push(await stoppedInTime(start, WITHIN_MS * random.next()));
			report.figure({ what: `${what}, from stop to end`, unit: 'ms', value: spreadOf(times) });
		}
	} finally {
		await engine.close();
	}
	report.end();
});

function jobsOf(engine: Engine, drawn: DrawnData): Record<string, Start> {
	const { store, images, folder } = drawn;
	let samples = 0;
	const training = `training, ${encoder}, ${crop} px, batch ${String(BATCH)}`;
	return {
		[training]: (signal, onBusy) =>
			engine.train(trainingOf(drawn, 10_000), {
				signal,
				onProgress: ({ phase, done }) => {
					if (phase === 'training' && done > 0) onBusy();
				},
			}),
		[`scoring, ${encoder}, ${crop} px`]: (signal, onBusy) =>
			engine.score(
				{
					...{ store, model: MODEL, ...compute },
					images: Array.from({ length: 2000 }, (_, i) => ({ file: images[i % images.length] })),
				},
				{ signal, onOutcome: onBusy },
			),
		'drawing the sample': (signal, onBusy) =>
			engine.drawSample(
				{ dir: path.join(folder, `sample-${String(samples++)}`) },
				{ signal, onProgress: onBusy },
			),
		'self check': (signal, onBusy) => {
			onBusy();
			return engine.doctor({ store, ...compute }, { signal });
		},
	};
}

function trainingOf({ data, store }: DrawnData, iterations: number): Parameters<Engine['train']>[0] {
	const overrides = { imageSize: side, cropSize: side, batchSize: BATCH, iterations };
	return { ...{ store, data, model: MODEL, encoder, overrides, ...compute } };
}

/** A fast machine may be done before; the job is then stopped sooner. */
async function stoppedInTime(start: Start, afterMs: number): Promise<number> {
	for (let wait = afterMs; wait > SHORTEST_MS; wait /= 2) {
		const took = await stopped(start, wait);
		if (took !== null) return took;
	}
	throw new Error('Expected a job that lasts, found that it came to its end before it was stopped');
}

/** Null where the job came to its end before. */
async function stopped(start: Start, afterMs: number): Promise<number | null> {
	const stop = new AbortController();
	let onBusy: () => void = () => undefined;
	const busy = new Promise<void>((resolve) => {
		onBusy = resolve;
	});
	const end = start(stop.signal, onBusy).then(
		() => false,
		(error: unknown) => {
			if (!stop.signal.aborted) throw error;
			return true;
		},
	);
	await Promise.race([busy, end]);
	await pause(afterMs);
	const started = performance.now();
	stop.abort();
	return (await end) ? performance.now() - started : null;
}

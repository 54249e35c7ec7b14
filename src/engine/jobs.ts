import { DinomalyError } from '../errors';
import { rememberConnection } from '../store/objects/connections';
import type { TrainProgress } from '../training/request';
import type { JobModules, ScoreContext } from './jobModules';
import { toWireError } from './protocol';
import type { EngineFunctions, JobEvent, Reply } from './protocol';
import { TrainingQueue } from './trainingQueue';

type Emit = (jobId: string, event: JobEvent) => void;

/** More updates than this per second nobody reads, and each one wakes the host. */
const PROGRESS_EVERY_MS = 100;

/**
 * What the engine process does for each call.
 *
 * Order of work: trainings run one at a time, first come, first served, because each wants all cores and most of the memory. Every
 * other job starts as soon as its message arrives. All share one thread, which a native call holds until it returns: a training
 * must therefore let a macrotask through between its steps, and then a score call waits for one step at most, never for a training.
 * Cancelling works the same way: the message is seen between two steps.
 */
export function createJobs(modules: JobModules, emit: Emit): EngineFunctions {
	const running = new Map<string, AbortController>();
	const trainings = new TrainingQueue();

	const answer = async <T>(jobId: string, work: (signal: AbortSignal) => Promise<T>): Promise<Reply<T>> => {
		const controller = new AbortController();
		running.set(jobId, controller);
		try {
			return { ok: true, value: await work(controller.signal) };
		} catch (error) {
			return { ok: false, error: toWireError(controller.signal.aborted ? asCancelled(error) : error) };
		} finally {
			running.delete(jobId);
		}
	};
	const count = (jobId: string) => (done: number, total: number) => {
		emit(jobId, { kind: 'count', done, total });
	};

	return {
		train: (jobId, request) =>
			answer(jobId, (signal) =>
				trainings.run(signal, () => {
					const onProgress = calm((progress) => {
						emit(jobId, { kind: 'progress', progress });
					});
					return modules.train(request, { signal, onProgress });
				}),
			),
		score: (jobId, request) =>
			answer(jobId, async (signal) => {
				const onOutcome: ScoreContext['onOutcome'] = (outcome, index) => {
					emit(jobId, { kind: 'outcome', index, outcome });
				};
				return (await modules.score(request, { signal, onOutcome })).length;
			}),
		evaluate: (jobId, request) =>
			answer(jobId, (signal) => modules.evaluate(request, { signal, onProgress: count(jobId) })),
		evaluateMaps: (jobId, request) =>
			answer(jobId, (signal) => modules.evaluateMaps(request, { signal, onProgress: count(jobId) })),
		calibrate: (jobId, request) =>
			answer(jobId, (signal) => modules.calibrate(request, { signal, onProgress: count(jobId) })),
		quantise: (jobId, request) =>
			answer(jobId, (signal) => modules.quantise(request, { signal, onProgress: count(jobId) })),
		makeReport: (jobId, request) => answer(jobId, (signal) => modules.makeReport(request, { signal })),
		itemPictures: (jobId, request) =>
			answer(jobId, (signal) => modules.itemPictures(request, { signal })),
		exportModel: (jobId, request) => answer(jobId, (signal) => modules.exportModel(request, { signal })),
		drawSample: (jobId, request) =>
			answer(jobId, (signal) => modules.drawSample(request, { signal, onProgress: count(jobId) })),
		doctor: (jobId, request) => answer(jobId, (signal) => modules.doctor(request, { signal })),
		addImage: (jobId, request) =>
			answer(jobId, (signal) => modules.addImage(request, { signal, onProgress: count(jobId) })),
		inspectDataset: (jobId, request) =>
			answer(jobId, (signal) => modules.inspectDataset(request, { signal, onProgress: count(jobId) })),
		imageHeaders: (jobId, request) =>
			answer(jobId, (signal) => modules.imageHeaders(request, { signal })),
		lossCurve: (jobId, request) => answer(jobId, (signal) => modules.lossCurve(request, { signal })),
		measureImages: (jobId, request) =>
			answer(jobId, (signal) => modules.measureImages(request, { signal, onProgress: count(jobId) })),
		cancel: (jobId) => {
			running.get(jobId)?.abort(cancelled());
		},
		connect: rememberConnection,
	};
}

function cancelled(): DinomalyError {
	return new DinomalyError('CANCELLED', 'Expected the job to run to its end, found that it was cancelled');
}

/** A job says what it kept in an error of its own; a bare abort becomes the plain sentence. */
function asCancelled(error: unknown): unknown {
	return error instanceof Error && error.name === 'AbortError' ? cancelled() : error;
}

/** Lets through at most one update in a while, but every notice, every change of phase and every end of a phase. */
function calm(report: (progress: TrainProgress) => void): (progress: TrainProgress) => void {
	let lastAt = -Infinity;
	let lastPhase = '';
	return (progress) => {
		const now = performance.now();
		const phase = `${progress.model} ${progress.phase}`;
		const worthwhile =
			progress.notice !== undefined || phase !== lastPhase || progress.done >= progress.total;
		if (!worthwhile && now - lastAt < PROGRESS_EVERY_MS) return;
		lastAt = now;
		lastPhase = phase;
		report(progress);
	};
}

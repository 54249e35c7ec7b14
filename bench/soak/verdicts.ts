import type { Report } from '../support/report';
import { spreadOf } from '../support/report';
import { certaintyOfRise, median, medianSlope, trendOf, type Point } from './flatness';
import type { ProcessSample, Sample } from './samples';
import { PROMISES, type Promised, type Tally } from './tally';

/** Growth from the second third of a life to its last that is still called flat: the larger of the two. */
const FLAT = { share: 0.05, mb: 10 } as const;
/** Trainings come and go in the engine, with sessions of their own. */
const FLAT_ENGINE = { share: 0.1, mb: 20 } as const;
const FLAT_FILES = { share: 0.05, mb: 4 } as const;
/** A process is still warming up for this long. */
const WARM_AFTER_S = 30;
/** Samples of a warm process, a minute of them: one that was killed sooner was still growing. */
const LEAST_WARM = 12;
/** Fewer lives show no trend. */
const LEAST_LIVES = 5;
/** Levels of processes differ by what these happened to do, by more than a tenth: a rise counts when chance makes it once in a hundred soaks. */
const SURE = 2.33;
/** Shorter soaks are all warming up: their trends are told and not judged. */
const JUDGED_AFTER_S = 600;
/** Without these the soak has shown nothing. */
const NEEDED = [
	'images answered',
	'images answered with their error',
	'score calls that ended: died',
	'score calls that ended: cancelled',
	'evaluations that ended: done',
	'trainings done after they were cut off',
	'trainings that went on from a checkpoint',
	'trainings that were cut off: cancelled',
	'trainings that were cut off: died',
	'unknown models refused',
	'faults: engine killed',
	'faults: engine stopped for some seconds',
	'faults: host killed',
];

/** The same through engine workers, where a score outlives what computes it. */
const NEEDED_OF_WORKERS = [
	'images answered',
	'images answered with their error',
	'score calls that ended: cancelled',
	'evaluations that ended: done',
	'trainings done after they were cut off',
	'trainings that went on from a checkpoint',
	'trainings that were cut off: cancelled',
	'unknown models refused',
	'faults: worker killed',
	'faults: engine of a worker killed',
	'faults: worker told to stop',
	'faults: worker paused for some seconds',
	'faults: Redis restarted',
	'faults: Redis restarted without its data',
	'faults: caller killed',
];

/** What a short one on a busy machine comes to, too. */
const NEEDED_SOON = ['images answered', 'faults: engine killed'];
const NEEDED_OF_WORKERS_SOON = ['images answered', 'faults: worker paused for some seconds'];

/** What a process of the engine was like from its start to its end. */
interface Life {
	readonly pid: number;
	readonly memory: readonly Point[];
	readonly files: readonly Point[];
}

/** Whether a soak is long enough for its trends to mean something. */
export function isLong(samples: readonly Sample[]): boolean {
	return (samples.at(-1)?.at ?? 0) >= JUDGED_AFTER_S;
}

/** Tells what happened and judges what only the whole soak shows; trends are told and not judged where it was too short. */
export function judgeAll(
	report: Pick<Report, 'figure'>,
	tally: Tally,
	samples: readonly Sample[],
	{ judges, onWorkers = false }: { readonly judges: boolean; readonly onWorkers?: boolean },
): void {
	for (const [what, count] of tally.counts())
		report.figure({ what, unit: 'times', value: spreadOf([count]) });
	const judged = (promise: Promised): Judge => ({ report, tally: judges ? tally : undefined, promise });
	const host = (value: (sample: Sample) => number): Point[] =>
		samples.map((sample) => ({ at: sample.at, value: value(sample) }));
	judgeTrend(judged('memory'), 'memory of the host', {
		points: host(({ hostMb }) => hostMb),
		unit: 'MB',
		flat: FLAT,
	});
	judgeTrend(judged('memory'), 'JavaScript heap of the host', {
		points: host(({ hostHeapMb }) => hostHeapMb),
		...{ unit: 'MB', flat: FLAT },
	});
	judgeTrend(judged('descriptors'), 'open files of the host', {
		points: host(({ hostFiles }) => hostFiles),
		...{ unit: 'files', flat: FLAT_FILES },
	});
	const engines = livesOf(samples.map(({ at, engines }) => ({ at, processes: engines })));
	const workers = livesOf(samples.map(({ at, workers }) => ({ at, processes: workers })));
	judgeLongest(judged, 'engine', { lives: engines, flat: FLAT_ENGINE });
	judgeLongest(judged, 'worker', { lives: workers, flat: FLAT });
	judgeLives(judged('memory'), 'engine', engines);
	judgeLives(judged('memory'), 'worker', workers);
	const most = samples.reduce((high, { processes }) => Math.max(high, processes), 0);
	report.figure({ what: 'processes beside the host at most', unit: 'processes', value: spreadOf([most]) });
	const [needed, soon] = onWorkers ? [NEEDED_OF_WORKERS, NEEDED_OF_WORKERS_SOON] : [NEEDED, NEEDED_SOON];
	const missing = (judges ? needed : soon).filter((what) => tally.countOf(what) === 0);
	if (missing.length > 0) tally.broke('load', `expected each of these, found none: ${missing.join('; ')}`);
}

/** Prints a verdict for each promise; whether all were kept. */
export function tellVerdicts(report: Pick<Report, 'verdict'>, tally: Tally): boolean {
	for (const [promise, words] of Object.entries(PROMISES)) {
		const { count, sentences } = tally.brokenOf(promise as Promised);
		report.verdict({ promise: words, kept: count === 0, broken: count, sentences });
	}
	return Object.keys(PROMISES).every((promise) => tally.brokenOf(promise as Promised).count === 0);
}

interface Judge {
	readonly report: Pick<Report, 'figure'>;
	/** Absent where trends are told and not judged. */
	readonly tally: Tally | undefined;
	readonly promise: Promised;
}

interface Judged {
	readonly points: readonly Point[];
	readonly unit: string;
	readonly flat: { readonly share: number; readonly mb: number };
}

function judgeTrend({ report, tally, promise }: Judge, what: string, { points, unit, flat }: Judged): void {
	if (points.length === 0) return;
	report.figure({ what, unit, value: spreadOf(points.map(({ value }) => value)) });
	const trend = trendOf(points);
	if (trend === undefined) return;
	const { growth, perHour, secondThird, lastThird } = trend;
	report.figure({ what: `${what}, from the second third to the last`, unit, value: spreadOf([growth]) });
	report.figure({ what: `${what}, slope`, unit: `${unit}/h`, value: spreadOf([perHour]) });
	if (growth > Math.max(flat.mb, flat.share * secondThird))
		tally?.broke(
			promise,
			`${what} grew from ${secondThird.toFixed(1)} to ${lastThird.toFixed(1)} ${unit}`,
		);
}

function judgeLongest(
	judged: (promise: Promised) => Judge,
	kind: string,
	{ lives, flat }: { readonly lives: readonly Life[]; readonly flat: Judged['flat'] },
): void {
	const longest = [...lives].sort((a, b) => spanOf(b) - spanOf(a)).at(0);
	if (longest === undefined) return;
	const what = `the ${kind} that lived longest (${(spanOf(longest) / 60).toFixed(1)} min)`;
	judgeTrend(judged('memory'), `memory of ${what}`, { points: longest.memory, unit: 'MB', flat });
	judgeTrend(judged('descriptors'), `open files of ${what}`, {
		points: longest.files,
		...{ unit: 'files', flat: FLAT_FILES },
	});
}

/** Whether later processes of the engine need more than earlier ones, as they would when something in the store grew. */
function judgeLives({ report, tally, promise }: Judge, kind: string, lives: readonly Life[]): void {
	const levels: Point[] = [];
	for (const { memory } of lives) {
		const warm = memory.filter(({ at }) => at >= memory[0].at + WARM_AFTER_S);
		if (warm.length >= LEAST_WARM)
			levels.push({ at: memory[0].at, value: median(warm.map(({ value }) => value)) });
	}
	if (levels.length < LEAST_LIVES) return;
	const what = `memory of each ${kind} once warm`;
	report.figure({ what, unit: 'MB', value: spreadOf(levels.map(({ value }) => value)) });
	const span = levels[levels.length - 1].at - levels[0].at;
	const growth = span * medianSlope(levels);
	report.figure({ what: `${what}, from the first to the last`, unit: 'MB', value: spreadOf([growth]) });
	const level = median(levels.map(({ value }) => value));
	if (growth > Math.max(FLAT_ENGINE.mb, FLAT_ENGINE.share * level) && certaintyOfRise(levels) > SURE)
		tally?.broke(promise, `${what} grew by ${growth.toFixed(1)} MB from the first to the last`);
}

function livesOf(
	looks: readonly { readonly at: number; readonly processes: readonly ProcessSample[] }[],
): Life[] {
	const lives = new Map<number, { pid: number; memory: Point[]; files: Point[] }>();
	for (const { at, processes } of looks) {
		for (const { pid, mb, files } of processes) {
			const life = lives.get(pid) ?? { pid, memory: [], files: [] };
			life.memory.push({ at, value: mb });
			life.files.push({ at, value: files });
			lives.set(pid, life);
		}
	}
	return [...lives.values()];
}

function spanOf({ memory }: Life): number {
	return memory[memory.length - 1].at - memory[0].at;
}

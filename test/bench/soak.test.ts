import { Calls } from '../../bench/soak/calls';
import { metricsOf } from '../../bench/soak/expected';
import type { Sample } from '../../bench/soak/samples';
import { trendOf } from '../../bench/soak/flatness';
import { Tally, type Promised } from '../../bench/soak/tally';
import { judgeAll, tellVerdicts } from '../../bench/soak/verdicts';
import type { Workshop } from '../../bench/soak/workerPool';
import type { Figure, Verdict } from '../../bench/support/report';
import type { Engine } from '../../src/engine/host';
import type { EvaluateResult } from '../../src/evaluation/request';

const MINUTE = 60;

/** A soak of an hour, a sample every five seconds, in which an engine lives for so many minutes. */
function soakOf({ lives = 4, ...given }: Partial<Shape> & { readonly lives?: number } = {}): Sample[] {
	const shape: Shape = {
		hostMb: () => 130,
		hostFiles: () => 24,
		engineMb: () => 500,
		engineFiles: () => 30,
		...given,
	};
	return Array.from({ length: 720 }, (_, i) => {
		const at = 5 * i;
		const pid = 1000 + Math.floor(at / (lives * MINUTE));
		const age = at % (lives * MINUTE);
		const wave = 3 * Math.sin(i);
		return {
			at,
			hostMb: shape.hostMb(at) + wave,
			hostHeapMb: 9 + wave / 3,
			hostFiles: shape.hostFiles(at),
			engines: [{ pid, mb: shape.engineMb(at, age) + wave, files: shape.engineFiles(age) }],
			workers: [],
			processes: 2,
			leftFiles: 0,
		};
	});
}

interface Shape {
	readonly hostMb: (at: number) => number;
	readonly hostFiles: (at: number) => number;
	readonly engineMb: (at: number, age: number) => number;
	readonly engineFiles: (age: number) => number;
}

function broken(samples: readonly Sample[], promise: Promised): readonly string[] {
	const tally = new Tally();
	judgeAll({ figure: () => undefined }, tally, samples, { judges: true });
	return tally.brokenOf(promise).sentences;
}

beforeEach(() => jest.spyOn(console, 'error').mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

test('a trend is told from the second third on: warming up is none', () => {
	const warming = Array.from({ length: 300 }, (_, at) => ({ at, value: Math.min(at, 90) }));
	expect(trendOf(warming)).toMatchObject({ growth: 0, perHour: 0, most: 90 });
	const growing = Array.from({ length: 300 }, (_, at) => ({ at, value: at / 3600 }));
	expect(trendOf(growing)?.perHour).toBeCloseTo(1, 9);
	expect(trendOf(growing.slice(0, 10))).toBeUndefined();
});

test('memory and files that only wave are flat', () => {
	expect(broken(soakOf(), 'memory')).toEqual([]);
	expect(broken(soakOf(), 'descriptors')).toEqual([]);
	expect(broken(soakOf({ engineMb: (_, age) => 300 + Math.min(200, 10 * age) }), 'memory')).toEqual([]);
});

test('a host that grows by a megabyte a minute is not flat', () => {
	expect(broken(soakOf({ hostMb: (at) => 130 + at / MINUTE }), 'memory')).toEqual([
		expect.stringMatching(/^memory of the host grew from \d+\.\d to \d+\.\d MB$/),
	]);
});

test('an engine that grows within its life is not flat', () => {
	const grown = broken(soakOf({ lives: 18, engineMb: (_, age) => 500 + (10 * age) / MINUTE }), 'memory');
	expect(grown).toEqual([expect.stringMatching(/^memory of the engine that lived longest .* grew/)]);
});

test('engines that need more the later they start are not flat', () => {
	const grown = broken(soakOf({ engineMb: (at) => 500 + Math.floor(at / 240) * 8 }), 'memory');
	expect(grown).toEqual([expect.stringMatching(/^memory of each engine once warm grew by/)]);
});

test('engines that need now more, now less, are flat', () => {
	const levels = [450, 600, 530, 560, 610, 647, 540, 620, 500, 640, 560, 630, 600, 520, 660];
	const engineMb = (at: number): number => levels[Math.floor(at / (4 * MINUTE))];
	expect(broken(soakOf({ engineMb }), 'memory')).toEqual([]);
	const rising = levels.toSorted((a, b) => a - b);
	const risingMb = (at: number): number => rising[Math.floor(at / (4 * MINUTE))];
	expect(broken(soakOf({ engineMb: risingMb }), 'memory')).toHaveLength(1);
});

test('engines that were killed before they were warm say nothing', () => {
	const engineMb = (at: number, age: number): number => 300 + age * (1 + at / 1200);
	expect(broken(soakOf({ lives: 0.7, engineMb }), 'memory')).toEqual([]);
});

test('files that are never closed are not flat', () => {
	expect(broken(soakOf({ hostFiles: (at) => 24 + at / 200 }), 'descriptors')).toHaveLength(1);
	expect(broken(soakOf({ lives: 18, engineFiles: (age) => 30 + age / 50 }), 'descriptors')).toHaveLength(1);
});

test('a soak in which nothing happened has shown nothing, and a broken promise breaks the whole', () => {
	expect(broken(soakOf(), 'load')).toEqual([expect.stringContaining('faults: engine killed')]);
	const verdicts: Verdict[] = [];
	const report = { verdict: (verdict: Verdict) => void verdicts.push(verdict) };
	const tally = new Tally();
	expect(tellVerdicts(report, tally)).toBe(true);
	for (let i = 0; i < 12; i++) tally.broke('items', `image ${String(i)} is lost`);
	expect(tellVerdicts(report, tally)).toBe(false);
	const lost = verdicts.filter(({ kept }) => !kept);
	expect(lost).toMatchObject([{ broken: 12, sentences: { length: 10 } }]);
});

test('pictures of an evaluation are compared by their bytes, whatever class these come in', () => {
	const result = (picture: Uint8Array): EvaluateResult =>
		({ seconds: performance.now(), examples: [{ picture }] }) as unknown as EvaluateResult;
	const same = metricsOf(result(Buffer.from([1, 2])));
	expect(metricsOf(result(Uint8Array.of(1, 2)))).toBe(same);
	expect(metricsOf(result(Uint8Array.of(1, 3)))).not.toBe(same);
});

test('on engine workers a score outlives one death of what computes it, a training and a score without Redis need not', async () => {
	const [deaths, away] = [{ count: 0 }, { is: false }];
	const workshop = {
		pool: { deathsSince: () => deaths.count },
		redis: { wasAwaySince: () => away.is },
	} as unknown as Workshop;
	const tally = new Tally();
	const calls = new Calls({ pid: process.pid } as Engine, tally, workshop);
	const judge = async (what: string, code: string): Promise<string> => {
		const error = Object.assign(new Error('x'), { code });
		return calls
			.run(what, () => Promise.reject(error))
			.catch((caught: unknown) => calls.judge(what, caught));
	};
	expect(await judge('train', 'ENGINE_DIED')).toBe('unexpected');
	deaths.count = 1;
	expect(await judge('train', 'ENGINE_DIED')).toBe('died');
	expect(await judge('score', 'ENGINE_DIED')).toBe('unexpected');
	deaths.count = 2;
	expect(await judge('score', 'ENGINE_DIED')).toBe('died');
	expect(await judge('score', 'QUEUE_UNREACHABLE')).toBe('unexpected');
	away.is = true;
	expect(await judge('score', 'QUEUE_UNREACHABLE')).toBe('refused');
	expect(await judge('score', 'WORKERS_MISSING')).toBe('unexpected');
	expect(tally.brokenOf('errors').count).toBe(4);
});

test('a short soak tells its trends and does not judge them', () => {
	const figures: Figure[] = [];
	const tally = new Tally();
	const samples = soakOf({ hostMb: (at) => 130 + at }).slice(0, 60);
	judgeAll({ figure: (figure) => void figures.push(figure) }, tally, samples, { judges: false });
	expect(tally.brokenOf('memory').count).toBe(0);
	expect(figures.map(({ what }) => what)).toContain(
		'memory of the host, from the second third to the last',
	);
});

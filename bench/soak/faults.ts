import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { between, rest, type Soak } from './context';
import { trainRequest } from './expected';
import { isAlive } from './processes';
import { trainToEnd } from './trainings';

/** What a host tells of its engine. */
export interface HostNews {
	readonly pid: number | undefined;
	/** Iteration of its training. */
	readonly seen: number;
}

/** So many in a long soak, so that an hour's engine is killed every two to three minutes; in a short one so often at most. */
export const KILLS = { times: 24, leastGapMs: 15_000 };
export const STOPS = { times: 12, leastGapMs: 20_000 };
const HOSTS = { times: 10, leastGapMs: 30_000 };
/** In this part of the soak no engine is killed, so that one lives long enough to show whether its memory grows. */
export const QUIET = { from: 0.45, to: 0.75 } as const;
/** A stopped process looks dead to nobody for this long: locks are given up after a minute. */
const STOPPED_MS = [2000, 15_000] as const;
/** The watchdog looks every second and gives two more; the rest is a busy machine. */
const ORPHAN_MS = 10_000;

/** Kills the engine's process now and then. */
export async function runKills(soak: Soak): Promise<void> {
	const { durationMs, engine, calls, over, breakages } = soak;
	const random = soak.random('kills');
	const began = Date.now();
	const gap = gapOf(KILLS, durationMs);
	for (;;) {
		await rest(soak, between(random, 0.8 * gap, 1.2 * gap));
		if (over.aborted) return;
		if (isQuiet(soak, began)) continue;
		const { pid } = engine;
		if (pid !== undefined && !breakages.has('noKills')) calls.kill(pid);
	}
}

/** Whether nothing is to be killed now. */
export function isQuiet({ durationMs }: Pick<Soak, 'durationMs'>, began: number): boolean {
	const part = (Date.now() - began) / durationMs;
	return part >= QUIET.from && part < QUIET.to;
}

/** Stops the engine's process for a while, as a machine that swaps or sleeps does; all goes on afterwards. */
export async function runStops(soak: Soak): Promise<void> {
	const { durationMs, engine, over, tally } = soak;
	const random = soak.random('stops');
	const gap = gapOf(STOPS, durationMs);
	for (;;) {
		await rest(soak, between(random, 0.8 * gap, 1.2 * gap));
		if (over.aborted) return;
		const { pid } = engine;
		if (pid === undefined) continue;
		tally.count('faults: engine stopped for some seconds');
		signal(pid, 'SIGSTOP');
		await pause(between(random, ...STOPPED_MS));
		signal(pid, 'SIGCONT');
	}
}

/** Starts another host on the same store, or another caller of the workers, kills it in mid-training, and takes its training up. */
export async function runHosts(soak: Soak): Promise<void> {
	const { durationMs, over } = soak;
	const random = soak.random('hosts');
	const gap = gapOf(HOSTS, durationMs);
	for (let round = 0; ; round++) {
		await rest(soak, between(random, 0.8 * gap, 1.2 * gap));
		if (over.aborted) return;
		const model = `host-${String(round)}`;
		const news = await killHost(soak, model, between(random, 500, 8000));
		// A worker that lost its caller may have come to the end before it missed it: then nothing is kept, by right.
		const seen = soak.workshop === undefined ? news?.seen : 0;
		if (seen !== undefined) await trainToEnd(soak, model, { seen });
	}
}

/** Returns what the host told last; undefined when it never got to its training. */
async function killHost(
	{ data, tally, over, workshop }: Soak,
	model: string,
	afterMs: number,
): Promise<HostNews | undefined> {
	const request = JSON.stringify(trainRequest(data, model));
	const host: ChildProcess = fork(
		path.join(__dirname, 'host.js'),
		workshop === undefined ? [request] : [request, workshop.redis.url],
		{ execArgv: [] },
	);
	let news: HostNews | undefined;
	host.on('message', (message) => {
		news = message as HostNews;
	});
	const exited = new Promise<void>((resolve) =>
		host.once('exit', () => {
			resolve();
		}),
	);
	for (let waited = 0; news === undefined && waited < 60_000 && !over.aborted; waited += 50)
		await pause(50);
	await pause(afterMs);
	host.kill('SIGKILL');
	await exited;
	if (workshop !== undefined && news !== undefined) tally.count('faults: caller killed');
	const { pid } = news ?? {};
	if (pid === undefined) return news;
	tally.count('faults: host killed');
	for (let waited = 0; isAlive(pid) && waited < ORPHAN_MS; waited += 100) await pause(100);
	if (isAlive(pid))
		tally.broke('processes', `the engine of a killed host lives on after ${ORPHAN_MS / 1000} s`);
	return news;
}

export function gapOf({ times, leastGapMs }: typeof KILLS, durationMs: number): number {
	return Math.max(leastGapMs, durationMs / times);
}

function signal(pid: number, name: NodeJS.Signals): void {
	try {
		process.kill(pid, name);
	} catch {
		// gone meanwhile: killed by the other loop
	}
}

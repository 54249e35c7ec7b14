import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { SoakData } from './data';
import { markedProcesses } from './processes';
import type { RedisServer } from './redisServer';
import type { Tally } from './tally';

/** Where the work of a soak is computed that asks engine workers. */
export interface Workshop {
	readonly pool: WorkerPool;
	readonly redis: RedisServer;
	/** Every process of the soak has it. */
	readonly mark: string;
}

/** What a worker had to do when it was told to stop: finish scores, save a checkpoint. */
const STOPS_WITHIN_MS = 90_000;
const STARTS_WITHIN_MS = 60_000;
const HOLD_MS = 15_000;
const STARTED_AGAIN_AFTER_MS = 1000;
/** Lines of a worker that are kept, for the sentence about one that ended by itself. */
const KEPT_LINES = 5;

/** A worker's place: one process after the other. */
interface Place {
	child: ChildProcess;
	lines: string[];
	/** Somebody does something to it. */
	isTaken: boolean;
	/** Its end is no surprise. */
	isEnding: boolean;
}

/** Moments at which work was cut off, in milliseconds since 1970. */
export interface Death {
	readonly at: number;
	readonly of: 'worker' | 'engine';
}

/** The `dinomaly worker` processes of a soak. */
export class WorkerPool {
	readonly #places: Place[] = [];
	readonly #deaths: Death[] = [];

	private constructor(
		private readonly data: SoakData,
		private readonly redis: RedisServer,
		private readonly tally: Tally,
	) {}

	static async start(
		count: number,
		{
			data,
			redis,
			tally,
		}: { readonly data: SoakData; readonly redis: RedisServer; readonly tally: Tally },
	): Promise<WorkerPool> {
		const pool = new WorkerPool(data, redis, tally);
		for (let i = 0; i < count; i++) {
			const place: Place = { child: pool.#spawn(), lines: [], isTaken: false, isEnding: false };
			pool.#places.push(place);
			await pool.#watch(place);
		}
		return pool;
	}

	/** Pids of the workers that run. */
	get pids(): readonly number[] {
		return this.#places.flatMap(({ child: { pid, exitCode, signalCode } }) =>
			pid === undefined || exitCode !== null || signalCode !== null ? [] : [pid],
		);
	}

	/** How many processes that computed were killed since then. */
	deathsSince(moment: number): number {
		return this.#deaths.filter(({ at }) => at >= moment).length;
	}

	/** Kills a worker as the system does, and starts another one after a while. */
	async kill(which: number, downMs: number): Promise<void> {
		await this.#with(which, async (place) => {
			this.#deaths.push({ at: Date.now(), of: 'worker' });
			await end(place, 'SIGKILL');
			this.tally.count('faults: worker killed');
			await pause(downMs);
			await this.#restart(place);
		});
	}

	/** Kills the engine of a worker, which stays. */
	killEngine(which: number, mark: string): void {
		const { child, isTaken } = this.#places[which];
		const engine = markedProcesses(mark).find(({ parent }) => parent === child.pid);
		if (engine === undefined || isTaken) return;
		this.#deaths.push({ at: Date.now(), of: 'engine' });
		process.kill(engine.pid, 'SIGKILL');
		this.tally.count('faults: engine of a worker killed');
	}

	/** Tells a worker to stop, as a service manager does, and starts another one. */
	async replace(which: number): Promise<void> {
		await this.#with(which, async (place) => {
			this.tally.count('faults: worker told to stop');
			await this.#stop(place);
			await this.#restart(place);
		});
	}

	/** Stops a worker and its engine for a while, as a machine that swaps or sleeps does. */
	async pauseFor(which: number, ms: number, mark: string): Promise<void> {
		await this.#with(which, async ({ child: { pid } }) => {
			const frozen = markedProcesses(mark).filter((one) => one.pid === pid || one.parent === pid);
			// Its hold on what it has in hand runs out after 20 s: to all others that is a death.
			if (ms >= HOLD_MS) this.#deaths.push({ at: Date.now(), of: 'worker' });
			this.tally.count('faults: worker paused for some seconds');
			for (const one of frozen) signal(one.pid, 'SIGSTOP');
			await pause(ms);
			// The engine first: it must not miss its host.
			for (const one of frozen.reverse()) signal(one.pid, 'SIGCONT');
		});
	}

	async close(): Promise<void> {
		await Promise.all(this.#places.map((place) => this.#stop(place)));
	}

	/** Does something to a worker, unless somebody else does. */
	async #with(which: number, work: (place: Place) => Promise<void>): Promise<void> {
		const place = this.#places[which];
		if (place.isTaken) return;
		place.isTaken = true;
		try {
			await work(place);
		} finally {
			place.isTaken = false;
		}
	}

	async #stop(place: Place): Promise<void> {
		const overdue = setTimeout(() => {
			this.tally.broke('processes', `a worker did not stop within ${STOPS_WITHIN_MS / 1000} s`);
			place.child.kill('SIGKILL');
		}, STOPS_WITHIN_MS);
		const code = await end(place, 'SIGTERM');
		clearTimeout(overdue);
		if (code !== 0)
			this.tally.broke(
				'processes',
				`a worker that was told to stop ended with ${String(code)}: ${said(place)}`,
			);
	}

	/** One that finds no Redis ends, and is started again, as a service manager does. */
	async #restart(place: Place): Promise<void> {
		for (;;) {
			const began = Date.now();
			Object.assign(place, { child: this.#spawn(), lines: [], isEnding: false });
			await this.#watch(place);
			const isGone = place.child.exitCode !== null;
			if (!isGone || !this.#foundNoRedis(place, began)) return;
			this.tally.count('workers that found no Redis and were started again');
			await pause(STARTED_AGAIN_AFTER_MS);
		}
	}

	#foundNoRedis(place: Place, began: number): boolean {
		return this.redis.wasAwaySince(began) && said(place).includes('Expected Redis at');
	}

	#spawn(): ChildProcess {
		const { store, data, folder } = this.data;
		const cli = path.join(__dirname, '..', '..', 'src', 'cli.js');
		// Missing images are asked for below /nowhere: each machine has it, and nothing in it.
		const folders = ['--data', data, '--data', `/nowhere=${path.join(folder, 'nowhere')}`];
		return spawn(process.execPath, [cli, 'worker', '--store', store, ...folders], {
			env: { ...process.env, DINOMALY_REDIS_URL: this.redis.url },
			stdio: ['ignore', 'ignore', 'pipe'],
		});
	}

	/** Resolves once it waits for work. */
	async #watch(place: Place): Promise<void> {
		const { child } = place;
		const began = Date.now();
		child.once('close', (code, signalName) => {
			if (!place.isEnding && !this.#foundNoRedis(place, began))
				this.tally.broke(
					'processes',
					`a worker ended by itself (${String(code ?? signalName)}): ${said(place)}`,
				);
		});
		await new Promise<void>((resolve) => {
			const late = setTimeout(() => {
				this.tally.broke('processes', `a worker did not start within ${STARTS_WITHIN_MS / 1000} s`);
				resolve();
			}, STARTS_WITHIN_MS);
			child.stderr?.on('data', (chunk: Buffer) => {
				place.lines.push(...chunk.toString().split('\n').filter(Boolean));
				place.lines.splice(0, place.lines.length - KEPT_LINES);
				if (!chunk.toString().includes('Waiting for work')) return;
				clearTimeout(late);
				resolve();
			});
			child.once('close', () => {
				clearTimeout(late);
				resolve();
			});
		});
	}
}

/** Its exit code; null when a signal ended it. */
async function end(place: Place, name: NodeJS.Signals): Promise<number | null> {
	const { child } = place;
	place.isEnding = true;
	if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
	const gone = new Promise<number | null>((resolve) => child.once('close', resolve));
	child.kill(name);
	return gone;
}

function said({ lines }: Place): string {
	return lines.join(' | ').slice(-300);
}

function signal(pid: number, name: NodeJS.Signals): void {
	try {
		process.kill(pid, name);
	} catch {
		// gone meanwhile
	}
}

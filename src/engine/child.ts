import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { DinomalyError } from '../errors';
import type { StoreConnection } from '../store/objects/connection';
import { connectionOf } from '../store/objects/connections';
import { readEvent, readReply } from './answers';
import { describeDeath } from './death';
import { LastLines } from './lastLines';
import { readWireError, toWireError } from './protocol';
import type { JobEvent, JobName, JobTypes, Reply, WireError } from './protocol';
import { connectEngine } from './rpc';
import type { EngineRemote } from './rpc';

export interface JobHooks {
	readonly onEvent: (event: JobEvent) => void;
	/** Lines that the engine process prints while the job runs. */
	readonly onLog?: (line: string) => void;
}

export interface StartedJob<T> {
	/** Never rejects. */
	readonly reply: Promise<Reply<T>>;
	/** Asks the job to end. */
	readonly cancel: () => void;
	/** Answers for a job that does not end, and gives its process up. */
	readonly abandon: (error: WireError) => void;
}

interface Job extends JobHooks {
	readonly settle: (reply: Reply<never>) => void;
}

/** After this long without the end of its streams (a grandchild may hold them) a dead process is taken as read. */
const DRAIN_MS = 1000;
/** How long a process may take to exit once it is told to. */
const EXIT_MS = 2000;

/** What sending to a process that is gone fails with, whether or not its end was noticed yet. */
const CLOSED_PIPE = new Set([
	'EPIPE',
	'ECONNRESET',
	'ECANCELED',
	'ERR_IPC_CHANNEL_CLOSED',
	'ERR_IPC_DISCONNECTED',
]);

/**
 * One engine process, seen from its host. It keeps the host's event loop alive only while a job is unanswered. A process whose job had
 * to be abandoned takes no new jobs and is killed as soon as it owes nobody an answer.
 */
export class EngineChild {
	/** Resolves when the process is gone and its jobs are answered. */
	readonly gone: Promise<void>;
	readonly #process: ChildProcess;
	readonly #rpc: EngineRemote;
	readonly #output: LastLines;
	/** Those that are not answered. */
	readonly #jobs = new Map<string, Job>();
	/** What the process knows: store folder to connection. */
	readonly #connected = new Map<string, StoreConnection>();
	readonly #onQuiet: () => void;
	#nextJob = 1;
	#fatal: WireError | undefined;
	#open = true;
	#isRefused = false;

	/** Forks `entry`; throws RUNTIME_MISSING when there is no such file. `onQuiet` is called whenever the last job is answered. */
	constructor(entry: string, onQuiet: () => void) {
		if (!existsSync(entry)) {
			throw new DinomalyError(
				'RUNTIME_MISSING',
				`Expected the engine's program at ${entry}, found no such file`,
				{
					hint: 'Install the package again; in a checkout, run "npm run build" first.',
				},
			);
		}
		this.#onQuiet = onQuiet;
		this.#process = fork(entry, [], {
			serialization: 'advanced',
			stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
			execArgv: [], // the host's --inspect or --require is not meant for the engine
			windowsHide: true,
		} as Parameters<typeof fork>[2]);
		this.#output = new LastLines((line) => {
			for (const job of this.#unanswered()) job.onLog?.(line);
		});
		this.#rpc = connectEngine(
			{
				send: (message, done) => this.#process.send(message as object, done),
				listen: (handler) => this.#process.on('message', handler),
				refuse: (error) => {
					this.#refuse(error);
				},
			},
			{
				event: (jobId, event) => {
					this.#believe(() => {
						this.#tell(jobId, readEvent(event));
					});
				},
				fatal: (error) => {
					this.#fatal = readWireError(error);
				},
			},
		);
		this.gone = this.#watchEnd();
		this.#setRef(false);
	}

	get pid(): number | undefined {
		return this.#process.pid;
	}

	/** Whether it takes new jobs. */
	get isOpen(): boolean {
		return this.#open;
	}

	get isQuiet(): boolean {
		return this.#unanswered().length === 0;
	}

	start<K extends JobName>(
		name: K,
		request: JobTypes[K]['request'],
		hooks: JobHooks,
	): StartedJob<JobTypes[K]['result']> {
		const id = String(this.#nextJob++);
		const reply = new Promise<Reply<JobTypes[K]['result']>>((resolve) => {
			const job: Job = {
				...hooks,
				settle: (answer) => {
					if (!this.#jobs.delete(id)) return;
					resolve(answer);
					this.#afterAnswer();
				},
			};
			this.#jobs.set(id, job);
			this.#setRef(true);
			this.#connect(request);
			this.#rpc
				.$call(name, ...([id, request] as Parameters<EngineRemote[K]>))
				.then((answer: unknown) => {
					this.#believe(() => {
						job.settle(readReply(name, answer));
					});
				})
				// Here a message could not be sent. When that is because its process is gone, the process's end answers and says why.
				.catch((error: unknown) => {
					if (this.#process.connected && !isClosedPipe(error))
						job.settle(failure(toWireError(error)));
				});
		});
		return {
			reply,
			cancel: () => {
				this.#cancel(id);
			},
			abandon: (error) => {
				this.#open = false;
				this.#jobs.get(id)?.settle(failure(error));
			},
		};
	}

	/** Tells the process to exit, kills it when it does not, and answers what is left in it with `error`. */
	async close(error: WireError): Promise<void> {
		this.#open = false;
		for (const job of this.#unanswered()) job.settle(failure(error));
		if (this.#process.connected) this.#process.disconnect();
		const overdue = setTimeout(() => {
			this.kill();
		}, EXIT_MS);
		overdue.unref();
		await this.gone;
		clearTimeout(overdue);
	}

	/** Ends the process at once, whatever it does. */
	kill(): void {
		this.#open = false;
		this.#process.kill('SIGKILL');
	}

	/** Does something with what the process sent; one that sends what no engine sends is ended, and not listened to any more. */
	#believe(work: () => void): void {
		if (this.#isRefused) return;
		try {
			work();
		} catch (error) {
			this.#refuse(error);
		}
	}

	#refuse(error: unknown): void {
		this.#isRefused = true;
		this.#fatal = toWireError(error);
		this.kill();
	}

	/** Messages arrive in order: the job finds the connection of its store. */
	#connect(request: object): void {
		const store = 'store' in request && typeof request.store === 'string' ? request.store : undefined;
		const connection = store === undefined ? undefined : connectionOf(store);
		if (store === undefined || connection === undefined || this.#connected.get(store) === connection)
			return;
		this.#connected.set(store, connection);
		// When the message cannot be sent the process is gone, and its end answers the job.
		this.#rpc.connect(store, connection).catch(() => undefined);
	}

	/** Keeps the host's event loop alive, or not. */
	#setRef(wanted: boolean): void {
		const { channel, stdout, stderr } = this.#process;
		for (const handle of [this.#process, channel, stdout as Socket | null, stderr as Socket | null]) {
			if (wanted) handle?.ref();
			else handle?.unref();
		}
	}

	#unanswered(): Job[] {
		return [...this.#jobs.values()];
	}

	#afterAnswer(): void {
		if (!this.isQuiet) return;
		this.#setRef(false);
		if (this.#open) this.#onQuiet();
		else this.kill();
	}

	#tell(jobId: string, event: JobEvent): void {
		const job = this.#jobs.get(jobId);
		if (job === undefined) return;
		try {
			job.onEvent(event);
		} catch (error) {
			this.#cancel(jobId);
			job.settle(failure(toWireError(error)));
		}
	}

	#cancel(jobId: string): void {
		// When the message cannot be sent the process is gone, and its end answers the job.
		this.#rpc.cancel(jobId).catch(() => undefined);
	}

	#watchEnd(): Promise<void> {
		this.#process.once('disconnect', () => {
			this.#open = false;
			setTimeout(() => {
				if (this.#process.exitCode === null && this.#process.signalCode === null) this.kill();
			}, EXIT_MS).unref();
		});
		for (const stream of [this.#process.stdout, this.#process.stderr])
			if (stream) this.#output.watch(stream);
		return new Promise((resolve) => {
			let drain: NodeJS.Timeout | undefined;
			const end = (code: number | null, signal: NodeJS.Signals | null, startError?: Error): void => {
				clearTimeout(drain);
				this.#open = false;
				const error = describeDeath({
					code,
					signal,
					startError,
					fatal: this.#fatal,
					output: this.#output.toString(),
				});
				// The calls themselves are left as they are: those whose message is still on its way would reject with nobody listening.
				for (const job of this.#unanswered()) job.settle(failure(error));
				resolve();
			};
			this.#process.once('error', (error) => {
				if (this.#process.pid === undefined) end(null, null, error);
			});
			// An exit may overtake the last messages and lines; "close" comes after all of them (but never after our own disconnect).
			this.#process.once('exit', (code, signal) => {
				this.#open = false;
				drain = setTimeout(end, this.isQuiet ? 0 : DRAIN_MS, code, signal);
			});
			this.#process.once('close', end);
		});
	}
}

function isClosedPipe(error: unknown): boolean {
	return error instanceof Error && 'code' in error && CLOSED_PIPE.has(String(error.code));
}

function failure(error: WireError): Reply<never> {
	return { ok: false, error };
}

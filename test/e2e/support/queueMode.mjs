// n8n in queue mode as on machines of their own: each process has its own user folder; they share a database, a Redis and a model store.
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { openClient } from '../../../scripts/n8n/client.mjs';
import { startServer } from '../../../scripts/n8n/server.mjs';
import { startEngineWorker } from './engineWorker.mjs';
import { newHome, PASSWORD } from './home.mjs';
import { openPostgres } from './postgres.mjs';
import { enginesOf } from './processes.mjs';
import { openRedis } from './redis.mjs';

const CONCURRENCY = 5;

/**
 * Starts a main process, n8n workers and engine workers; on Postgres where one is installed, else on SQLite.
 * @param environment variables of all n8n processes, on top of ours
 */
export async function openQueueMode({ n8nWorkers, engineWorkers = 0, environment = {} }) {
	const closing = [];
	const close = async () => {
		for (const end of closing.reverse()) await end();
	};
	try {
		const home = await newHome();
		closing.push(home.dispose);
		const redis = await openRedis();
		closing.push(redis.close);
		const postgres = await openPostgres();
		if (postgres !== undefined) closing.push(postgres.close);
		const variables = {
			...redis.environment,
			...(postgres?.environment ?? {
				DB_SQLITE_DATABASE: path.join(home.folder, '.n8n', 'database.sqlite'),
			}),
			DINOMALY_STORE: home.store,
			DINOMALY_REDIS_URL: redis.url,
			N8N_RESTRICT_FILE_ACCESS_TO: home.files,
			OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
			...environment,
		};
		// It makes the database: workers cannot start before.
		const main = await startServer(home.folder, { environment: variables });
		closing.push(() => main.stop());
		const ofWorkers = { ...variables, N8N_WEBHOOK_URL: `${main.url}/` };
		const crew = new Crew({ home, redis, variables: ofWorkers });
		closing.push(() => crew.stop());
		await Promise.all([
			...Array.from({ length: n8nWorkers }, () => crew.add('n8n')),
			...Array.from({ length: engineWorkers }, () => crew.add('engine')),
		]);
		const client = await openClient(main.url, PASSWORD);
		return {
			home,
			redis,
			crew,
			main,
			client,
			concurrency: CONCURRENCY,
			hasPostgres: postgres !== undefined,
			close,
		};
	} catch (error) {
		await close();
		throw error;
	}
}

/** The workers: those that run, and those that were killed. */
class Crew {
	/** Each with `kind` ('n8n' or 'engine'), `pid`, `said()` and, once it was killed, `engines` that it had. */
	killed = [];
	#living = new Set();
	#count = 0;
	#set;

	constructor(set) {
		this.#set = set;
	}

	/** The living ones of a kind; of both without one. */
	living(kind) {
		return [...this.#living].filter((worker) => kind === undefined || worker.kind === kind);
	}

	/** @param folder the user folder of an n8n worker that was killed, as when its container restarts; else a new one */
	async add(kind, folder) {
		const number = ++this.#count;
		const own = folder ?? path.join(this.#set.home.folder, `worker-${number}`);
		const worker = kind === 'n8n' ? await this.#startN8n(own) : await this.#startEngines();
		this.#living.add(Object.assign(worker, { kind, name: `${kind} worker ${number}` }));
		return worker;
	}

	/** Kills one as a power cut does. @returns what it left: itself, with the pids of its engine processes */
	async kill(worker) {
		this.#living.delete(worker);
		worker.engines = enginesOf(worker.pid);
		this.killed.push(worker);
		await worker.kill();
		return worker;
	}

	/** Ends all that are left, in good order. */
	async stop() {
		const engines = this.living().flatMap(({ pid }) => enginesOf(pid));
		await Promise.all(this.living().map((worker) => worker.stop()));
		this.#living.clear();
		return engines;
	}

	async #startN8n(folder) {
		const { home, variables } = this.#set;
		const nodes = path.join('.n8n', 'nodes');
		mkdirSync(path.join(folder, '.n8n'), { recursive: true });
		if (!existsSync(path.join(folder, nodes)))
			symlinkSync(path.join(home.folder, nodes), path.join(folder, nodes), 'junction');
		const lines = [];
		const worker = await startServer(folder, {
			command: 'worker',
			args: [`--concurrency=${CONCURRENCY}`],
			environment: variables,
			onLine: (line) => lines.push(line),
		});
		return { ...worker, folder, said: () => lines.join('\n') };
	}

	#startEngines() {
		const { home, redis } = this.#set;
		return startEngineWorker({ redis, store: home.store, data: home.files });
	}
}

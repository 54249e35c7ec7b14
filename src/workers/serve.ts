import { hostname } from 'node:os';
import type { Job, Worker } from 'bullmq';
import { trainPatiently } from '../engine/patientTraining';
import type { Engine } from '../engine/host';
import { toWireError, type JobEvent, type Reply } from '../engine/protocol';
import { DinomalyError, messageOf } from '../errors';
import { storeLayout } from '../store/paths';
import type { TrainRequest } from '../training/request';
import { describeWorkersConnection, type WorkersConnection } from './connection';
import { Exchange } from './exchange';
import { TasksInHand, type TaskInHand } from './inHand';
import { keysOf } from './keys';
import { LANE_OF, LANE_RULES, queueName, type Lane } from './lanes';
import { DEFAULT_PACE, type Pace } from './pace';
import { fromPlaces, type DataFolder, type Workplace } from './places';
import { bullmq, explainRedisError, openRedis, redisOptions, type Redis } from './redis';
import { announce, type WorkerCard } from './registry';
import { areSentImages, inImagesFolder, receiveImages, type SentImages } from './sentImages';
import { storeIdentity } from './storeIdentity';
import { parseTask, type Answer, type Task } from './task';
import { Teller } from './teller';
import { packValue, unpackValue } from './values';

export interface WorkerOptions {
	readonly connection: WorkersConnection;
	/** Folder of the model store, or of the local part of object storage that is connected. */
	readonly store: string;
	/** The store in words. */
	readonly storeShown: string;
	readonly engine: Engine;
	readonly lanes: readonly Lane[];
	/** Folders beside the store that tasks may name. */
	readonly dataFolders: readonly DataFolder[];
	/** For encoders that need leave to be downloaded. */
	readonly hubToken?: string;
	/** What is worth a line: long work, troubles with Redis. */
	readonly log: (line: string) => void;
	readonly pace?: Pace;
}

export interface EngineWorker {
	readonly card: WorkerCard;
	/**
	 * Takes no more tasks, finishes scores, hands the other tasks back to the queue (a training with its checkpoint), and says good-bye. The engine
	 * stays open.
	 */
	close(): Promise<void>;
}

/** As long as the first caller looks for it. */
const ANSWER_KEPT_MS = 3_600_000;
/** A training step of a large model takes long, and its checkpoint is worth the wait. */
const GRACE_MS = 60_000;

/** Serves the tasks of one model store until it is closed. Throws QUEUE_UNREACHABLE or QUEUE_REFUSED when Redis is not there at the start. */
export async function startWorker(options: WorkerOptions): Promise<EngineWorker> {
	const { connection, store, storeShown, lanes, log, pace = DEFAULT_PACE } = options;
	const redis = await openRedis(connection);
	try {
		const unwatch = watchConnection(redis, connection, log);
		const identity = await storeIdentity(store);
		await new Exchange(store).sweep();
		const inHand = new TasksInHand(redis, keysOf(connection.prefix), pace);
		const bench = new Bench(options, redis, inHand);
		const workers = lanes.map((lane) => openLane(lane, identity, { bench, inHand, connection, pace }));
		const announcement = await announce(redis, connection.prefix, {
			lanes,
			store: identity,
			storeShown,
			pace,
		});
		return {
			card: announcement.card,
			close: async () => {
				await announcement.end();
				await Promise.all(workers.map((worker) => worker.pause(true)));
				bench.stop();
				inHand.handBack(({ name }) => !LANE_RULES[LANE_OF[name]].finishesAtStop);
				await Promise.all(workers.map((worker) => worker.close()));
				inHand.close();
				unwatch();
				redis.disconnect();
			},
		};
	} catch (error) {
		redis.disconnect();
		throw error instanceof DinomalyError ? error : explainRedisError(error, connection);
	}
}

function openLane(
	lane: Lane,
	identity: string,
	{
		bench,
		inHand,
		connection,
		pace,
	}: { bench: Bench; inHand: TasksInHand; connection: WorkersConnection; pace: Pace },
): Worker {
	const { atOnce, mostDeaths } = LANE_RULES[lane];
	const worker = new (bullmq().Worker)(
		queueName(lane, identity),
		(job: Job, token?: string) => bench.work(job, token),
		{
			connection: redisOptions(connection),
			prefix: connection.prefix,
			concurrency: atOnce,
			lockDuration: pace.holdMs,
			stalledInterval: pace.holdMs,
			maxStalledCount: mostDeaths,
			runRetryDelay: pace.signOfLifeMs,
		},
	);
	worker.on('error', () => undefined); // the connection for commands tells of Redis; a task's own end tells the rest
	worker.on('lockRenewalFailed', (ids: string[]) => {
		for (const id of ids) inHand.end(id, 'lost');
	});
	return worker;
}

/** Where tasks are done. */
class Bench {
	readonly #options: WorkerOptions;
	readonly #redis: Redis;
	readonly #inHand: TasksInHand;
	readonly #exchange: Exchange;
	readonly #workplace: Workplace;
	#isStopping = false;

	constructor(options: WorkerOptions, redis: Redis, inHand: TasksInHand) {
		const { store, dataFolders, hubToken } = options;
		this.#options = options;
		this.#redis = redis;
		this.#inHand = inHand;
		this.#exchange = new Exchange(store);
		this.#workplace = { store, dataFolders, hubToken, host: hostname() };
	}

	/** Gives long tasks that still come in to the next worker. */
	stop(): void {
		this.#isStopping = true;
	}

	/** Does a task and leaves its answer; what it throws is for BullMQ. */
	async work(job: Job, token: string | undefined): Promise<null> {
		const task = this.#read(job);
		if (this.#isStopping && !LANE_RULES[LANE_OF[task.name]].finishesAtStop)
			return this.#handBack(job, token);
		const answerKey = keysOf(this.#options.connection.prefix).answer(task.id);
		// A worker that died after it had answered left no more to do.
		if ((await this.#redis.exists(answerKey)) === 1) return null;
		const hold = this.#inHand.take(task);
		try {
			const teller = new Teller(job, this.#options.store);
			const reply = await this.#replyTo(hold, {
				wasBegun: task.again || job.attemptsStarted > 1,
				tell: (event) => {
					teller.tell(event);
				},
			});
			await teller.end();
			await this.#passOn(hold, job, { token, reply });
			if (hold.fate === 'lost')
				throw new Error('another worker has this task, or Redis has forgotten it');
			await this.#redis.set(answerKey, await this.#wrap(task, reply), 'PX', ANSWER_KEPT_MS, 'NX');
			return null;
		} finally {
			this.#inHand.drop(task.id);
		}
	}

	#read(job: Job): Task {
		const { UnrecoverableError } = bullmq();
		try {
			const task = parseTask(job.data);
			if (task.id === job.id) return task;
			throw new Error('Expected a task under its own id, found another one');
		} catch (error) {
			throw new UnrecoverableError(messageOf(error));
		}
	}

	/** Throws what makes BullMQ give the task to the next worker, where that is its lot. */
	async #passOn(
		{ fate, task }: TaskInHand,
		job: Job,
		{ token, reply }: { readonly token: string | undefined; readonly reply: Reply<unknown> },
	): Promise<void> {
		if (reply.ok) return;
		if (fate === 'handedBack' && reply.error.code === 'CANCELLED') {
			this.#options.log(`hands ${describeTask(task)} back to the queue`);
			await this.#handBack(job, token);
		}
		// Its engine died. What leaves nothing behind may be tried once more, by whoever is there.
		const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
		if (reply.error.code === 'ENGINE_DIED' && LANE_RULES[LANE_OF[task.name]].repeatable && !isLast)
			throw new Error(reply.error.message);
	}

	async #handBack(job: Job, token: string | undefined): Promise<never> {
		await job.moveToWait(token);
		throw new (bullmq().WaitingError)();
	}

	async #replyTo(
		{ task, signal }: TaskInHand,
		{ wasBegun, tell }: { readonly wasBegun: boolean; readonly tell: (event: JobEvent) => void },
	): Promise<Reply<unknown>> {
		const isLong = LANE_OF[task.name] !== 'score';
		if (isLong) this.#options.log(`${wasBegun ? 'goes on with' : 'begins'} ${describeTask(task)}`);
		const started = performance.now();
		try {
			const parcels = await this.#exchange.receive(task.id, 'request', task.parcels);
			const request = unpackValue({ text: task.text, parcels }) as Readonly<Record<string, unknown>>;
			const local = await fromPlaces(task.name, request, this.#workplace);
			const work = { signal, wasBegun, tell };
			const value = areSentImages(local.data)
				? await this.#withImages(task, local.data, signal, (data) =>
						this.#compute(task, { ...local, data }, work),
					)
				: await this.#compute(task, local, work);
			const seconds = ((performance.now() - started) / 1000).toFixed(1);
			if (isLong) this.#options.log(`has done ${describeTask(task)} in ${seconds} s`);
			return { ok: true, value };
		} catch (error) {
			if (isLong) this.#options.log(`ends ${describeTask(task)}: ${messageOf(error)}`);
			// Where it was computed is no secret, but of no use to who asked: the stack stays here.
			return { ok: false, error: { ...toWireError(error), stack: undefined } };
		}
	}

	/** Computes with the images that came along, which are on this machine for as long as it takes. */
	async #withImages<T>(
		{ id }: Task,
		sent: SentImages,
		signal: AbortSignal,
		work: (folder: string) => Promise<T>,
	): Promise<T> {
		const storeRoot = storeLayout(this.#options.store).root;
		return inImagesFolder({ storeRoot, task: id }, async (folder) => {
			await receiveImages(this.#exchange, sent, { task: id, folder, signal });
			return work(folder);
		});
	}

	#compute(
		{ name }: Task,
		request: Readonly<Record<string, unknown>>,
		{
			signal,
			wasBegun,
			tell,
		}: {
			readonly signal: AbortSignal;
			readonly wasBegun: boolean;
			readonly tell: (event: JobEvent) => void;
		},
	): Promise<unknown> {
		const { engine } = this.#options;
		const call = { signal, graceMs: GRACE_MS };
		type RequestOf<K extends 'score' | 'lossCurve' | 'evaluate'> = Parameters<Engine[K]>[0];
		switch (name) {
			case 'score':
				return engine.score(request as unknown as RequestOf<'score'>, call);
			case 'lossCurve':
				return engine.lossCurve(request as unknown as RequestOf<'lossCurve'>, call);
			case 'evaluate':
				return engine.evaluate(request as unknown as RequestOf<'evaluate'>, {
					...call,
					onProgress: (done, total) => {
						tell({ kind: 'count', done, total });
					},
				});
			case 'train':
				return trainPatiently(this.#asTravelling(request as unknown as TrainRequest, wasBegun), {
					...call,
					engine,
					onProgress: (progress) => {
						tell({ kind: 'progress', progress });
					},
				});
		}
	}

	/** What a worker left off in the middle goes on from its checkpoint, also where the user wanted a new beginning: that one is made. */
	#asTravelling(request: TrainRequest, wasBegun: boolean): TrainRequest {
		const { shareCheckpointsMs } = this.#options.pace ?? DEFAULT_PACE;
		return {
			...request,
			...(wasBegun && request.resume !== true && { resume: 'auto' }),
			...(shareCheckpointsMs !== undefined && { shareCheckpointsEveryMs: shareCheckpointsMs }),
		};
	}

	async #wrap(task: Task, reply: Reply<unknown>): Promise<string> {
		const { text, parcels } = packValue(reply);
		const labels = await this.#exchange.send(task.id, 'reply', parcels);
		const answer: Answer = { text, parcels: labels, store: this.#options.store };
		return JSON.stringify(answer);
	}
}

function describeTask({ name, id }: Task): string {
	return `${name} ${id.slice(0, 8)}`;
}

/** One line when Redis goes, one when it is back. */
function watchConnection(
	redis: Redis,
	connection: WorkersConnection,
	log: (line: string) => void,
): () => void {
	let isAway = false;
	const lost = (): void => {
		if (!isAway) log(`has lost Redis at ${describeWorkersConnection(connection)} and waits for it`);
		isAway = true;
	};
	const back = (): void => {
		if (isAway) log(`has Redis at ${describeWorkersConnection(connection)} back`);
		isAway = false;
	};
	redis.on('close', lost);
	redis.on('ready', back);
	return () => {
		redis.off('close', lost);
		redis.off('ready', back);
	};
}

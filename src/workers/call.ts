import { randomUUID } from 'node:crypto';
import { DinomalyError } from '../errors';
import type { JobEvent, Reply, WireError } from '../engine/protocol';
import { describeWorkersConnection } from './connection';
import type { Counter, Desk, TaskNews } from './desk';
import { Exchange } from './exchange';
import { LANE_OF, LANE_RULES, queueName, type Lane, type RemoteJob } from './lanes';
import { imagesToSend, toPlaces, withOwnStore } from './places';
import { explainRedisError } from './redis';
import { describeOthers, listWorkers, serves } from './registry';
import { sendImages } from './sentImages';
import { storeIdentity } from './storeIdentity';
import { parseAnswer, type Task } from './task';
import { packValue, unpackValue } from './values';

export interface CallHooks {
	readonly signal?: AbortSignal;
	/** How long a cancelled task may take to end before it is given up, in milliseconds. */
	readonly graceMs: number;
	readonly onEvent: (event: JobEvent) => void;
}

type Request = Readonly<Record<string, unknown>>;

/** A task on its way. */
interface Errand {
	readonly desk: Desk;
	readonly counter: Counter;
	readonly exchange: Exchange;
	readonly lane: Lane;
	readonly store: string;
	readonly identity: string;
	readonly task: Task;
	/** Whether something lies in the exchange for it. */
	readonly hasParcels: boolean;
}

/** Scores and evaluations whose engine died are tried once more. */
const TRIES = 2;
/** Failed tasks are kept so long, for whoever looks late. */
const FAILED_KEPT = { age: 3600, count: 1000 };
const ANSWER_KEPT_MS = 3_600_000;
const CANCEL_KEPT_S = 3600;
/** A server that forgets this often has no memory to speak of. */
const MOST_SENDINGS = 6;
/** How long a server may be away while somebody waits for an answer. */
const AWAY_MS = 10 * 60_000;
const WORKER_POLL_MS = 500;

/**
 * Has a worker do one job of the engine and returns its reply. Resolves to a failure for what the engine itself says; rejects with
 * WORKERS_MISSING, QUEUE_FULL, QUEUE_UNREACHABLE, ENGINE_DIED or CANCELLED, and when `onEvent` throws.
 */
export async function callWorkers(
	desk: Desk,
	name: RemoteJob,
	{ request, hooks }: { readonly request: Request; readonly hooks: CallHooks },
): Promise<Reply<unknown>> {
	if (hooks.signal?.aborted === true) throw cancelled(name, 'before it began');
	try {
		const errand = await prepare(desk, name, { request, hooks });
		return await deliverAndWait(errand, hooks);
	} catch (error) {
		throw error instanceof DinomalyError ? error : explainRedisError(error, desk.connection);
	}
}

async function prepare(
	desk: Desk,
	name: RemoteJob,
	{ request, hooks }: { readonly request: Request; readonly hooks: CallHooks },
): Promise<Errand> {
	const store = String(request.store);
	const lane = LANE_OF[name];
	const identity = await storeIdentity(store);
	await untilWorker(desk, { name, lane, identity, signal: hooks.signal });
	const counter = await desk.counter(queueName(lane, identity));
	await refuseWhenFull(desk, counter, lane);
	const exchange = new Exchange(store);
	const id = randomUUID();
	const folder = imagesToSend(name, request);
	const about = { desk, counter, exchange, lane, store, identity };
	try {
		const data = folder && (await sendImages(exchange, { task: id, folder, signal: hooks.signal }));
		const { text, parcels } = packValue(
			toPlaces(name, data === undefined ? request : { ...request, data }),
		);
		const labels = await exchange.send(id, 'request', parcels);
		const task: Task = { id, name, caller: desk.id, text, parcels: labels, again: false };
		return { ...about, task, hasParcels: labels.length > 0 || folder !== undefined };
	} catch (error) {
		if (folder !== undefined) await exchange.clear(id).catch(() => undefined); // swept days later
		throw error;
	}
}

/** Waits for the first worker that can do it, for as long as the user said. */
async function untilWorker(
	desk: Desk,
	{ name, lane, identity, signal }: { name: RemoteJob; lane: Lane; identity: string; signal?: AbortSignal },
): Promise<void> {
	const { connection, redis } = desk;
	const deadline = Date.now() + patienceFor(desk, lane);
	for (;;) {
		const workers = await listWorkers(redis, connection.prefix);
		if (workers.some((card) => serves(card, lane, identity))) return;
		if (Date.now() >= deadline) throw missing(desk, lane, describeOthers(workers, lane, identity));
		await sleep(WORKER_POLL_MS, signal);
		if (signal?.aborted === true) throw cancelled(name, 'while it waited for a worker');
	}
}

async function refuseWhenFull({ connection }: Desk, { queue }: Counter, lane: Lane): Promise<void> {
	const limit = Math.max(1, Math.floor(connection.maxWaiting * LANE_RULES[lane].shareOfLimit));
	const waiting = await queue.getWaitingCount();
	if (waiting < limit) return;
	throw new DinomalyError(
		'QUEUE_FULL',
		`Expected fewer than ${limit} tasks to wait for the engine workers at ${describeWorkersConnection(connection)}, found ${waiting}`,
		{
			hint: 'Start more workers, send images more slowly and try again, or raise Queue Limit in the credential.',
		},
	);
}

async function deliverAndWait(errand: Errand, hooks: CallHooks): Promise<Reply<unknown>> {
	const { counter, exchange, task } = errand;
	const mail = new Mailbox();
	let failure: unknown;
	const stop = new AbortController();
	const forget = counter.listen(task.id, (news) => {
		if (news.kind === 'ended') {
			mail.ring();
			return;
		}
		try {
			tell(news, errand, hooks.onEvent);
		} catch (error) {
			failure ??= error;
			stop.abort();
		}
	});
	const overdue = watchCancel(errand, hooks, stop.signal);
	let { hasParcels } = errand;
	try {
		await send(errand, task);
		const found = await Promise.race([untilAnswered(errand, mail), overdue.late]);
		if (failure !== undefined) throw failure as Error;
		if (!('text' in found)) return found;
		hasParcels ||= found.parcels.length > 0;
		const parcels = await exchange.receive(task.id, 'reply', found.parcels);
		const reply = unpackValue({ text: found.text, parcels });
		return withOwnStore(reply, found.store, errand.store) as Reply<unknown>;
	} finally {
		forget();
		overdue.end();
		mail.close();
		if (hasParcels) await exchange.clear(task.id).catch(() => undefined); // swept a day later
	}
}

function send({ counter, lane }: Errand, task: Task): Promise<unknown> {
	return counter.queue.add(task.name, task, {
		jobId: task.id,
		attempts: LANE_RULES[lane].repeatable ? TRIES : 1,
		removeOnComplete: true,
		removeOnFail: FAILED_KEPT,
	});
}

/** Looks at the task at every event and now and then, and sends it again when Redis has forgotten it. */
async function untilAnswered(
	errand: Errand,
	mail: Mailbox,
): Promise<ReturnType<typeof parseAnswer> | Reply<never>> {
	const { desk, counter, lane, task } = errand;
	let sendings = 1;
	let aloneSince: number | undefined;
	for (;;) {
		await mail.next(desk.pace.lookMs);
		if (mail.isClosed) return { ok: false, error: gone(errand) };
		const look = await present(lookAt(errand));
		if (look === undefined) throw away(desk);
		if (look.answer !== undefined) return look.answer;
		if (look.state === 'failed') return { ok: false, error: await diedOf(errand) };
		if (look.state === 'unknown') {
			if (++sendings > MOST_SENDINGS) throw forgotten(desk);
			await send(errand, { ...task, again: true });
			continue;
		}
		aloneSince = look.isAlone ? (aloneSince ?? Date.now()) : undefined;
		if (aloneSince === undefined || Date.now() - aloneSince < patienceFor(desk, lane)) continue;
		await counter.queue.remove(task.id);
		throw missing(desk, lane, look.others);
	}
}

interface Look {
	readonly answer?: ReturnType<typeof parseAnswer>;
	readonly state: string;
	/** Whether it waits and nobody is there to take it. */
	readonly isAlone: boolean;
	/** Workers that are there but do not take it, in words. */
	readonly others: string;
}

async function lookAt({ desk, counter, lane, identity, task }: Errand): Promise<Look> {
	const { redis, keys, connection } = desk;
	// The answer comes first: it is written before the task goes.
	for (let again = 0; ; again++) {
		const text = await redis.get(keys.answer(task.id));
		if (text !== null && text !== '') {
			await redis.set(keys.answer(task.id), '', 'PX', ANSWER_KEPT_MS);
			return { answer: parseAnswer(text), state: 'completed', isAlone: false, others: '' };
		}
		const state = await counter.queue.getJobState(task.id);
		if (state === 'unknown' && again === 0) continue;
		if (state === 'active' || state === 'failed' || state === 'unknown')
			return { state, isAlone: false, others: '' };
		const workers = await listWorkers(redis, connection.prefix);
		const isAlone = !workers.some((card) => serves(card, lane, identity));
		return { state, isAlone, others: isAlone ? describeOthers(workers, lane, identity) : '' };
	}
}

function tell(news: TaskNews & { kind: 'progress' }, { store }: Errand, onEvent: CallHooks['onEvent']): void {
	const { text, store: theirs } = (news.data ?? {}) as { text?: unknown; store?: unknown };
	if (typeof text !== 'string' || typeof theirs !== 'string') return;
	onEvent(withOwnStore(unpackValue({ text, parcels: [] }), theirs, store) as JobEvent);
}

/** Passes a cancellation on; `late` rejects when the task has not ended in time. */
function watchCancel(
	{ desk, counter, task }: Errand,
	{ signal, graceMs }: CallHooks,
	own: AbortSignal,
): { readonly late: Promise<never>; readonly end: () => void } {
	const { redis, keys } = desk;
	let timer: NodeJS.Timeout | undefined;
	let reject: (error: Error) => void = () => undefined;
	const late = new Promise<never>((_, no) => {
		reject = no;
	});
	late.catch(() => undefined); // nobody may be waiting any more
	const cancel = (): void => {
		timer ??= setTimeout(() => {
			reject(cancelled(task.name, `and not ended by its worker within ${graceMs / 1000} s`));
		}, graceMs);
		void (async () => {
			await redis.set(keys.cancel(task.id), '1', 'EX', CANCEL_KEPT_S);
			const removed = await counter.queue.remove(task.id).catch(() => 0); // a worker has it in hand
			if (removed === 1) reject(cancelled(task.name, 'before a worker took it'));
		})().catch(() => undefined); // Redis is away: the deadline ends the wait
	};
	for (const one of [signal, own]) {
		one?.addEventListener('abort', cancel, { once: true });
		if (one?.aborted === true) cancel();
	}
	return {
		late,
		end: () => {
			clearTimeout(timer);
			for (const one of [signal, own]) one?.removeEventListener('abort', cancel);
		},
	};
}

/** Wakes its reader at once or after a while. */
class Mailbox {
	#rung = false;
	#closed = false;
	#wake: () => void = () => undefined;

	get isClosed(): boolean {
		return this.#closed;
	}

	ring(): void {
		this.#rung = true;
		this.#wake();
	}

	close(): void {
		this.#closed = true;
		this.#wake();
	}

	async next(ms: number): Promise<void> {
		if (!this.#rung && !this.#closed)
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, ms);
				this.#wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		this.#rung = false;
	}
}

/** What work on Redis gives; undefined when the server stays away for too long. */
async function present<T>(work: Promise<T>): Promise<T | undefined> {
	let timer: NodeJS.Timeout | undefined;
	try {
		return await Promise.race([
			work,
			new Promise<undefined>((resolve) => {
				timer = setTimeout(resolve, AWAY_MS, undefined);
			}),
		]);
	} finally {
		clearTimeout(timer);
	}
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(done, ms);
		function done(): void {
			clearTimeout(timer);
			signal?.removeEventListener('abort', done);
			resolve();
		}
		signal?.addEventListener('abort', done, { once: true });
	});
}

function patienceFor({ connection }: Desk, lane: Lane): number {
	return connection.patienceMs === 0 ? 0 : Math.max(connection.patienceMs, LANE_RULES[lane].patienceMs);
}

async function diedOf({ counter, lane, task }: Errand): Promise<WireError> {
	const reason = (await counter.queue.getJob(task.id))?.failedReason ?? '';
	const stalled = reason.includes('stalled');
	const deaths = LANE_RULES[lane].mostDeaths + 1;
	return {
		code: 'ENGINE_DIED',
		message: stalled
			? `Expected an engine worker to finish the job "${task.name}", found that ${deaths} of them ended in the middle of it`
			: `Expected an engine worker to finish the job "${task.name}", found: ${reason.slice(0, 300)}`,
		hint: "Look at the workers' logs for what ended them: too little memory, or an image or a model that crashes the device.",
	};
}

function gone({ task }: Errand): WireError {
	return {
		code: 'CANCELLED',
		message: `Expected an answer to the job "${task.name}", found that nobody waits for it`,
	};
}

function missing({ connection }: Desk, lane: Lane, found: string): DinomalyError {
	return new DinomalyError(
		'WORKERS_MISSING',
		`Expected an engine worker for "${lane}" of this model store at ${describeWorkersConnection(connection)}, found ${found}`,
		{
			hint: 'Start "dinomaly worker" on a machine that sees the same store (a shared folder, or the same bucket), with the same Redis and prefix.',
		},
	);
}

function away({ connection }: Desk): DinomalyError {
	return new DinomalyError(
		'QUEUE_UNREACHABLE',
		`Expected Redis at ${describeWorkersConnection(connection)} to come back, found it away for ${AWAY_MS / 60_000} minutes`,
		{ hint: 'Start it again, then repeat what was lost; a training goes on from its checkpoint.' },
	);
}

function forgotten({ connection }: Desk): DinomalyError {
	return new DinomalyError(
		'QUEUE_UNREACHABLE',
		`Expected Redis at ${describeWorkersConnection(connection)} to keep a task, found that it forgot it ${MOST_SENDINGS} times`,
		{ hint: 'Set maxmemory-policy of Redis to noeviction, and see why it restarts.' },
	);
}

function cancelled(name: RemoteJob, when: string): DinomalyError {
	return new DinomalyError(
		'CANCELLED',
		`Expected the job "${name}" to run to its end, found it cancelled ${when}`,
		{
			hint:
				name === 'train'
					? 'A cancelled training carries on from its last checkpoint with Resume.'
					: undefined,
		},
	);
}

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { PROTOCOL_VERSION } from '../engine/protocol';
import { packageVersion } from '../packageVersion';
import { keysOf } from './keys';
import { LANES, type Lane } from './lanes';
import type { Pace } from './pace';
import type { Redis } from './redis';

/** What a worker says of itself. */
export interface WorkerCard {
	readonly id: string;
	readonly host: string;
	readonly pid: number;
	readonly lanes: readonly Lane[];
	/** As `storeIdentity` gives it. */
	readonly store: string;
	/** The store in words, as its machine sees it. */
	readonly storeShown: string;
	readonly protocol: number;
	readonly version: string;
}

export interface Announcement {
	readonly card: WorkerCard;
	/** Takes the card away. */
	end(): Promise<void>;
}

/** Makes a worker known for as long as it lives. */
export async function announce(
	redis: Redis,
	prefix: string,
	{
		lanes,
		store,
		storeShown,
		pace,
	}: Pick<WorkerCard, 'lanes' | 'store' | 'storeShown'> & { readonly pace: Pace },
): Promise<Announcement> {
	const keys = keysOf(prefix);
	const card: WorkerCard = {
		id: randomUUID(),
		host: hostname(),
		pid: process.pid,
		lanes,
		store,
		storeShown,
		protocol: PROTOCOL_VERSION,
		version: packageVersion(),
	};
	const say = async (): Promise<void> => {
		await redis.set(keys.worker(card.id), JSON.stringify(card), 'PX', pace.goneMs);
		await redis.sadd(keys.workers, card.id);
	};
	await say();
	const timer = setInterval(() => {
		say().catch(() => undefined); // Redis is away: said again when it is back
	}, pace.signOfLifeMs);
	return {
		card,
		end: async () => {
			clearInterval(timer);
			await redis.del(keys.worker(card.id));
			await redis.srem(keys.workers, card.id);
		},
	};
}

/** The workers that are there now, of whatever store and version. */
export async function listWorkers(redis: Redis, prefix: string): Promise<WorkerCard[]> {
	const keys = keysOf(prefix);
	const ids = await redis.smembers(keys.workers);
	if (ids.length === 0) return [];
	const texts = await redis.mget(ids.map((id) => keys.worker(id)));
	const gone = ids.filter((_, i) => texts[i] === null);
	if (gone.length > 0) await redis.srem(keys.workers, ...gone);
	return texts.flatMap((text) => parseCard(text) ?? []);
}

/** Whether a worker takes tasks of this lane and store. */
export function serves(card: WorkerCard, lane: Lane, store: string): boolean {
	return card.store === store && card.protocol === PROTOCOL_VERSION && card.lanes.includes(lane);
}

/** What is there instead of the worker that is needed, in words. */
export function describeOthers(cards: readonly WorkerCard[], lane: Lane, store: string): string {
	if (cards.length === 0) return 'none';
	const [first] = cards;
	const others = cards.length === 1 ? 'only one' : `${cards.length}, such as one`;
	const where = `on ${first.host}`;
	if (!cards.some((card) => card.store === store))
		return `${others} ${where} with another model store (${first.storeShown})`;
	const near = cards.filter((card) => card.store === store);
	if (!near.some(({ protocol }) => protocol === PROTOCOL_VERSION))
		return `${others} ${where} of version ${first.version}, which speaks another language than version ${packageVersion()} here`;
	return `${others} ${where} that does other work (${near.flatMap(({ lanes }) => lanes).join(', ')}), not "${lane}"`;
}

function parseCard(text: string | null): WorkerCard | undefined {
	try {
		const card = JSON.parse(text ?? 'null') as Partial<WorkerCard> | null;
		const isWhole =
			typeof card?.id === 'string' &&
			typeof card.host === 'string' &&
			typeof card.store === 'string' &&
			typeof card.storeShown === 'string' &&
			typeof card.version === 'string' &&
			Array.isArray(card.lanes) &&
			card.lanes.every((lane: Lane) => LANES.includes(lane));
		return isWhole ? (card as WorkerCard) : undefined;
	} catch {
		return undefined;
	}
}

import { createHash } from 'node:crypto';
import { PROTOCOL_VERSION, type JobName } from '../engine/protocol';

/** Queues of their own, worked on side by side: a score never waits behind an evaluation or a training. */
export const LANES = ['score', 'evaluate', 'train'] as const;

export type Lane = (typeof LANES)[number];

/** What workers do for n8n; everything else stays with its own engine. */
export const REMOTE_JOBS = ['score', 'lossCurve', 'evaluate', 'train'] as const satisfies readonly JobName[];

export type RemoteJob = (typeof REMOTE_JOBS)[number];

export const LANE_OF: Readonly<Record<RemoteJob, Lane>> = {
	score: 'score',
	lossCurve: 'score',
	evaluate: 'evaluate',
	train: 'train',
};

export interface LaneRules {
	/** How many tasks of it one worker has in hand. Scores share the engine's thread: more only hide the way to Redis and back. */
	readonly atOnce: number;
	/** Whether it may be done again from its beginning: it leaves nothing behind. */
	readonly repeatable: boolean;
	/** How many workers may die with a task in hand before it is taken to be the cause. */
	readonly mostDeaths: number;
	/** How long a task waits for the first worker to appear, at least. */
	readonly patienceMs: number;
	/** Share of the queue limit, in (0, 1]. */
	readonly shareOfLimit: number;
	/** Whether a worker that is told to stop finishes it, instead of handing it back. */
	readonly finishesAtStop: boolean;
}

export const LANE_RULES: Readonly<Record<Lane, LaneRules>> = {
	score: {
		atOnce: 4,
		repeatable: true,
		mostDeaths: 2,
		patienceMs: 0,
		shareOfLimit: 1,
		finishesAtStop: true,
	},
	evaluate: {
		atOnce: 1,
		repeatable: true,
		mostDeaths: 2,
		patienceMs: 0,
		shareOfLimit: 0.1,
		finishesAtStop: false,
	},
	// A machine that trained may need a while to come back, and the checkpoint is worth the wait.
	train: {
		atOnce: 1,
		repeatable: false,
		mostDeaths: 10,
		patienceMs: 15 * 60_000,
		shareOfLimit: 0.1,
		finishesAtStop: false,
	},
};

export function isRemoteJob(name: unknown): name is RemoteJob {
	return REMOTE_JOBS.some((one) => one === name);
}

/**
 * The queue of a lane for one model store: who meets there sees the same models and speaks the same language, so that no task ever reaches a
 * worker that cannot do it.
 */
export function queueName(lane: Lane, storeIdentity: string): string {
	const key = createHash('sha256')
		.update(`${String(PROTOCOL_VERSION)}\n${storeIdentity}`)
		.digest('hex');
	return `${lane}-${key.slice(0, 16)}`;
}

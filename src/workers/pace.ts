/** How often things are looked at and when somebody counts as gone, in milliseconds. Both sides of a queue keep the same. */
export interface Pace {
	/** Signs of life of workers and callers. */
	readonly signOfLifeMs: number;
	/** Who was silent for so long is gone. */
	readonly goneMs: number;
	/** BullMQ's hold on a task in hand, renewed at half of it: a dead worker's tasks are another's after it at the latest twice. */
	readonly holdMs: number;
	/** How often a worker looks for cancelled tasks and callers that are gone. */
	readonly watchMs: number;
	/** How often a caller looks at the task itself, in case an event was lost. */
	readonly lookMs: number;
	/** How often a worker puts the checkpoint of a training into object storage, where the store is in some; not when absent. */
	readonly shareCheckpointsMs?: number;
}

export const DEFAULT_PACE: Pace = {
	signOfLifeMs: 10_000,
	goneMs: 35_000,
	holdMs: 20_000,
	watchMs: 500,
	lookMs: 3000,
	shareCheckpointsMs: 5 * 60_000,
};

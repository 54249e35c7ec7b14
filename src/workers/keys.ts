/** Names of what lies in Redis beside BullMQ's own queues, all below the prefix. */
export interface Keys {
	/** Exists while its process lives and waits for answers. */
	caller(id: string): string;
	/** Exists once somebody wants the task to end. */
	cancel(task: string): string;
	/** The answer of a task; empty once it was taken. */
	answer(task: string): string;
	/** Ids of workers that said they are there. */
	readonly workers: string;
	/** What a worker says of itself; expires when it is silent. */
	worker(id: string): string;
}

export function keysOf(prefix: string): Keys {
	const start = `${prefix}:engine`;
	return {
		caller: (id) => `${start}:caller:${id}`,
		cancel: (task) => `${start}:cancel:${task}`,
		answer: (task) => `${start}:answer:${task}`,
		workers: `${start}:workers`,
		worker: (id) => `${start}:worker:${id}`,
	};
}

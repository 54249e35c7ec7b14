/**
 * Runs tasks one after the other, in the order in which they came. A task whose signal fires while it waits is dropped with the
 * signal's reason; a running task ends itself.
 */
export class TrainingQueue {
	#last: Promise<void> = Promise.resolve();

	async run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
		const before = this.#last;
		let release = (): void => undefined;
		this.#last = new Promise((resolve) => {
			release = resolve;
		});
		try {
			await untilDoneOrAborted(before, signal);
			return await task();
		} finally {
			// A dropped task must not let its successor overtake the one that still runs.
			void before.then(release);
		}
	}
}

function untilDoneOrAborted(done: Promise<void>, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		const abort = (): void => {
			reject(signal.reason as Error);
		};
		if (signal.aborted) {
			abort();
			return;
		}
		signal.addEventListener('abort', abort, { once: true });
		void done.then(() => {
			signal.removeEventListener('abort', abort);
			resolve();
		});
	});
}

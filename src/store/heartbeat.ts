import { Worker } from 'node:worker_threads';

/** Most locks are held for a few milliseconds: those need no thread. */
const START_AFTER_MS = 200;

/** The thread's whole program. It is text so that it needs no file of its own, wherever the package is bundled to. */
const PROGRAM = `
const { workerData } = require('node:worker_threads');
const { utimesSync } = require('node:fs');
function beat() {
	const now = new Date();
	try { utimesSync(workerData.path, now, now); } catch {}
}
beat();
setInterval(beat, workerData.everyMs);
`;

/**
 * Keeps the modification time of `path` fresh until the returned function is called. A thread does it, since a training step blocks
 * the event loop for as long as it computes. Does not keep the process alive.
 */
export function startHeartbeat(path: string, everyMs: number): () => void {
	let thread: Worker | undefined;
	const start = setTimeout(() => {
		thread = new Worker(PROGRAM, { eval: true, workerData: { path, everyMs }, execArgv: [], env: {} });
		// Without a thread the lock only looks stale sooner, which its holder finds out before it writes.
		thread.on('error', () => undefined);
		thread.unref();
	}, START_AFTER_MS);
	start.unref();
	return () => {
		clearTimeout(start);
		void thread?.terminate();
	};
}

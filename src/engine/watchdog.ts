import { Worker } from 'node:worker_threads';

const CHECK_EVERY_MS = 1000;
/** The main thread gets this long to end by itself, which it does unless a native call holds it. */
const GRACE_MS = 2000;

/**
 * Ends this process soon after its host has gone, even while a native call blocks the main thread, which then cannot notice the
 * closed channel. Hence a thread of its own, which touches nothing native.
 */
export function watchHost(hostPid: number): void {
	const worker = new Worker(WATCH, {
		eval: true,
		workerData: { hostPid, checkEveryMs: CHECK_EVERY_MS, graceMs: GRACE_MS },
		resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
		env: {},
	});
	worker.on('error', () => undefined); // without the watchdog the closed channel still ends the process, only later
	worker.unref();
}

/**
 * On POSIX a process whose parent dies gets another parent, which is safer to look at than the parent's number (numbers are reused);
 * Windows keeps the number, so there the host itself is probed.
 */
const WATCH = `
const { workerData } = require('node:worker_threads');
const hostIsGone = () => {
	if (process.platform !== 'win32') return process.ppid !== workerData.hostPid;
	try { process.kill(workerData.hostPid, 0); return false; } catch (error) { return error.code === 'ESRCH'; }
};
const check = setInterval(() => {
	if (!hostIsGone()) return;
	clearInterval(check);
	setTimeout(() => process.kill(process.pid, 'SIGKILL'), workerData.graceMs);
}, workerData.checkEveryMs);
`;

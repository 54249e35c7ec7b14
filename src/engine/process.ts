import { createJobs } from './jobs';
import { lazyModules } from './modules';
import type { JobModules } from './jobModules';
import { toWireError } from './protocol';
import { connectHost } from './rpc';
import { watchHost } from './watchdog';

/** The last words must not keep a broken process alive. */
const LAST_WORDS_MS = 1000;

/**
 * Serves jobs to the process that forked this one, until that one goes away. Everything native lives here: a run of the model blocks
 * its thread, and a crash or a shortage of memory ends this process and not the host.
 */
export function serveEngine(modules: JobModules): void {
	// onnxruntime-node 1.30 refuses float16 inputs where this class exists (Node 24); it looks when it loads.
	Reflect.deleteProperty(globalThis, 'Float16Array');
	process.title = 'dinomaly-engine';
	const send = process.send?.bind(process);
	if (send === undefined)
		throw new Error('Expected to be started by the engine host, found no channel to it');

	const host = connectHost(
		{
			send: (message, done) => send(message, undefined, undefined, done),
			listen: (handler) => process.on('message', handler),
			refuse: (error) => {
				onSendFailure(error);
			},
		},
		createJobs(modules, (jobId, event) => {
			host.event(jobId, event).catch(onSendFailure);
		}),
	);
	const onSendFailure = (error: unknown): void => {
		if (process.connected) die(error);
		else hostIsGone();
	};

	const die = (error: unknown): void => {
		console.error(error);
		setTimeout(() => process.exit(1), LAST_WORDS_MS);
		const exit = (): never => process.exit(1);
		host.fatal(toWireError(error)).then(exit, exit);
	};
	process.on('uncaughtException', die);
	process.on('unhandledRejection', die);
	process.on('disconnect', hostIsGone);
	// A terminal and a service manager signal the whole group; what a stop means for the jobs is the host's decision.
	process.on('SIGINT', () => undefined);
	process.on('SIGTERM', () => undefined);
	watchHost(process.ppid);
}

function hostIsGone(): never {
	process.exit(0);
}

if (require.main === module) serveEngine(lazyModules);

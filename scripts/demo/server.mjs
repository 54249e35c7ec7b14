// The demonstration's n8n: ended by Ctrl-C, with all it started.
import { startServer } from '../n8n/server.mjs';
import { freePort } from '../n8n/ports.mjs';
import { home } from './home.mjs';

const N8N_PORT = 5678;

/** The server, with `lines` to listen to its log, and `close()`. */
export async function openServer() {
	const listeners = new Set();
	const server = await startServer(home, {
		port: await freePort(N8N_PORT),
		onLine: (line) => listeners.forEach((listener) => listener(line)),
		// Unfinished executions must not keep a terminal waiting; a training carries on from its checkpoint.
		environment: { N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '5' },
	});
	let isAsked = false;
	const end = () => {
		if (isAsked) return void server.kill();
		isAsked = true;
		console.log('\nEnding n8n ...');
		void server.stop().then(() => process.exit(process.exitCode ?? 130));
	};
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
	return {
		...server,
		lines: {
			subscribe: (listener) => {
				listeners.add(listener);
				return () => listeners.delete(listener);
			},
		},
		close: () => server.stop(),
	};
}

// The demonstration's n8n: ended by Ctrl-C, with all it started.
import { startServer } from '../n8n/server.mjs';
import { freePort } from '../n8n/ports.mjs';
import { home } from './home.mjs';

const N8N_PORT = 5678;

/** The server, with `close()`. */
export async function openServer() {
	const server = await startServer(home, {
		port: await freePort(N8N_PORT),
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
	return { ...server, close: () => server.stop() };
}

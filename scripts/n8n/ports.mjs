// Free ports on this machine.
import { createServer } from 'node:net';

/** `wanted` when it is free, else any other. */
export async function freePort(wanted = 0) {
	return (await tryPort(wanted)) ?? (await tryPort(0));
}

function tryPort(port) {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', (error) => {
			if (port !== 0 && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) resolve(undefined);
			else reject(error);
		});
		server.listen(port, '127.0.0.1', () => {
			const { port: found } = server.address();
			server.close(() => resolve(found));
		});
	});
}

import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';

/** Starts `redis-server` (Debian: apt-get install redis-server) on this machine's own address; resolves when it takes connections. */
export async function startRedis(args: readonly string[]): Promise<ChildProcess> {
	const child = spawn('redis-server', ['--bind', '127.0.0.1', '--save', '', ...args], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	await new Promise<void>((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code) => {
			reject(new Error(`Expected redis-server to run, found that it ended with ${String(code)}`));
		});
		child.stdout.on('data', (chunk: Buffer) => {
			if (/ready to accept connections/i.test(chunk.toString())) resolve();
		});
	});
	return child;
}

/** Ends a process as a crash would, and waits until it is gone. */
export async function crash(child: ChildProcess | undefined): Promise<void> {
	if (child?.exitCode !== null) return;
	const gone = new Promise((resolve) => child.once('close', resolve));
	child.kill('SIGKILL');
	await gone;
}

export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() => {
				resolve(typeof address === 'object' && address !== null ? address.port : 0);
			});
		});
	});
}

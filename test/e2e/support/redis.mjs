// A Redis of our own for queue mode, where a redis-server is installed.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../../scripts/n8n/ports.mjs';

/** Why queue mode cannot be tested here; false when it can. */
export function whyNoRedis() {
	const isThere = spawnSync('redis-server', ['--version']).status === 0;
	return isThere
		? false
		: 'queue mode needs a redis-server on the PATH (Debian: apt-get install redis-server)';
}

/** Starts it on a free port, keeping nothing. */
export async function openRedis() {
	const port = await freePort();
	const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-redis-'));
	const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
	const child = spawn('redis-server', args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
	await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code) =>
			reject(new Error(`Expected redis-server to run, found that it ended with ${code}`)),
		);
		child.stdout.on('data', (chunk) => {
			if (/ready to accept connections/i.test(chunk)) resolve();
		});
	});
	return {
		url: `redis://127.0.0.1:${port}`,
		environment: {
			EXECUTIONS_MODE: 'queue',
			QUEUE_BULL_REDIS_HOST: '127.0.0.1',
			QUEUE_BULL_REDIS_PORT: String(port),
			// By default the queue forgets at once what is done: the main process waits forever for what a worker does before it begins to wait.
			N8N_EXECUTIONS_QUEUE_KEEP_LAST_COMPLETED: '1000',
			N8N_EXECUTIONS_QUEUE_KEEP_LAST_FAILED: '1000',
		},
		close: async () => {
			const gone = new Promise((resolve) => child.once('close', resolve));
			child.kill();
			await gone;
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

// `dinomaly worker` as users start it.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from '../../../scripts/setup.mjs';

/**
 * Starts an engine worker and waits until it waits for work.
 * @param redis `url`, `password` where it has one, and `ca`, the file of the authority that it is trusted for
 * @param store folder of the model store
 * @param data folder of datasets that n8n may name
 * @returns its pid, what it said so far, `stop()` (as a service manager does) and `kill()` (as a power cut does)
 */
export async function startEngineWorker({ redis, store, data }) {
	const cli = path.join(root, 'dist', 'src', 'cli.js');
	const child = spawn(process.execPath, [cli, 'worker', '--store', store, '--data', data], {
		env: {
			...process.env,
			DINOMALY_REDIS_URL: redis.url,
			...(redis.password === undefined ? {} : { DINOMALY_REDIS_PASSWORD: redis.password }),
			...(redis.ca === undefined ? {} : { DINOMALY_REDIS_CA_FILE: redis.ca }),
		},
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const lines = [];
	const ended = new Promise((resolve) => child.once('close', resolve));
	const killAtExit = () => child.kill('SIGKILL');
	process.once('exit', killAtExit);
	void ended.then(() => process.off('exit', killAtExit));
	child.stdout.on('data', (chunk) => lines.push(String(chunk)));
	await new Promise((resolve, reject) => {
		child.stderr.on('data', (chunk) => {
			lines.push(String(chunk));
			if (/Waiting for work/.test(lines.join(''))) resolve();
		});
		void ended.then((code) => reject(new Error(`the worker ended with ${code}: ${lines.join('')}`)));
	});
	return {
		pid: child.pid,
		said: () => lines.join(''),
		stop: () => (child.kill('SIGTERM'), ended),
		kill: () => (child.kill('SIGKILL'), ended),
	};
}

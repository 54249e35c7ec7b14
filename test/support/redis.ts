import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether a Redis server can be started here; tests skip where it cannot (Debian: apt-get install redis-server). */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** `describe` where there is a redis-server, with the reason in its title where there is none. */
export function describeWithRedis(title: string, tests: () => void): void {
	if (hasRedis) describe(title, tests);
	else describe.skip(`${title} (skipped: no redis-server on the PATH)`, tests);
}

export interface RedisOptions {
	readonly password?: string;
	/** Whether it finds its data again after a restart. */
	readonly keeps?: boolean;
}

/** A Redis server of a test, on a port of its own. */
export class TestRedis {
	#child: ChildProcess | undefined;

	private constructor(
		readonly port: number,
		readonly folder: string,
		readonly options: RedisOptions,
	) {}

	static async start(options: RedisOptions = {}): Promise<TestRedis> {
		const folder = mkdtempSync(join(tmpdir(), 'dinomaly-redis-'));
		const redis = new TestRedis(await freePort(), folder, options);
		await redis.up();
		return redis;
	}

	get url(): string {
		return `redis://127.0.0.1:${String(this.port)}`;
	}

	async up(): Promise<void> {
		const { password, keeps = false } = this.options;
		const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', ''];
		args.push('--appendonly', keeps ? 'yes' : 'no', '--appendfsync', 'always');
		if (password !== undefined) args.push('--requirepass', password);
		const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
		this.#child = child;
		await new Promise<void>((resolve, reject) => {
			child.once('error', reject);
			child.once('exit', (code) => {
				reject(new Error(`Expected redis-server to run, found that it ended with ${String(code)}`));
			});
			child.stdout.on('data', (chunk: Buffer) => {
				if (/ready to accept connections/i.test(chunk.toString())) resolve();
			});
		});
	}

	/** Ends it as a crash would. */
	async down(): Promise<void> {
		const child = this.#child;
		if (child?.exitCode !== null) return;
		const gone = new Promise((resolve) => child.once('close', resolve));
		child.kill('SIGKILL');
		await gone;
	}

	async stop(): Promise<void> {
		await this.down();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function freePort(): Promise<number> {
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

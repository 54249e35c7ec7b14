import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

/** The Redis of a soak, on a port of its own; it may be killed and comes back with its data or without. */
export class RedisServer {
	#child: ChildProcess | undefined;
	/** When it was last away, from and to, in milliseconds since 1970. */
	#away: { from: number; to: number } = { from: 0, to: 0 };

	private constructor(
		private readonly port: number,
		private readonly folder: string,
	) {}

	static async start(folder: string): Promise<RedisServer> {
		const server = new RedisServer(await freePort(), path.join(folder, 'redis'));
		mkdirSync(server.folder);
		await server.up();
		return server;
	}

	get url(): string {
		return `redis://127.0.0.1:${String(this.port)}`;
	}

	/** Whether it was away at some time since then. */
	wasAwaySince(moment: number): boolean {
		return this.#away.to >= moment;
	}

	/** Ends it as a crash would. */
	async down({ forgets }: { readonly forgets: boolean }): Promise<void> {
		const now = Date.now();
		this.#away = { from: now, to: Infinity };
		const child = this.#child;
		if (child?.exitCode === null) {
			const gone = new Promise((resolve) => child.once('close', resolve));
			child.kill('SIGKILL');
			await gone;
		}
		if (!forgets) return;
		rmSync(this.folder, { recursive: true, force: true });
		mkdirSync(this.folder);
	}

	async up(): Promise<void> {
		const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder];
		const child = spawn('redis-server', [...args, '--save', '', '--appendonly', 'yes'], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
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
		this.#away = { from: this.#away.from, to: Date.now() };
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

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { crash, freePort, startRedis } from '../support/redisProcess';

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
		await crash(this.#child);
		if (!forgets) return;
		rmSync(this.folder, { recursive: true, force: true });
		mkdirSync(this.folder);
	}

	async up(): Promise<void> {
		this.#child = await startRedis([
			'--port',
			String(this.port),
			'--dir',
			this.folder,
			'--appendonly',
			'yes',
		]);
		this.#away = { from: this.#away.from, to: Date.now() };
	}
}

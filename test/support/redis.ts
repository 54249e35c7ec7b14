import { spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crash, freePort, startRedis } from '../../bench/support/redisProcess';

/** Whether a Redis server can be started here; tests skip where it cannot (Debian: apt-get install redis-server). */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** `describe` where there is a redis-server, with the reason in its title where there is none. */
export function describeWithRedis(title: string, tests: () => void): void {
	if (hasRedis) describe(title, tests);
	else describe.skip(`${title} (skipped: no redis-server on the PATH)`, tests);
}

/** Whether that server was built with TLS. */
export const hasTlsRedis = hasRedis && spawnSync('redis-cli', ['--help']).output.join('').includes('--tls');

export interface RedisOptions {
	readonly password?: string;
	/** TLS only, with this certificate; `clientCa` has it ask clients for theirs. */
	readonly tls?: { readonly certificate: string; readonly key: string; readonly clientCa?: string };
	/** A user beside the default one, as a line of Redis's ACL. */
	readonly user?: readonly string[];
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
		return this.options.tls === undefined
			? `redis://127.0.0.1:${String(this.port)}`
			: `rediss://localhost:${String(this.port)}`;
	}

	async up(): Promise<void> {
		const { password, keeps = false, tls, user } = this.options;
		const args = ['--dir', this.folder];
		if (tls === undefined) args.push('--port', String(this.port));
		else args.push('--port', '0', '--tls-port', String(this.port), ...tlsArguments(tls));
		if (user !== undefined) args.push('--user', ...user);
		args.push('--appendonly', keeps ? 'yes' : 'no', '--appendfsync', 'always');
		if (password !== undefined) args.push('--requirepass', password);
		this.#child = await startRedis(args);
	}

	/** Ends it as a crash would. */
	async down(): Promise<void> {
		await crash(this.#child);
	}

	async stop(): Promise<void> {
		await this.down();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function tlsArguments({ certificate, key, clientCa }: NonNullable<RedisOptions['tls']>): string[] {
	const own = ['--tls-cert-file', certificate, '--tls-key-file', key];
	return clientCa === undefined
		? [...own, '--tls-auth-clients', 'no']
		: [...own, '--tls-auth-clients', 'yes', '--tls-ca-cert-file', clientCa];
}

// A Postgres of our own, where one is installed: n8n advises against SQLite in queue mode.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../../scripts/n8n/ports.mjs';

/** Debian and Ubuntu keep the server's programs off the PATH. */
const DEBIAN = '/usr/lib/postgresql';
const USER = 'n8n';
const DATABASE = 'postgres';
const READY = /database system is ready to accept connections/;

/**
 * Starts it on a free port, keeping nothing.
 * @returns what n8n must know of it; undefined where there is no Postgres, or where DINOMALY_TEST_DATABASE is "sqlite"
 */
export async function openPostgres() {
	const programs = process.env.DINOMALY_TEST_DATABASE === 'sqlite' ? undefined : programsFolder();
	const owner = programs === undefined ? undefined : unprivileged();
	if (owner === undefined) return undefined;
	const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-postgres-'));
	if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
	const port = await freePort();
	const initialise = ['--pgdata', folder, '--username', USER, '--auth', 'trust', '--encoding', 'UTF8'];
	execFileSync(path.join(programs, 'initdb'), [...initialise, '--no-locale', '--no-sync'], {
		...owner,
		cwd: folder,
		stdio: ['ignore', 'ignore', 'inherit'],
	});
	const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
	const args = ['-D', folder, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
	const child = spawn(path.join(programs, 'postgres'), args, {
		...owner,
		cwd: folder,
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	await untilReady(child);
	const killAtExit = () => child.kill('SIGQUIT');
	process.once('exit', killAtExit);
	return {
		environment: {
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: '127.0.0.1',
			DB_POSTGRESDB_PORT: String(port),
			DB_POSTGRESDB_DATABASE: DATABASE,
			DB_POSTGRESDB_USER: USER,
		},
		close: async () => {
			const gone = new Promise((resolve) => child.once('close', resolve));
			// Not waiting for n8n processes that were killed in the middle of something.
			child.kill('SIGINT');
			await gone;
			process.off('exit', killAtExit);
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

function programsFolder() {
	const installed = existsSync(DEBIAN)
		? readdirSync(DEBIAN).map((name) => path.join(DEBIAN, name, 'bin'))
		: [];
	return [...(process.env.PATH ?? '').split(path.delimiter), ...installed].find((folder) =>
		['initdb', 'postgres'].every((name) => existsSync(path.join(folder, name))),
	);
}

/** As whom it runs: Postgres refuses to run as root. Undefined for a root that finds nobody else. */
function unprivileged() {
	if (process.getuid?.() !== 0) return {};
	const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, 'postgres']).stdout));
	return uid > 0 ? { uid, gid } : undefined;
}

async function untilReady(child) {
	let said = '';
	child.stderr.setEncoding('utf8');
	await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code) =>
			reject(new Error(`Expected postgres to run, found that it ended with ${code}: ${said}`)),
		);
		// Read on to the end: a full pipe would stop it.
		child.stderr.on('data', (chunk) => {
			if (said.length < 10_000) said += chunk;
			if (READY.test(said)) resolve();
		});
	});
}

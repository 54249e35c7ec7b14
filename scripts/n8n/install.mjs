// Installs Node.js 24 and n8n beside the package, once.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandFailed, runQuietly } from './command.mjs';
import { isNewEnough, N8N_VERSION, NODE_VERSION, n8nProgram, serverFolder, withNode } from './places.mjs';

const QUIET = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
const stamp = path.join(serverFolder, '.installed');
/** What the stamp says when everything is there; each step appends its line. */
const steps = [
	{ name: `node ${NODE_VERSION}`, run: installNode },
	{ name: `n8n ${N8N_VERSION}`, run: downloadN8n },
	{ name: 'sqlite3', run: buildDatabaseDriver },
];

/** Node.js 24 and n8n, where they are missing: about five minutes and 3 GB, once. A step that was done is not repeated. */
export async function installN8n({ log = console.log } = {}) {
	mkdirSync(serverFolder, { recursive: true });
	const project = path.join(serverFolder, 'package.json');
	if (!existsSync(project))
		writeFileSync(project, `${JSON.stringify({ name: 'n8n-beside-us', private: true }, null, 2)}\n`);
	for (const { name, run } of steps) {
		if (isDone(name)) continue;
		try {
			await run(log);
		} catch (error) {
			throw explain(error);
		}
		writeFileSync(stamp, `${name}\n`, { flag: 'a' });
	}
}

function isDone(name) {
	return existsSync(stamp) && readFileSync(stamp, 'utf8').split('\n').includes(name);
}

async function installNode(log) {
	if (isNewEnough()) return;
	// The package's own script chooses the binary of this platform, from the registry as well.
	await npm(
		'Installing Node.js 24 beside n8n',
		['install', '--ignore-scripts=false', `node@${NODE_VERSION}`],
		log,
	);
}

async function downloadN8n(log) {
	// Some packages' scripts fetch from hosts other than the registry; n8n needs none of them but the database driver's.
	const title = `Installing n8n ${N8N_VERSION} (about 2,200 packages, three to four minutes, once)`;
	await npm(title, ['install', '--ignore-scripts', `n8n@${N8N_VERSION}`], log);
	if (!existsSync(n8nProgram)) throw new Error(`Expected n8n at ${n8nProgram}, found nothing there`);
}

async function buildDatabaseDriver(log) {
	const title = "Building n8n's database driver (about a minute, once)";
	await npm(title, ['rebuild', '--ignore-scripts=false', 'sqlite3'], log);
}

function npm(title, args, log) {
	const env = { ...withNode(), ...headers() };
	return runQuietly(title, 'npm', [...args, ...QUIET], { cwd: serverFolder, env, log });
}

/** Compiling needs Node's headers: the ones that came with this Node.js, so that none are downloaded. */
function headers() {
	const prefix = path.dirname(path.dirname(process.execPath));
	const isThere = existsSync(path.join(prefix, 'include', 'node', 'node_api.h'));
	return isThere ? { npm_config_nodedir: prefix } : {};
}

function explain(error) {
	if (!(error instanceof CommandFailed)) return error;
	const { output } = error;
	if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network/.test(output) && !/gyp/.test(output))
		return new Error(
			`Could not reach the npm registry, which n8n is installed from. Check the network, or set your proxy or mirror ` +
				`("npm config set registry URL"), and run this again: it carries on where it stopped.\n${error.message}`,
		);
	if (/gyp/.test(output))
		return new Error(
			`Could not build n8n's database driver (sqlite3). It is fetched from GitHub or else compiled, which takes Python 3, make, a C++ ` +
				`compiler and Node's headers. Install those and run this again: it carries on here.\n${error.message}`,
		);
	return error;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await installN8n();

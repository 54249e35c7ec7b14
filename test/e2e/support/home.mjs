// User folders for n8n, each with our package, a dataset and a trained model in it.
import {
	copyFileSync,
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openClient } from '../../../scripts/n8n/client.mjs';
import { collect } from '../../../scripts/n8n/command.mjs';
import { installPackage } from '../../../scripts/n8n/community.mjs';
import { filesFolder } from '../../../scripts/n8n/environment.mjs';
import { installN8n } from '../../../scripts/n8n/install.mjs';
import { serverFolder } from '../../../scripts/n8n/places.mjs';
import { startServer } from '../../../scripts/n8n/server.mjs';
import { root } from '../../../scripts/setup.mjs';
import { drawPlates } from './plates.mjs';

export const PASSWORD = 'Dinomaly-e2e1';
/** Name of the trained model in every home. */
export const MODEL = 'plate';
/** The dataset's folder as nodes are told: relative to the folder they may read. */
export const DATA = 'plates';
const QUICK = ['--iterations', '30', '--image-size', '64', '--crop-size', '64', '--batch-size', '8'];
const log = (line) => console.error(line);

// The runner ends a file that takes too long: its servers end with it.
process.once('SIGTERM', () => process.exit(143));

/** Copied for each test file: database migrated, owner signed up, package installed, model trained. Made once. */
const base = path.join(serverFolder, 'e2e-base');
/** Set by the runner of all files: the base is ready, and a server for files that need none of their own is there. */
const PREPARED = 'DINOMALY_E2E_PREPARED';
const SHARED = 'DINOMALY_E2E_SERVER';

export async function prepareBase() {
	if (process.env[PREPARED] === base) return;
	await installN8n({ log });
	await installPackage(root, base, { log });
	const stamp = path.join(base, '.ready');
	if (existsSync(stamp)) return;
	for (const name of [filesFolder(base), path.join(base, '.n8n', 'database.sqlite'), storeOf(base)])
		rmSync(name, { recursive: true, force: true });
	const data = path.join(filesFolder(base), DATA);
	await drawPlates(data);
	const cli = path.join(root, 'dist', 'src', 'cli.js');
	const train = ['train', '--data', data, '--model', MODEL, '--calibration-share', '0.4', ...QUICK];
	await collect(process.execPath, [cli, ...train, '--store', storeOf(base)]);
	const server = await startServer(base);
	await openClient(server.url, PASSWORD);
	await server.stop();
	writeFileSync(stamp, '');
}

/** A fresh user folder; `dispose()` removes it. */
export async function newHome() {
	await prepareBase();
	const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-n8n-'));
	const nodes = path.join(base, '.n8n', 'nodes');
	cpSync(base, folder, {
		recursive: true,
		filter: (source) => source !== nodes && !source.endsWith('.log'),
	});
	mkdirSync(path.join(folder, '.n8n'), { recursive: true });
	symlinkSync(nodes, path.join(folder, '.n8n', 'nodes'), 'junction');
	return {
		folder,
		files: filesFolder(folder),
		store: storeOf(folder),
		dispose: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
	};
}

/** The store that nodes use by default in such a folder. */
export function storeOf(folder) {
	return path.join(folder, '.n8n', 'dinomaly');
}

/** A running n8n on a fresh home with its owner signed in. */
export async function bootN8n(options = {}) {
	const home = await newHome();
	const server = await startServer(home.folder, options);
	const client = await openClient(server.url, PASSWORD);
	return {
		home,
		server,
		client,
		close: async () => {
			await server.stop();
			home.dispose();
		},
	};
}

/**
 * The n8n that test files share, where one was started for all of them; else one of our own. Who uses it names workflows and webhooks as
 * nobody else does, and leaves dataset and model as they are.
 */
export async function sharedN8n() {
	const shared = process.env[SHARED];
	if (shared === undefined) {
		const n8n = await bootN8n();
		keepBootLog(n8n.server);
		return n8n;
	}
	const { folder, server } = JSON.parse(shared);
	return {
		home: { folder, files: filesFolder(folder), store: storeOf(folder) },
		server,
		client: await openClient(server.url, PASSWORD),
		close: () => Promise.resolve(),
	};
}

/** Prepares what all test files need and boots what they share. @returns its environment, and what ends it */
export async function openShared() {
	await prepareBase();
	const { home, server, close } = await bootN8n();
	keepBootLog(server);
	const { url, pid, logFile } = server;
	return {
		environment: {
			[PREPARED]: base,
			[SHARED]: JSON.stringify({ folder: home.folder, server: { url, pid, logFile } }),
		},
		close,
	};
}

/** What a shared n8n's log said when it had started. */
export function bootLogOf({ logFile }) {
	return `${logFile}.boot`;
}

function keepBootLog(server) {
	copyFileSync(server.logFile, bootLogOf(server));
}

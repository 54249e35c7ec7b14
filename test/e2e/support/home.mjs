// User folders for n8n, each with our package, a dataset and a trained model in it.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

/** Copied for each test file: database migrated, owner signed up, package installed, model trained. Made once. */
const base = path.join(serverFolder, 'e2e-base');

export async function prepareBase() {
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

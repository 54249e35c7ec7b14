// Installs our package into n8n's user folder the way n8n's own "install community node" does.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { collect, runQuietly } from './command.mjs';
import { packPackage } from '../pack.mjs';
import { withNode } from './places.mjs';

const NAME = 'n8n-nodes-dinomaly';
/** What n8n removes from a community package's description before it installs what is left. */
const STRIPPED = ['devDependencies', 'peerDependencies', 'optionalDependencies'];
const AS_N8N = [
	'--audit=false',
	'--fund=false',
	'--bin-links=false',
	'--install-strategy=shallow',
	'--ignore-scripts=true',
	'--package-lock=false',
	'--loglevel=error',
];

/**
 * Packs the checkout at `root` and installs it into `userFolder`. When only our own files changed, the packages it depends on stay
 * as they are, which takes seconds instead of a minute.
 */
export async function installPackage(root, userFolder, { log = console.log } = {}) {
	const nodes = path.join(userFolder, '.n8n', 'nodes');
	const home = path.join(nodes, 'node_modules', NAME);
	mkdirSync(path.dirname(home), { recursive: true });
	const archive = await packPackage(root, nodes);
	const digest = createHash('sha256').update(readFileSync(archive)).digest('hex');
	const stamp = path.join(home, '.archive-sha256');
	if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) {
		rmSync(archive);
		return home;
	}
	const kept = keepDependencies(home, nodes);
	mkdirSync(home, { recursive: true });
	await collect(
		'tar',
		['-xzf', path.basename(archive), '-C', path.relative(nodes, home), '--strip-components=1'],
		{
			cwd: nodes,
		},
	);
	rmSync(archive);
	const manifest = stripManifest(home);
	if (kept?.dependencies === JSON.stringify(manifest.dependencies))
		renameSync(kept.folder, path.join(home, 'node_modules'));
	else await installDependencies(home, log);
	if (kept) rmSync(kept.folder, { recursive: true, force: true });
	registerPackage(nodes, manifest);
	writeFileSync(stamp, digest);
	return home;
}

/** Removes a former installation, but for the packages it depends on. */
function keepDependencies(home, nodes) {
	const manifest = path.join(home, 'package.json');
	const modules = path.join(home, 'node_modules');
	const folder = path.join(nodes, '.kept-dependencies');
	rmSync(folder, { recursive: true, force: true });
	const isWhole = existsSync(path.join(home, '.archive-sha256')) && existsSync(modules);
	const dependencies = isWhole
		? JSON.stringify(JSON.parse(readFileSync(manifest, 'utf8')).dependencies)
		: undefined;
	if (isWhole) renameSync(modules, folder);
	rmSync(home, { recursive: true, force: true });
	return isWhole ? { folder, dependencies } : undefined;
}

function stripManifest(home) {
	const file = path.join(home, 'package.json');
	const manifest = JSON.parse(readFileSync(file, 'utf8'));
	for (const field of STRIPPED) delete manifest[field];
	writeFileSync(file, JSON.stringify(manifest, null, 2));
	return manifest;
}

async function installDependencies(home, log) {
	await runQuietly(
		"Installing our package into n8n, as n8n's installer does",
		'npm',
		['install', ...AS_N8N],
		{
			cwd: home,
			env: withNode(),
			log,
		},
	);
	const found = readdirSync(path.join(home, 'node_modules'));
	if (!found.includes('onnxruntime-node'))
		throw new Error(`Expected onnxruntime-node among the packages in ${home}, found ${found.join(', ')}`);
}

/** n8n keeps a list of installed packages here. */
function registerPackage(nodes, { name, version }) {
	const file = path.join(nodes, 'package.json');
	const list = existsSync(file)
		? JSON.parse(readFileSync(file, 'utf8'))
		: { name: 'installed-nodes', private: true, dependencies: {} };
	list.dependencies[name] = version;
	writeFileSync(file, JSON.stringify(list, null, 2));
}

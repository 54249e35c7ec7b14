import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../scripts/setup.mjs';
import { bootLogOf, sharedN8n } from './support/home.mjs';

let n8n;
let types;
before(async () => {
	n8n = await sharedN8n();
	types = await n8n.client.nodeTypes();
});
after(() => n8n?.close());

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const declared = manifest.n8n.nodes.map((file) => path.basename(file, '.node.js'));

test('n8n loads every node that the package declares, and each as a tool too', () => {
	const names = declared.map((name) => `n8n-nodes-dinomaly.${name[0].toLowerCase()}${name.slice(1)}`);
	const found = types.map(({ name }) => name).sort();
	assert.deepEqual(found, names.flatMap((name) => [name, `${name}Tool`]).sort());
});

test('every node has its icons for light and dark, and the words it is found by', async () => {
	for (const type of types) {
		for (const url of [type.iconUrl.light, type.iconUrl.dark]) {
			const { status, headers } = await fetch(`${n8n.server.url}/${url}`);
			assert.equal(status, 200, url);
			assert.match(headers.get('content-type'), /svg/, url);
		}
		if (type.name.endsWith('Tool')) continue;
		assert.ok(type.codex?.alias?.includes('anomaly'), `${type.name} is found by "anomaly"`);
	}
});

test('n8n adds no operation of its own', () => {
	const operations = types.flatMap(({ properties }) =>
		properties.filter(({ name }) => name === 'operation').flatMap(({ options }) => options),
	);
	assert.deepEqual(
		operations.filter(({ value }) => value === '__CUSTOM_API_CALL__'),
		[],
	);
});

test('loading the nodes loads no native package: n8n starts where they cannot load', () => {
	const log = readFileSync(bootLogOf(n8n.server), 'utf8');
	assert.doesNotMatch(log, /dinomaly/i);
	const maps = `/proc/${n8n.server.pid}/maps`;
	if (process.platform === 'linux') assert.doesNotMatch(readFileSync(maps, 'utf8'), /onnxruntime|libvips/);
});

test('the installed package holds what it needs to run and nothing else', () => {
	const home = path.join(n8n.home.folder, '.n8n', 'nodes', 'node_modules', manifest.name);
	const { files } = manifest;
	const found = readdirSync(home).filter((name) => !name.startsWith('.') && name !== 'node_modules');
	const named = files.filter((name) => !name.startsWith('!')).map((name) => name.split('/')[0]);
	const always = ['LICENSE', 'README.md', 'package.json'];
	assert.deepEqual(found.sort(), [...new Set([...named, ...always])].sort());
	assert.deepEqual(testFiles(path.join(home, 'dist')), []);
});

test('every link of its README, read on a site that has none of its files, leads to a file of the published package', () => {
	const home = path.join(n8n.home.folder, '.n8n', 'nodes', 'node_modules', manifest.name);
	const readme = readFileSync(path.join(home, 'README.md'), 'utf8');
	const targets = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
	const served = `https://unpkg.com/${manifest.name}@${manifest.version}/`;
	const own = targets.filter((target) => target.startsWith(served));
	assert.ok(own.some((target) => target.endsWith('.png')));
	for (const target of own) assert.ok(existsSync(path.join(home, target.slice(served.length))), target);
	for (const target of targets) assert.match(target, /^https:\/\//);
});

function testFiles(folder) {
	return readdirSync(folder, { recursive: true })
		.filter((name) => /\.test\.|^bench|^test/.test(name))
		.filter((name) => statSync(path.join(folder, name)).isFile());
}

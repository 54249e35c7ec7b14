import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { argumentsOf, DOCKER, readDockerfile, stagesOf } from './dockerfile';

const ROOT = join(__dirname, '..', '..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
	name: string;
	version: string;
	bin: Record<string, string>;
	files: string[];
};
const places = readFileSync(join(ROOT, 'scripts', 'n8n', 'places.mjs'), 'utf8');
const constant = (name: string): string | undefined =>
	new RegExp(`export const ${name} = '([^']+)'`).exec(places)?.[1];

const instructions = readDockerfile();
const given = argumentsOf(instructions);
/** What COPY takes from the folder of the Dockerfile, not from another stage. */
const copied = instructions
	.filter(({ name, rest }) => name === 'COPY' && !rest.includes('--from='))
	.flatMap(({ rest }) =>
		rest
			.split(' ')
			.filter((word) => !word.startsWith('--'))
			.slice(0, -1),
	)
	.map((name) => name.replace(/\$\{(\w+)\}/g, (_, variable: string) => given[variable]));

test('the image has the n8n and the Node.js that the tests run, and this version of the package', () => {
	expect(given).toMatchObject({
		N8N_VERSION: constant('N8N_VERSION'),
		DINOMALY_VERSION: manifest.version,
		NODE_IMAGE: `node:${constant('NODE_VERSION') ?? ''}-bookworm-slim`,
	});
});

test('the CUDA libraries are of the version that ONNX Runtime fetches its provider for', () => {
	const runtime = createRequire(require.resolve('onnxruntime-node/package.json'));
	const metadata = runtime('./script/install-metadata.js') as { requirements: Record<string, string[]> };
	const [asked] = metadata.requirements['linux/x64'];
	const major = /^cuda(\d+)$/.exec(asked)?.[1];
	expect(given.CUDA_IMAGE).toMatch(
		new RegExp(`^nvidia/cuda:${major ?? 'none'}\\.\\d+\\.\\d+-cudnn-runtime-`),
	);
	const fetch = instructions.find(({ rest }) => rest.includes('ONNXRUNTIME_NODE_INSTALL='));
	expect(fetch?.rest).toContain(`ONNXRUNTIME_NODE_INSTALL=${asked} `);
	expect(fetch?.stage).toBe('package-cuda');
});

test('all that is copied is there, or is the archive that packing makes', () => {
	const archive = `${manifest.name}-${manifest.version}.tgz`;
	expect(copied).toContain(archive);
	expect(copied.length).toBeGreaterThan(1);
	for (const name of copied)
		if (name !== archive) expect([name, existsSync(join(DOCKER, name))]).toEqual([name, true]);
});

test('the builder is sent what is copied, and no file with secrets', () => {
	const allowed = readFileSync(join(DOCKER, '.dockerignore'), 'utf8')
		.split('\n')
		.filter((line) => line.startsWith('!'))
		.map((line) => new RegExp(`^${line.slice(1).replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
	expect(readFileSync(join(DOCKER, '.dockerignore'), 'utf8')).toMatch(/^\*$/m);
	for (const name of copied) expect([name, allowed.some((one) => one.test(name))]).toEqual([name, true]);
	for (const secret of ['.env', '.env.production'])
		expect(allowed.some((one) => one.test(secret))).toBe(false);
});

test('stages that are built on, copied from or asked for exist, earlier in the file', () => {
	const stages = stagesOf(instructions);
	const known = new Set<string>();
	for (const { name, rest, stage } of instructions) {
		if (name === 'FROM') {
			const base = rest.split(' ')[0];
			if (!base.startsWith('${')) expect([base, known.has(base)]).toEqual([base, true]);
			known.add(stage);
		}
		const from = /--from=(\S+)/.exec(rest)?.[1];
		if (from !== undefined) expect([from, known.has(from)]).toEqual([from, true]);
	}
	expect(stages).toEqual(expect.arrayContaining(['n8n', 'n8n-cuda', 'worker', 'worker-cuda']));
	expect(stages.at(-1)).toBe('n8n');
});

test('images that are run are not run as root', () => {
	for (const target of ['n8n', 'n8n-cuda', 'worker', 'worker-cuda']) {
		const user = instructions
			.filter(({ name, stage }) => name === 'USER' && stage === target)
			.at(-1)?.rest;
		expect([target, user]).toEqual([target, '1000:1000']);
	}
});

test('the command of the image is the program of the package', () => {
	const linked = instructions.find(({ rest }) => rest.includes('/usr/local/bin/dinomaly'));
	expect(linked?.rest).toContain(
		`ln -s /opt/${manifest.name}/${manifest.bin.dinomaly} /usr/local/bin/dinomaly`,
	);
});

test('the published package holds the files of docker/ by name, so that no .env can slip in', () => {
	const published = manifest.files.filter((name) => name.startsWith('docker'));
	for (const name of [
		...copied.filter((one) => !one.endsWith('.tgz')),
		'Dockerfile',
		'.dockerignore',
		'compose.yaml',
	])
		expect(published).toContain(`docker/${name}`);
	for (const name of published) expect([name, existsSync(join(ROOT, name))]).toEqual([name, true]);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { main } from '../../src/cli/main';
import type { Engine } from '../../src/engine/host';
import { DOCKER, readDockerfile, stagesOf } from './dockerfile';

interface Service {
	readonly image?: string;
	readonly build?: { readonly target: string };
	readonly command?: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
	readonly volumes?: readonly string[];
	readonly networks?: readonly string[];
	readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
	readonly healthcheck?: object;
	readonly restart?: string;
	readonly deploy?: {
		readonly replicas?: number;
		readonly resources?: { readonly limits?: { readonly cpus: string; readonly memory: string } };
	};
}
interface Compose {
	readonly services: Readonly<Record<string, Service>>;
	readonly volumes: object;
	readonly networks: object;
}

const read = (name: string): string => readFileSync(join(DOCKER, name), 'utf8');
const compose = parse(read('compose.yaml'), { merge: true }) as Compose;
const gpu = parse(read('compose.gpu.yaml')) as Compose;
const example = new Map(
	read('.env.example')
		.split('\n')
		.filter((line) => /^\w+=/.test(line))
		.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);
/** Variables of compose files as `name`, `rule` (`:-` with a default, `:?` with a refusal) and what follows; `$$` is not one. */
const variables = [
	...`${read('compose.yaml')}${read('compose.gpu.yaml')}`.matchAll(/(?<!\$)\$\{(\w+)(:[-?])?([^}]*)\}/g),
].map(([, name, rule, rest]) => ({ name, rule, rest }));
const services = Object.entries(compose.services);
const n8nServices = services.filter(([, { build }]) => build?.target === 'n8n');
const written = /(?<!\$)\$\{(\w+)(?::[-?][^}]*)?\}/g;

test('what can be set stands in .env.example, with the value that counts without it', () => {
	expect([...example.keys()].sort()).toEqual([...new Set(variables.map(({ name }) => name))].sort());
	for (const { name, rule, rest } of variables)
		if (rule === ':-') expect([name, example.get(name)]).toEqual([name, rest]);
});

test('secrets have no default: without them nothing starts', () => {
	const secrets = [...example.keys()].filter((name) => /PASSWORD|_KEY/.test(name));
	expect(secrets).toEqual(['N8N_ENCRYPTION_KEY', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD']);
	for (const name of secrets) {
		expect(example.get(name)).toBe('');
		expect(variables.filter((one) => one.name === name).map(({ rule }) => rule)).toEqual([':?']);
	}
});

test('main process, three workers and webhook processors share keys, database, queue and the store', () => {
	expect(n8nServices.map(([name]) => name)).toEqual(['n8n', 'n8n-worker', 'n8n-webhook']);
	expect(compose.services['n8n-worker'].deploy?.replicas).toBe(3);
	const [[, first]] = n8nServices;
	for (const [, { environment, volumes, command = ['n8n', 'start'] }] of n8nServices) {
		expect(environment).toEqual(first.environment);
		expect(environment?.EXECUTIONS_MODE).toBe('queue');
		expect(volumes).toContain('inspection:/data');
		expect(['start', 'worker', 'webhook']).toContain(command[1]);
	}
});

test("n8n's queue remembers what is done until the main process has asked for it", () => {
	for (const outcome of ['COMPLETED', 'FAILED']) {
		const kept = compose.services.n8n.environment?.[`N8N_EXECUTIONS_QUEUE_KEEP_LAST_${outcome}`];
		expect(Number(kept)).toBeGreaterThanOrEqual(100);
	}
});

test('the engine worker sees the same store and the same Redis as n8n', () => {
	const { environment, volumes } = compose.services['engine-worker'];
	const n8n = compose.services.n8n.environment;
	expect(volumes).toContain('inspection:/data');
	for (const name of ['DINOMALY_REDIS_URL', 'DINOMALY_REDIS_PASSWORD'])
		expect([name, environment?.[name]]).toEqual([name, n8n?.[name]]);
	expect(n8n?.QUEUE_BULL_REDIS_PASSWORD).toBe(environment?.DINOMALY_REDIS_PASSWORD);
	// Store and datasets lie on that volume.
	const settings = readDockerfile()
		.filter(({ name }) => name === 'ENV')
		.map(({ rest }) => rest)
		.join(' ');
	expect(settings).toContain('DINOMALY_STORE=/data/models');
	expect(settings).toContain('N8N_RESTRICT_FILE_ACCESS_TO=/data/files');
	expect(compose.services['engine-worker'].command).toContain('/data/files');
});

const ofStage = (name: string): string =>
	readDockerfile().find((one) => one.name === name && one.stage === 'worker')?.rest ?? '';
const wordsOf = (text: string): string[] => JSON.parse(text) as string[];

test.each<[string, readonly string[]]>([
	['command of the service', compose.services['engine-worker'].command ?? []],
	['command of the image', wordsOf(ofStage('CMD'))],
	['health check of the image', wordsOf(ofStage('HEALTHCHECK').replace(/^.* CMD /, ''))],
])('our command line understands the %s', async (_, [program, ...words]) => {
	expect(program).toBe('dinomaly');
	let err = '';
	const code = await main(words, {
		stdout: { write: () => undefined },
		stderr: { write: (text) => (err += text) },
		env: {},
		cwd: DOCKER,
		openEngine: () => ({ close: () => Promise.resolve() }) as unknown as Engine,
		onInterrupt: () => () => undefined,
		exit: () => undefined,
	});
	// All words were understood: what is missing is the server that the environment names.
	expect(err).toContain('Expected the address of a Redis server, found none');
	expect(code).toBe(2);
});

test('what is built is a stage of the Dockerfile, what is mounted or joined is declared', () => {
	const stages = stagesOf(readDockerfile());
	for (const [name, service] of [...services, ...Object.entries(gpu.services)]) {
		if (service.build !== undefined) expect(stages).toContain(service.build.target);
		for (const volume of service.volumes ?? [])
			expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
		for (const network of service.networks ?? [])
			expect(Object.keys(compose.networks)).toContain(network);
		expect(Object.keys(compose.services)).toContain(name);
	}
});

test('every service restarts, is limited, and waits only for what says that it is healthy', () => {
	const withCheck = new Set(
		readDockerfile()
			.filter(({ name }) => name === 'HEALTHCHECK')
			.map(({ stage }) => stage),
	);
	// The stage n8n is built on the one that has the check.
	if (withCheck.has('n8n-base')) withCheck.add('n8n');
	const isChecked = (name: string): boolean => {
		const { healthcheck, build } = compose.services[name];
		return healthcheck !== undefined || withCheck.has(build?.target ?? '');
	};
	for (const [name, { restart, deploy, depends_on: needs = {} }] of services) {
		expect([name, restart]).toEqual([name, 'unless-stopped']);
		const limits = deploy?.resources?.limits;
		expect(limits?.memory.replace(written, '1g')).toMatch(/^\d+g$/);
		expect(limits?.cpus.replace(written, '1')).toMatch(/^\d+$/);
		for (const [other, { condition }] of Object.entries(needs))
			expect([other, condition, isChecked(other)]).toEqual([other, 'service_healthy', true]);
		expect([name, isChecked(name)]).toEqual([name, true]);
	}
});

test('the versions in the names of our images are that of the package', () => {
	const { version } = JSON.parse(readFileSync(join(DOCKER, '..', 'package.json'), 'utf8')) as {
		version: string;
	};
	for (const name of ['N8N_IMAGE', 'WORKER_IMAGE', 'WORKER_CUDA_IMAGE'])
		expect(example.get(name)).toMatch(new RegExp(`^[a-z0-9-]+:${version.replaceAll('.', '\\.')}$`));
});

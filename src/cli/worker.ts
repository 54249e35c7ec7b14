import { hostname } from 'node:os';
import {
	describeWorkersConnection,
	workersConnectionFromEnvironment,
	type WorkersConnection,
} from '../workers/connection';
import { LANES, type Lane } from '../workers/lanes';
import { parseDataFolder } from '../workers/places';
import { workersNow } from '../workers/probe';
import { startWorker } from '../workers/serve';
import { defineCommand } from './command';
import type { CommandContext, CommandResult } from './command';
import { OUTPUT_FLAGS, refuseWords, STORE_FLAG, storeFolder } from './commonFlags';
import { list, text, toggle, usage } from './flags';
import { table } from './table';

export const workerCommand = defineCommand({
	name: 'worker',
	synopsis: '[options]',
	summary:
		'Compute for n8n on this machine until it is stopped: nodes with the credential Engine Workers send scores, evaluations and trainings here through Redis; both see the same model store. ' +
		'DINOMALY_REDIS_URL, _USER, _PASSWORD, _TLS and _PREFIX name the server, DINOMALY_REDIS_CA_FILE, _CERT_FILE and _KEY_FILE certificates in PEM form (TLS). SIGTERM ends it: scores are finished, the rest goes to another worker, a training with its checkpoint',
	examples: [
		'DINOMALY_REDIS_URL=redis://redis:6379 DINOMALY_REDIS_PASSWORD=... dinomaly worker --store /mnt/models --data /mnt/images',
		'dinomaly worker --redis rediss://redis.example.com:6380 --store s3://models/plant-2 --work score',
		'dinomaly worker --redis redis://redis --store /srv/models --data /data/images=/srv/images',
	],
	flags: {
		redis: text(
			'URL',
			'Redis server (default: DINOMALY_REDIS_URL); better not with a password, which others see',
		),
		prefix: text(
			'TEXT',
			'Start of every key, as in the credential (default: DINOMALY_REDIS_PREFIX, else dinomaly)',
		),
		work: list(
			LANES.join('|'),
			'What to take on (default: all); each kind is worked on beside the others',
		),
		data: list(
			'DIR|NAME=DIR',
			'Folder of datasets that n8n may name, and the path that n8n knows it by where that is another (default: the model store only)',
		),
		check: toggle(
			'Start none: say which workers are there, with exit code 1 when none of them is on this machine',
		),
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		refuseWords(words);
		const { io, engine, progress, call } = context;
		const connection = readConnection(values, context);
		if (values.check === true) return checkWorkers(connection);
		const store = storeFolder(values.store, context);
		const storeShown = values.store ?? io.env.DINOMALY_STORE ?? store;
		const lanes = readLanes(values.work);
		const worker = await startWorker({
			connection,
			store,
			storeShown,
			lanes,
			dataFolders: (values.data ?? []).map((given) => parseDataFolder(given, context.path)),
			engine,
			hubToken: io.env.HF_TOKEN === '' ? undefined : io.env.HF_TOKEN,
			log: (line) => {
				progress.note(`${new Date().toISOString()} ${line}`);
			},
		});
		progress.note(
			`Waiting for work (${lanes.join(', ')}) at ${describeWorkersConnection(connection)}, model store ${storeShown}`,
		);
		await untilStopped(call.signal);
		await worker.close();
		return { json: { worker: worker.card.id }, text: '' };
	},
});

/** What a container's health check asks. */
async function checkWorkers(connection: WorkersConnection): Promise<CommandResult> {
	const workers = await workersNow(connection);
	const rows = workers.map(({ host, lanes, storeShown, version }) => [
		host,
		lanes.join(', '),
		storeShown,
		version,
	]);
	const isHere = workers.some(({ host }) => host === hostname());
	return {
		json: {
			workers: workers.map(({ host, lanes, storeShown, version }) => ({
				host,
				lanes,
				store: storeShown,
				version,
			})),
		},
		text: rows.length === 0 ? '' : table(['host', 'work', 'store', 'version'], rows),
		failure: isHere
			? undefined
			: `Expected an engine worker on this machine (${hostname()}) to be known at ${describeWorkersConnection(connection)}, found ${rows.length === 0 ? 'none at all' : 'others only'}`,
	};
}

function readConnection(
	{ redis, prefix }: { readonly redis?: string; readonly prefix?: string },
	{ io }: CommandContext,
): WorkersConnection {
	const connection = workersConnectionFromEnvironment(io.env, { url: redis, prefix });
	if (connection !== undefined) return connection;
	throw usage(
		'Expected the address of a Redis server, found none',
		'Set DINOMALY_REDIS_URL, or give --redis redis://HOST:6379.',
	);
}

function readLanes(given: readonly string[] | undefined): Lane[] {
	if (given === undefined) return [...LANES];
	const unknown = given.find((one) => !LANES.some((lane) => lane === one));
	if (unknown !== undefined)
		throw usage(`Expected --work to be one of ${LANES.join(', ')}, found "${unknown}"`);
	return LANES.filter((lane) => given.includes(lane));
}

function untilStopped(signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) resolve();
		signal.addEventListener('abort', () => {
			resolve();
		});
	});
}

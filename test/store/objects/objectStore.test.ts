import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bucket } from '../../../src/store/objects/bucket';
import type { ObjectStore } from '../../../src/store/objects/objectStore';
import { sampleDraft, temporaryFolder } from '../sampleModel';
import { checksSignatures, isOurServer, RUN, startObjectServer, type ObjectServer } from './server';

const testOfOurServer = isOurServer ? test : test.skip;
const root = temporaryFolder();
let server: ObjectServer;
let stores = 0;

beforeAll(async () => {
	server = await startObjectServer(join(root, 'server'));
});
afterAll(() => server.close());
beforeEach(() => {
	server.wire.mend();
	server.keepsConditions = true;
});

/** Two machines with a store of their own prefix. */
function twoMachines(): { a: ObjectStore; b: ObjectStore; prefix: string; bucket: Bucket } {
	const prefix = `store-${RUN}-${++stores}`;
	return {
		a: server.machine(join(root, prefix, 'a'), { prefix }),
		b: server.machine(join(root, prefix, 'b'), { prefix }),
		prefix,
		bucket: new Bucket(server.connection({ prefix })),
	};
}

const weights = (seed: number, bytes = 1000): Buffer => Buffer.alloc(bytes, seed);

/** Whether the decoder of a version is what was published; comparing megabytes with toEqual takes a minute. */
const holds = (path: string, bytes: Buffer): boolean =>
	readFileSync(join(path, 'decoder.safetensors')).equals(bytes);

describe('versions', () => {
	test('what one machine publishes, another opens as it was, from its own disk the second time', async () => {
		const { a, b } = twoMachines();
		const published = await a.publish('bolts', sampleDraft(weights(1)));
		expect(published).toMatchObject({ name: 'bolts', version: '1' });
		const opened = await b.open('bolts');
		expect(opened.card).toEqual(published.card);
		expect(opened.calibration).toEqual(published.calibration);
		expect(opened.path).not.toBe(published.path);
		expect(holds(opened.path, weights(1))).toBe(true);
		const before = server.requests.length;
		await b.open('bolts@1');
		const downloads = server.requests.slice(before).filter((line) => line.includes('/uploads/'));
		expect(downloads).toEqual([]);
	});

	test('many who publish at once get a number each, without gaps and without doubles', async () => {
		const { a, b } = twoMachines();
		const versions = await Promise.all(
			Array.from({ length: 8 }, async (_, i) => {
				const { version } = await (i % 2 === 0 ? a : b).publish('bolts', sampleDraft(weights(i)));
				return { version, i };
			}),
		);
		expect(versions.map(({ version }) => Number(version)).sort((x, y) => x - y)).toEqual([
			1, 2, 3, 4, 5, 6, 7, 8,
		]);
		for (const { version, i } of versions) {
			const { path } = await (i % 2 === 0 ? b : a).open(`bolts@${version}`);
			expect(holds(path, weights(i))).toBe(true);
		}
	});

	test('a connection that is cut in mid-upload leaves nothing to be seen, and the next attempt gets the number', async () => {
		const { a, b, bucket } = twoMachines();
		await a.publish('bolts', sampleDraft(weights(1)));
		server.wire.cutAfter(300_000);
		const cutBefore = server.wire.cuts;
		await expect(a.publish('bolts', sampleDraft(weights(2, 2_000_000)))).rejects.toMatchObject({
			code: 'STORE_UNREACHABLE',
		});
		expect(server.wire.cuts).toBeGreaterThan(cutBefore);
		server.wire.mend();
		expect(await b.list()).toMatchObject([{ name: 'bolts', versions: 1, newest: '1' }]);
		expect((await bucket.list('models/bolts/versions/')).map(({ key }) => key)).toEqual([
			'models/bolts/versions/1.json',
		]);
		const { version } = await a.publish('bolts', sampleDraft(weights(2, 2_000_000)));
		expect(version).toBe('2');
		const { path } = await b.open('bolts@2');
		expect(holds(path, weights(2, 2_000_000))).toBe(true);
	});

	test('a number that was removed is never given again, and its files go', async () => {
		const { a, b, bucket } = twoMachines();
		for (const seed of [1, 2]) await a.publish('bolts', sampleDraft(weights(seed)));
		await b.open('bolts@2');
		await a.promote('bolts@2', 'production');
		await expect(a.remove('bolts@2')).rejects.toMatchObject({ code: 'USAGE' });
		await a.remove('bolts@2', { force: true, by: 'a test' });
		expect(await a.versions('bolts')).toMatchObject([{ version: '1' }]);
		expect(await bucket.list('models/bolts/uploads/')).toHaveLength(3);
		await expect(a.open('bolts@2')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
		expect((await a.publish('bolts', sampleDraft())).version).toBe('3');
		await a.removeModel('bolts');
		expect(await a.list()).toEqual([]);
		expect(await bucket.list('models/bolts/uploads/')).toEqual([]);
		expect((await a.publish('bolts', sampleDraft())).version).toBe('4');
	});

	test('a file that was changed in the bucket, or on this machine, is not loaded', async () => {
		const { a, b, bucket } = twoMachines();
		const { path } = await a.publish('bolts', sampleDraft(weights(1)));
		const [decoder] = (await bucket.list('models/bolts/uploads/')).filter(({ key }) =>
			key.endsWith('decoder.safetensors'),
		);
		await bucket.put(decoder.key, weights(9));
		await expect(b.open('bolts')).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
		writeFileSync(join(path, 'decoder.safetensors'), weights(8));
		await expect(a.open('bolts')).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
	});
});

describe('aliases', () => {
	test('of many who move an alias at once each move is kept, in one chain', async () => {
		const { a, b } = twoMachines();
		for (const seed of [1, 2, 3]) await a.publish('bolts', sampleDraft(weights(seed)));
		await Promise.all(
			Array.from({ length: 9 }, (_, i) =>
				(i % 2 === 0 ? a : b).promote(`bolts@${(i % 3) + 1}`, 'production', { by: `writer ${i}` }),
			),
		);
		const moves = await b.history('bolts');
		expect(new Set(moves.map(({ by }) => by)).size).toBe(9);
		moves.forEach(({ from }, i) => {
			expect(from).toBe(i === 0 ? null : moves[i - 1].to);
		});
		expect(await a.aliases('bolts')).toEqual({ production: moves[8].to });
	});

	test('an alias is moved only from where it was seen', async () => {
		const { a, b } = twoMachines();
		for (const seed of [1, 2]) await a.publish('bolts', sampleDraft(weights(seed)));
		const moves = await Promise.allSettled(
			[a, b].map((store, i) => store.promote(`bolts@${i + 1}`, 'production', { ifFrom: null })),
		);
		expect(moves.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
		expect(await b.history('bolts')).toHaveLength(1);
	});

	test('gates travel with the model', async () => {
		const { a, b } = twoMachines();
		await a.publish('bolts', sampleDraft());
		const gate = {
			rules: [{ metric: 'imageAuroc', scope: 'mean' as const, floor: 0.9 }],
			at: '2026-01-01T00:00:00.000Z',
			by: 'qa',
		};
		await a.setGate('bolts', 'production', gate);
		expect(await b.gates('bolts')).toEqual({ production: gate });
		await a.promote('bolts', 'production');
		await a.dropAlias('bolts', 'production', { why: 'trial over' });
		expect(await b.resolve('bolts')).toMatchObject({ version: '1' });
		expect((await b.history('bolts')).at(-1)).toMatchObject({ to: null, why: 'trial over' });
	});
});

describe('the copies on a machine', () => {
	test('those used longest ago go when there are too many, but not those in use', async () => {
		const { a, prefix } = twoMachines();
		const draft = sampleDraft(weights(1, 30_000));
		for (let i = 0; i < 3; i++) await a.publish('bolts', draft);
		const small = server.machine(join(root, prefix, 'small'), { prefix, cacheGb: 70_000 / 1e9 });
		const first = await small.open('bolts@1');
		await small.open('bolts@2');
		await small.open('bolts@3');
		expect(readdirSync(join(first.path, '..')).sort()).toEqual(['1', '2', '3']);
		const anHourAgo = Date.now() / 1000 - 3600;
		utimesSync(join(first.path, '.copy.json'), anHourAgo, anHourAgo);
		await a.publish('bolts', draft);
		await small.open('bolts@latest').catch(() => undefined);
		await new Promise((resolve) => setTimeout(resolve, 1100)); // until the server is asked again
		await small.open('bolts@4');
		expect(readdirSync(join(first.path, '..')).sort()).toEqual(['2', '3', '4']);
		expect((await small.open('bolts@1')).version).toBe('1');
	});

	test('a version that is named by its number serves while the server is away; an alias does not', async () => {
		const { a } = twoMachines();
		await a.publish('bolts', sampleDraft());
		await a.promote('bolts', 'production');
		server.wire.down();
		await new Promise((resolve) => setTimeout(resolve, 1100));
		expect((await a.open('bolts@1')).version).toBe('1');
		await expect(a.open('bolts@production')).rejects.toMatchObject({
			code: 'STORE_UNREACHABLE',
			message: expect.stringContaining('s3://models/store-'),
		});
	});
});

describe('what does not work is said in a sentence', () => {
	testOfOurServer('a server that ignores conditions is refused before anything is written', async () => {
		const { a, bucket } = twoMachines();
		server.keepsConditions = false;
		await expect(a.publish('bolts', sampleDraft())).rejects.toMatchObject({
			code: 'STORE_REFUSED',
			message: expect.stringContaining('If-None-Match'),
		});
		expect(await bucket.list('')).toEqual([]);
	});

	(isOurServer || checksSignatures ? test : test.skip)(
		'wrong keys, without the secret in the words',
		async () => {
			const secretAccessKey = 'a-secret-of-somebody';
			// s3rver knows accounts, and does not check their signatures.
			const changes = isOurServer ? { accessKeyId: 'SOMEBODY', secretAccessKey } : { secretAccessKey };
			const wrong = server.machine(join(root, 'wrong'), changes);
			const error = (await wrong.list().catch((reason: unknown) => reason)) as Error;
			expect(error).toMatchObject({ code: 'STORE_REFUSED' });
			expect(error.message).toContain(isOurServer ? 'InvalidAccessKeyId' : 'SignatureDoesNotMatch');
			expect(
				JSON.stringify([error.message, error.stack, error.cause, Object.values(error)]),
			).not.toContain(secretAccessKey);
		},
	);

	test('a bucket that is not there', async () => {
		const nowhere = server.machine(join(root, 'nowhere'), { bucket: 'nowhere' });
		await expect(nowhere.list()).rejects.toMatchObject({
			message: expect.stringMatching(/^Expected the bucket of s3:\/\/nowhere\/plant\/2, found none/),
		});
	});
});

test('models are found by name, and those that are missing are named with those that are there', async () => {
	const { a, b } = twoMachines();
	expect(await a.list()).toEqual([]);
	await a.publish('bolts', sampleDraft());
	await expect(a.publish('Bolts', sampleDraft())).rejects.toMatchObject({ code: 'MODEL_EXISTS' });
	await expect(b.resolve('nuts')).rejects.toThrow(/^Expected a model named "nuts" in s3:.*, found bolts$/);
	await expect(b.resolve('bolts@7')).rejects.toThrow(
		'Expected version 7 of model "bolts", found version 1',
	);
	await expect(b.resolve('bolts@candidate')).rejects.toThrow('found no aliases');
	const imported = await b.importFolder((await a.open('bolts')).path, 'screws');
	expect(imported.card.parent).toEqual({ name: 'bolts', version: '1' });
	expect((await a.list()).map(({ name }) => name)).toEqual(['bolts', 'screws']);
	expect(existsSync(imported.path)).toBe(true);
});

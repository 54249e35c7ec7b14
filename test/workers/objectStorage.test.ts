import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine, type Engine } from '../../src/engine/host';
import { encodePng } from '../../src/runtime/images';
import type { ScoreRequest } from '../../src/scoring/request';
import { Bucket } from '../../src/store/objects/bucket';
import { connectStore } from '../../src/store/objects/connections';
import { openModelStore } from '../../src/store/openModelStore';
import type { TrainRequest } from '../../src/training/request';
import { checkWorkersConnection, type WorkersConnection } from '../../src/workers/connection';
import { closeDesks } from '../../src/workers/desk';
import { workersEngine } from '../../src/workers/workersEngine';
import { startObjectServer, type ObjectServer } from '../store/objects/server';
import { describeWithRedis, TestRedis } from '../support/redis';
import {
	eventually,
	FAST,
	killWorkerProcesses,
	newFolder,
	startWorkerProcess,
	type WorkerProcess,
} from './support';

const ITERATIONS = 30;

/** Every machine has a folder of its own: they share the bucket and Redis, and nothing else. */
describeWithRedis('engine workers with a store in object storage', () => {
	const folder = newFolder();
	const real = openEngine({ entry: join(__dirname, '..', 'support', 'realEngine.cjs') });
	const data = join(folder.path, 'data');
	let server: ObjectServer;
	let redis: TestRedis;
	let connection: WorkersConnection;
	/** n8n's machine. */
	let store: string;
	let engine: Engine;

	beforeAll(async () => {
		server = await startObjectServer(join(folder.path, 'server'));
		redis = await TestRedis.start();
		connection = checkWorkersConnection({ url: redis.url, patienceSeconds: 20 });
		store = connectStore(server.connection(), join(folder.path, 'n8n'));
		engine = workersEngine(connection, real, FAST);
		await writeGoodImages(join(data, 'part', 'train', 'good'));
		for (const label of ['good', 'cut']) {
			mkdirSync(join(data, 'part', 'test', label), { recursive: true });
			for (let i = 0; i < 2; i++)
				writeFileSync(
					join(data, 'part', 'test', label, `${String(i)}.png`),
					await drawing(i, label === 'cut'),
				);
		}
	});
	afterEach(() => {
		killWorkerProcesses();
	});
	afterAll(async () => {
		killWorkerProcesses();
		await closeDesks();
		await real.close();
		await redis.stop();
		await server.close();
		folder.remove();
	});

	const start = (machine: string): Promise<WorkerProcess> =>
		startWorkerProcess({
			connection,
			store: { connection: server.connection(), home: join(folder.path, machine) },
			dataFolders: [{ name: data, folder: data }],
			engine: 'realEngine.cjs',
			pace: { ...FAST, shareCheckpointsMs: 0 },
		});
	const request = (model: string): TrainRequest => ({
		store,
		data,
		model,
		overrides: { imageSize: 64, cropSize: 64, batchSize: 4, iterations: ITERATIONS },
		checkpointEvery: 5,
		device: 'cpu',
		threads: 1,
	});
	const keysBelow = async (start: string): Promise<string[]> =>
		(await new Bucket(server.connection()).list(start)).map(({ key }) => key);
	/** The header of the file names the model; the numbers come after it. */
	const weightsOf = async (model: string): Promise<Buffer> => {
		const { path } = await openModelStore(store).open(model);
		const bytes = readFileSync(join(path, 'decoder.safetensors'));
		return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
	};
	const expectWhole = async (model: string): Promise<void> => {
		expect((await weightsOf(model)).equals(await weightsOf('here'))).toBe(true);
	};

	test('a training, scores with large images and an evaluation are those of one machine, and leave nothing on the way', async () => {
		const worker = await start('first');
		await engine.train(request('there'));
		await real.train(request('here'));
		await expectWhole('there');

		const large = Buffer.concat([await drawing(3), Buffer.alloc(600_000)]);
		const scoring: ScoreRequest = {
			...{ store, model: 'there', device: 'cpu', threads: 1 },
			images: [
				{ name: 'large', bytes: large },
				{ name: 'none', bytes: new Uint8Array([1]) },
			],
			outputs: { rawMap: true, heatmap: true },
		};
		const there = await engine.score(scoring);
		expect(server.requests.some((line) => line.startsWith('PUT') && line.includes('/exchange/'))).toBe(
			true,
		);
		const here = await real.score(scoring);
		expect(there.map((one) => ({ ...one, timings: 0 }))).toEqual(
			here.map((one) => ({ ...one, timings: 0 })),
		);

		const evaluation = { store, model: 'there', data, device: 'cpu', threads: 1 } as const;
		const { mean, images } = await engine.evaluate(evaluation);
		expect({ mean, images }).toEqual(pickResult(await real.evaluate(evaluation)));
		expect(await keysBelow('exchange/')).toEqual([]);
		expect(await keysBelow('checkpoints/')).toEqual([]);
		await worker.kill('SIGTERM');
	}, 120_000);

	test.each([
		['killed', 'SIGKILL'],
		['told to stop', 'SIGTERM'],
	] as const)(
		'a worker %s in mid-training: another machine goes on from the checkpoint in the bucket, to the same weights',
		async (_, signal) => {
			const model = `moved-${signal.toLowerCase()}`;
			const first = await start(`${signal}-1`);
			const steps: number[] = [];
			const notices: string[] = [];
			const training = engine.train(request(model), {
				onProgress: ({ phase, done, notice }) => {
					if (phase === 'training') steps.push(done);
					if (notice !== undefined) notices.push(notice);
				},
			});
			await eventually(() => steps.some((done) => done > 11));
			const before = steps.length;
			await first.kill(signal);
			await start(`${signal}-2`);
			expect((await training).models).toMatchObject([{ model, version: '1', iterations: ITERATIONS }]);
			// Killed it had shared a checkpoint now and then, told to stop it shared its last.
			expect(steps[before]).toBeGreaterThan(signal === 'SIGKILL' ? 5 : steps[before - 1]);
			expect(notices.join('\n')).toMatch(/Resumed at iteration \d+ of 30/);
			expect(await keysBelow('checkpoints/')).toEqual([]);
			await expectWhole(model);
		},
		120_000,
	);

	test('images of items go along with a training, whichever machine ends it', async () => {
		// As Train Dinomaly writes what comes in.
		const images = join(store, 'jobs', 'one', 'images');
		await writeGoodImages(join(images, 'part', 'train', 'good'));
		const first = await start('items-1');
		let steps = 0;
		const training = engine.train(
			{ ...request('of-items'), data: images },
			{ onProgress: ({ phase, done }) => (steps = phase === 'training' ? done : steps) },
		);
		await eventually(() => steps > 6);
		expect(await keysBelow('exchange/')).toHaveLength(6);
		await first.kill('SIGKILL');
		await start('items-2');
		await training;
		await expectWhole('of-items');
		expect(await keysBelow('exchange/')).toEqual([]);
		const [local] = readdirSync(join(folder.path, 'items-2', 'object-storage'));
		expect(readdirSync(join(folder.path, 'items-2', 'object-storage', local, 'exchange'))).toEqual([]);
	}, 120_000);
});

async function writeGoodImages(folder: string): Promise<void> {
	mkdirSync(folder, { recursive: true });
	for (let i = 0; i < 6; i++) writeFileSync(join(folder, `${String(i)}.png`), await drawing(i));
}

function drawing(level: number, isCut = false): Promise<Uint8Array> {
	const data = new Uint8Array(64 * 64 * 3).map((_, i) => 100 + 10 * level + (i % 7));
	if (isCut) data.fill(0, 3000, 6000);
	return encodePng({ data, width: 64, height: 64, channels: 3 });
}

function pickResult({ mean, images }: Awaited<ReturnType<Engine['evaluate']>>): object {
	return { mean, images };
}

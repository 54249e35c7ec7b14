import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '../../src/engine/host';
import { encodePng } from '../../src/runtime/images';
import type { ScoreRequest } from '../../src/scoring/request';
import type { TrainRequest } from '../../src/training/request';
import { checkWorkersConnection, type WorkersConnection } from '../../src/workers/connection';
import { closeDesks } from '../../src/workers/desk';
import { workersEngine } from '../../src/workers/workersEngine';
import { describeWithRedis, TestRedis } from '../support/redis';
import {
	eventually,
	FAST,
	killWorkerProcesses,
	newFolder,
	startWorkerProcess,
	type WorkerProcess,
} from './support';

const SUPPORT = join(__dirname, '..', 'support');

describeWithRedis('workers and servers that die', () => {
	const folder = newFolder();
	const fake = openEngine({ entry: join(SUPPORT, 'fakeEngine.cjs') });
	const real = openEngine({ entry: join(SUPPORT, 'realEngine.cjs') });
	let redis: TestRedis;
	let connection: WorkersConnection;
	afterAll(async () => {
		killWorkerProcesses();
		await closeDesks();
		await fake.close();
		await real.close();
		folder.remove();
	});
	beforeEach(async () => {
		redis = await TestRedis.start({ keeps: true });
		connection = checkWorkersConnection({ url: redis.url, patienceSeconds: 20 });
	});
	afterEach(async () => {
		killWorkerProcesses();
		await closeDesks();
		await redis.stop();
	});
	const images = (name: string): { name: string; bytes: Uint8Array }[] => [
		{ name, bytes: new Uint8Array([1]) },
	];

	test('a worker killed in mid-score: the other one answers, once', async () => {
		const store = join(folder.path, 'score');
		const start = (): Promise<WorkerProcess> =>
			startWorkerProcess({ connection, store, engine: 'fakeEngine.cjs' });
		const first = await start();
		const scoring = workersEngine(connection, fake, FAST).score({
			store,
			model: 'busy',
			images: images('a'),
		});
		await new Promise((resolve) => setTimeout(resolve, 700));
		const [second] = await Promise.all([start(), first.kill('SIGKILL')]);
		expect(await scoring).toMatchObject([{ file: 'a', score: 0.5 }]);
		await second.kill('SIGTERM');
	});

	test('a thousand scores with a worker killed and Redis restarted: none lost, none twice', async () => {
		const store = join(folder.path, 'many');
		const start = (): Promise<WorkerProcess> =>
			startWorkerProcess({ connection, store, engine: 'fakeEngine.cjs' });
		const [first] = await Promise.all([start(), start()]);
		const engine = workersEngine(connection, fake, FAST);
		const answers = new Map<string, number>();
		const scoring = Promise.all(
			Array.from({ length: 1000 }, async (_, i) => {
				const outcomes = await engine.score({
					store,
					model: 'm',
					images: images(`image-${String(i)}`),
				});
				for (const { file } of outcomes) answers.set(file, (answers.get(file) ?? 0) + 1);
			}),
		);
		await eventually(() => answers.size > 100);
		await first.kill('SIGKILL');
		await eventually(() => answers.size > 300);
		await redis.down();
		await redis.up();
		await scoring;
		expect(answers.size).toBe(1000);
		expect(Math.max(...answers.values())).toBe(1);
	});

	test('a Redis that forgets everything: what was in it is sent again', async () => {
		await redis.stop();
		redis = await TestRedis.start();
		connection = checkWorkersConnection({ url: redis.url, patienceSeconds: 20 });
		const store = join(folder.path, 'forgotten');
		await startWorkerProcess({ connection, store, engine: 'fakeEngine.cjs' });
		const engine = workersEngine(connection, fake, FAST);
		const scoring = Array.from({ length: 6 }, (_, i) =>
			engine.score({ store, model: 'gentle', images: images(`i${String(i)}`) }),
		);
		await new Promise((resolve) => setTimeout(resolve, 700));
		await redis.down();
		await redis.up();
		const outcomes = await Promise.all(scoring);
		expect(outcomes.map(([{ file }]) => file)).toEqual(['i0', 'i1', 'i2', 'i3', 'i4', 'i5']);
	});

	test('a worker killed in mid-training: the other one goes on from its checkpoint, to the same model and scores, bit for bit', async () => {
		const store = join(folder.path, 'train');
		const data = join(store, 'data');
		mkdirSync(join(data, 'part', 'train', 'good'), { recursive: true });
		for (let i = 0; i < 6; i++)
			writeFileSync(join(data, 'part', 'train', 'good', `${String(i)}.png`), await drawing(i));
		const request = (model: string): TrainRequest => ({
			store,
			data,
			model,
			overrides: { imageSize: 64, cropSize: 64, batchSize: 4, iterations: 30 },
			checkpointEvery: 5,
			device: 'cpu',
			threads: 1,
		});
		const start = (): Promise<WorkerProcess> =>
			startWorkerProcess({ connection, store, engine: 'realEngine.cjs' });
		const [first] = await Promise.all([start(), start()]);
		const engine = workersEngine(connection, fake, FAST);
		const steps: number[] = [];
		let killed = -1;
		const training = engine.train(request('killed'), {
			onProgress: ({ phase, done }) => {
				if (phase === 'training') steps.push(done);
			},
		});
		await eventually(() => steps.some((done) => done > 10));
		// Whichever has it: both stop to answer for a moment only.
		const busy = first.lines.some((line) => line.startsWith('begins train')) ? first : undefined;
		killed = steps.length;
		if (busy === undefined) {
			killWorkerProcesses();
			await start();
		} else await busy.kill('SIGKILL');
		const { models } = await training;
		expect(models).toMatchObject([{ model: 'killed', version: '1', iterations: 30 }]);
		expect(steps[killed]).toBeGreaterThanOrEqual(10);

		await real.train(request('whole'));
		const scores = (model: string, bytes: Uint8Array): ScoreRequest => ({
			store,
			model,
			images: [{ name: 'x', bytes }],
			outputs: { rawMap: true, heatmap: true },
			device: 'cpu',
			threads: 1,
		});
		const image = await drawing(9);
		const [whole] = await real.score(scores('whole', image));
		const [near] = await real.score(scores('killed', image));
		const [far] = await engine.score(scores('killed', image));
		expect({ ...far, timings: 0 }).toEqual({ ...near, timings: 0 });
		expect({ ...near, timings: 0, model: 'whole' }).toEqual({ ...whole, timings: 0 });
	}, 120_000);
});

function drawing(level: number): Promise<Uint8Array> {
	const data = new Uint8Array(64 * 64 * 3).map((_, i) => 100 + 10 * level + (i % 7));
	return encodePng({ data, width: 64, height: 64, channels: 3 });
}

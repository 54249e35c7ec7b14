import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine, type Engine } from '../../src/engine/host';
import type { TrainProgress } from '../../src/training/request';
import {
	checkWorkersConnection,
	type GivenConnection,
	type WorkersConnection,
} from '../../src/workers/connection';
import { closeDesks } from '../../src/workers/desk';
import { LANES, type Lane } from '../../src/workers/lanes';
import { openRedis } from '../../src/workers/redis';
import { startWorker, type EngineWorker } from '../../src/workers/serve';
import { workersEngine } from '../../src/workers/workersEngine';
import { describeWithRedis, TestRedis } from '../support/redis';
import { eventually, FAST, newFolder } from './support';

const ENTRY = join(__dirname, '..', 'support', 'fakeEngine.cjs');
const PASSWORD = 'correct-horse';

describeWithRedis('an engine at the other end of Redis', () => {
	const engine = openEngine({ entry: ENTRY });
	const folder = newFolder();
	const store = join(folder.path, 'store');
	const log: string[] = [];
	let redis: TestRedis;
	let worker: EngineWorker;

	const connect = (given: Partial<GivenConnection> = {}): WorkersConnection =>
		checkWorkersConnection({ url: redis.url, password: PASSWORD, patienceSeconds: 1, ...given });
	const remote = (given: Partial<GivenConnection> = {}): Engine =>
		workersEngine(connect(given), engine, FAST);
	const start = (
		lanes: readonly Lane[] = LANES,
		given: Partial<GivenConnection> = {},
	): Promise<EngineWorker> =>
		startWorker({
			connection: connect(given),
			store,
			storeShown: store,
			engine,
			lanes,
			dataFolders: [{ name: '/data', folder: folder.path }],
			log: (line) => log.push(line),
			pace: FAST,
		});
	const images = (...names: string[]): { name: string; bytes: Uint8Array }[] =>
		names.map((name) => ({ name, bytes: new Uint8Array([1, 2, 3]) }));

	beforeAll(async () => {
		redis = await TestRedis.start({ password: PASSWORD });
		worker = await start();
	});
	afterAll(async () => {
		await worker.close();
		await closeDesks();
		await engine.close();
		await redis.stop();
		folder.remove();
	});

	test('scores are those of the engine itself, each image with its own outcome', async () => {
		const request = {
			store,
			model: 'm',
			images: images('a.png', 'bad.png', 'c.png'),
			category: 'bolt',
			outputs: { heatmap: true },
		};
		const seen: number[] = [];
		const outcomes = await remote().score(request, { onOutcome: (_, index) => seen.push(index) });
		expect(outcomes).toEqual(await engine.score(request));
		expect(seen).toEqual([0, 1, 2]);
	});

	test('large images and heat maps go by reference to the store, which is empty again afterwards', async () => {
		const bytes = new Uint8Array(3_000_000).fill(5);
		bytes[2_999_999] = 77;
		const client = await openRedis(connect());
		const before = Number(/used_memory_peak:(\d+)/.exec(await client.info('memory'))?.[1]);
		const [outcome] = await remote().score({
			store,
			model: 'm',
			images: [{ name: 'huge.png', bytes }],
			outputs: { heatmap: true },
		});
		const expected = Buffer.alloc(3_000_000, 7);
		expected[0] = 77;
		const heatmap = 'heatmapPng' in outcome ? outcome.heatmapPng : undefined;
		expect(Buffer.compare(expected, heatmap ?? new Uint8Array())).toBe(0);
		expect(Number(/used_memory_peak:(\d+)/.exec(await client.info('memory'))?.[1]) - before).toBeLessThan(
			1e6,
		);
		expect(readdirSync(join(store, 'exchange'))).toEqual([]);
		client.disconnect();
	});

	test('what the engine refuses arrives with code, sentence and hint', async () => {
		await expect(remote().score({ store, model: 'missing', images: images('a') })).rejects.toMatchObject({
			name: 'DinomalyError',
			code: 'MODEL_NOT_FOUND',
			message: 'No model "missing"',
			hint: 'Train it',
		});
	});

	test('a score whose engine died is tried once more, and not a third time', async () => {
		const score = (model: string): Promise<unknown> =>
			remote().score({ store, model, images: images('a.png') });
		const tries = (model: string): number => readFileSync(join(store, model)).length;
		expect(await score('dies-1')).toMatchObject([{ file: 'a.png', score: 0.5 }]);
		expect(tries('dies-1')).toBe(2);
		await expect(score('dies-2')).rejects.toMatchObject({ code: 'ENGINE_DIED' });
		expect(tries('dies-2')).toBe(2);
	});

	test('evaluations tell how far they are', async () => {
		const counts: number[][] = [];
		const request = { store, model: 'm', data: folder.path };
		await expect(remote().evaluate(request)).rejects.toMatchObject({
			message: expect.stringMatching(/^Expected a folder that the engine worker on .* may read/),
		});
		const result = await remote().evaluate(
			{ ...request, data: '/data' },
			{ onProgress: (done, total) => counts.push([done, total]) },
		);
		expect(result.mean.imageAuroc).toBe(0.9);
		expect(counts.at(-1)).toEqual([2, 2]);
	});

	test('a training tells its progress and notices, and what it has made', async () => {
		const seen: TrainProgress[] = [];
		const { models } = await remote().train(
			{ store, data: '/data', model: 'quick', hub: { token: 'hf_secret' } },
			{ onProgress: (progress) => seen.push(progress) },
		);
		expect(models[0]).toMatchObject({
			model: 'quick',
			finalLoss: 0.25,
			request: { data: folder.path, store },
		});
		expect(JSON.stringify(models)).not.toContain('hf_secret');
		expect(seen.map(({ phase, done, notice }) => [phase, done, notice])).toEqual([
			['reading', 0, 'the embedded encoder is used'],
			['training', 1, undefined],
		]);
	});

	test('a score does not wait for trainings', async () => {
		const stop = new AbortController();
		const trainings = [1, 2].map(() =>
			remote()
				.train({ store, data: '/data', model: 'slow' }, { signal: stop.signal })
				.catch((error: unknown) => error),
		);
		await eventually(() => log.some((line) => line.startsWith('begins train')));
		const outcomes = await remote().score({ store, model: 'm', images: images('a') });
		expect(outcomes).toHaveLength(1);
		stop.abort();
		const [first, second] = await Promise.all(trainings);
		// One was in hand and kept a checkpoint, the other one still waited.
		expect([first, second]).toEqual(
			expect.arrayContaining([
				expect.objectContaining({ code: 'CANCELLED', message: 'Cancelled; a checkpoint was kept' }),
				expect.objectContaining({
					code: 'CANCELLED',
					message: expect.stringContaining('before a worker took it'),
				}),
			]),
		);
	});

	test('a worker that is told to end finishes scores and hands a training to the next one', async () => {
		await worker.close();
		const first = await start();
		const stop = new AbortController();
		let steps = 0;
		const training = remote()
			.train(
				{ store, data: '/data', model: 'slow', resume: false },
				{ signal: stop.signal, onProgress: () => steps++ },
			)
			.catch((error: unknown) => error);
		await eventually(() => steps > 0);
		const scoring = remote().score({ store, model: 'busy', images: images('a') });
		await new Promise((resolve) => setTimeout(resolve, 500));
		await first.close();
		expect(await scoring).toHaveLength(1);
		expect(log.at(-1)).toMatch(/^hands train .* back to the queue$/);
		worker = await start();
		await eventually(() => log.some((line) => line.startsWith('goes on with train')));
		const before = steps;
		await eventually(() => steps > before);
		stop.abort();
		expect(await training).toMatchObject({
			code: 'CANCELLED',
			message: 'Cancelled; a checkpoint was kept',
		});
	});

	test('without a worker one sentence says what is there instead', async () => {
		const other = join(folder.path, 'other');
		await expect(remote().score({ store: other, model: 'm', images: images('a') })).rejects.toMatchObject(
			{
				code: 'WORKERS_MISSING',
				message: expect.stringMatching(
					/^Expected an engine worker for "score" of this model store at redis:\S+ \(prefix dinomaly\), found only one on \S+ with another model store \(.*store\)$/,
				),
			},
		);
		await expect(
			remote({ prefix: 'empty' }).score({ store, model: 'm', images: images('a') }),
		).rejects.toMatchObject({ code: 'WORKERS_MISSING', message: expect.stringMatching(/found none$/) });
		const evaluator = await start(['evaluate'], { prefix: 'partly' });
		await expect(
			remote({ prefix: 'partly' }).score({ store, model: 'm', images: images('a') }),
		).rejects.toMatchObject({
			message: expect.stringMatching(/that does other work \(evaluate\), not "score"$/),
		});
		await evaluator.close();
	});

	test('a full queue refuses more, in one sentence', async () => {
		const given = { prefix: 'full', maxWaiting: 2 };
		const scorer = await start(['score'], given);
		const client = await openRedis(connect());
		const count = async (list: string): Promise<number> => {
			const key = (await client.keys(`full:score-*:${list}`)).at(0);
			return key === undefined ? 0 : client.llen(key);
		};
		const send = (length: number): Promise<unknown>[] =>
			Array.from({ length }, () => remote(given).score({ store, model: 'held', images: images('a') }));
		const inHand = send(4);
		await eventually(async () => (await count('active')) === 4);
		const waiting = send(2);
		const settled = Promise.allSettled([...inHand, ...waiting]);
		await eventually(async () => (await count('wait')) === 2);
		await expect(remote(given).score({ store, model: 'm', images: images('a') })).rejects.toMatchObject({
			code: 'QUEUE_FULL',
			message: expect.stringMatching(/^Expected fewer than 2 tasks to wait .*, found 2$/),
		});
		writeFileSync(join(store, 'released'), '');
		client.disconnect();
		expect((await settled).filter(({ status }) => status === 'fulfilled')).toHaveLength(6);
		await scorer.close();
	});

	test('a wrong password and a wrong address are told apart, without the password', async () => {
		const refused = await remote({ password: 'wr0ng-secret' })
			.score({ store, model: 'm', images: images('a') })
			.catch((error: unknown) => error);
		expect(refused).toMatchObject({
			code: 'QUEUE_REFUSED',
			message: expect.stringContaining('to let us in'),
		});
		expect(`${JSON.stringify(refused)}${String((refused as Error).stack)}`).not.toContain('wr0ng-secret');
		await expect(
			remote({ url: 'redis://127.0.0.1:1' }).score({ store, model: 'm', images: images('a') }),
		).rejects.toMatchObject({
			code: 'QUEUE_UNREACHABLE',
			message: expect.stringContaining('ECONNREFUSED'),
		});
	});

	test('an answer of another shape is refused, whoever gave it', async () => {
		const strange = Object.assign(Object.create(engine) as Engine, {
			score: () => Promise.resolve([{ file: 'a' }]),
			train: () => Promise.resolve({ models: [{}] }),
		});
		const connection = connect({ prefix: 'strange' });
		const other = await startWorker({
			...{ connection, store, storeShown: store, engine: strange, lanes: LANES, pace: FAST },
			dataFolders: [{ name: '/data', folder: folder.path }],
			log: () => undefined,
		});
		const asked = remote({ prefix: 'strange' });
		await expect(asked.score({ store, model: 'm', images: images('a') })).rejects.toMatchObject({
			code: 'ENGINE_DIED',
			message: 'Expected the outcomes of 1 images from the other process, found Array',
		});
		await expect(asked.train({ store, data: '/data', model: 'm' })).rejects.toMatchObject({
			code: 'ENGINE_DIED',
			message: expect.stringMatching(/^Expected an answer to the job "train"/),
		});
		await other.close();
	});

	test('no task and no answer stays in Redis', async () => {
		const client = await openRedis(connect());
		await eventually(async () => (await client.keys('dinomaly:engine:caller:*')).length === 0);
		// What BullMQ keeps of a queue that is empty.
		const left = await client.keys('dinomaly:*-????????????????:*');
		expect(left.filter((key) => !/:(meta|events|id|stalled-check)$/.test(key))).toEqual([]);
		const answers = await client.keys('dinomaly:engine:answer:*');
		expect(await Promise.all(answers.map((key) => client.get(key)))).toEqual(answers.map(() => ''));
		client.disconnect();
	});
});

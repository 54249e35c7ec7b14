import { hostname } from 'node:os';
import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { openEngine, type Engine } from '../../src/engine/host';
import { checkWorkersConnection } from '../../src/workers/connection';
import { keysOf } from '../../src/workers/keys';
import { openRedis } from '../../src/workers/redis';
import { startWorker } from '../../src/workers/serve';
import { describeWithRedis, TestRedis } from '../support/redis';
import { FAST, newFolder } from '../workers/support';

const ENTRY = join(__dirname, '..', 'support', 'fakeEngine.cjs');
const PASSWORD = 'correct-horse';

describeWithRedis('dinomaly worker --check', () => {
	const engine = openEngine({ entry: ENTRY });
	const kept = Object.assign(Object.create(engine) as Engine, { close: () => Promise.resolve() });
	const folder = newFolder();
	let redis: TestRedis;

	async function check(words: readonly string[] = []): Promise<{ code: number; out: string; err: string }> {
		const [out, err] = [[] as string[], [] as string[]];
		const code = await main(['worker', '--check', ...words], {
			stdout: { write: (text) => out.push(text) },
			stderr: { write: (text) => err.push(text) },
			env: { DINOMALY_REDIS_URL: redis.url, DINOMALY_REDIS_PASSWORD: PASSWORD },
			cwd: folder.path,
			openEngine: () => kept,
			onInterrupt: () => () => undefined,
			exit: () => undefined,
		});
		return { code, out: out.join(''), err: err.join('') };
	}

	beforeAll(async () => {
		redis = await TestRedis.start({ password: PASSWORD });
	});
	afterAll(async () => {
		await engine.close();
		await redis.stop();
		folder.remove();
	});

	test('fails in a sentence while no worker is there', async () => {
		const { code, out, err } = await check();
		expect([code, out]).toEqual([1, '']);
		expect(err).toMatch(/Expected an engine worker on this machine .* found none at all/);
	});

	test('fails while workers are on other machines only, and lists them', async () => {
		const connection = checkWorkersConnection({ url: redis.url, password: PASSWORD });
		const [client, keys] = [await openRedis(connection), keysOf(connection.prefix)];
		const card = {
			id: 'x',
			host: 'far-away',
			pid: 1,
			lanes: ['score'],
			store: 's',
			storeShown: '/mnt/models',
		};
		await client.set(keys.worker('x'), JSON.stringify({ ...card, protocol: 1, version: '9.9.9' }));
		await client.sadd(keys.workers, 'x');
		const { code, out, err } = await check();
		await client.del(keys.worker('x'));
		client.disconnect();
		expect(code).toBe(1);
		expect(out).toMatch(/far-away\s+score\s+\/mnt\/models\s+9\.9\.9/);
		expect(err).toContain('found others only');
	});

	test('passes while a worker runs on this machine, and not after it has gone', async () => {
		const connection = checkWorkersConnection({ url: redis.url, password: PASSWORD });
		const store = join(folder.path, 'store');
		const log: string[] = [];
		const worker = await startWorker({
			connection,
			store,
			storeShown: store,
			engine,
			lanes: ['score', 'train'],
			dataFolders: [],
			log: (line) => log.push(line),
			pace: FAST,
		});
		const during = await check(['--json']);
		await worker.close();
		expect(during.code).toBe(0);
		expect(JSON.parse(during.out)).toMatchObject({
			workers: [{ host: hostname(), lanes: ['score', 'train'], store }],
		});
		expect((await check()).code).toBe(1);
		// Its own good-bye is no loss of Redis.
		expect(log).toEqual([]);
	});

	test('fails with the reason when Redis is not there', async () => {
		const { code, err } = await check(['--redis', 'redis://127.0.0.1:1']);
		expect(code).toBe(1);
		expect(err).toContain('127.0.0.1:1');
	});
});

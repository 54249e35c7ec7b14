import type { ICredentialTestFunctions } from 'n8n-workflow';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { engineWorkersTest } from '../../nodes/ScoreImage/credentialTest';
import { workersOfCredential } from '../../nodes/shared/workers';
import { main } from '../../src/cli/main';
import { openEngine, type Engine } from '../../src/engine/host';
import { checkWorkersConnection } from '../../src/workers/connection';
import { closeDesks } from '../../src/workers/desk';
import { tryWorkers } from '../../src/workers/probe';
import { workersEngine } from '../../src/workers/workersEngine';
import { hasOpenssl, makeAuthority, makeCertificate, type TestCertificate } from '../support/certificates';
import { hasTlsRedis, TestRedis, type RedisOptions } from '../support/redis';
import { FAST, killWorkerProcesses, newFolder, startWorkerProcess } from './support';

const ENTRY = join(__dirname, '..', 'support', 'fakeEngine.cjs');
const PASSWORD = 'correct-horse';
/** What docs/engine-workers.md tells a careful administrator to allow. */
const LIMITED = ['line-3', 'on', `>${PASSWORD}`, '~dinomaly:*', '&*', '+@all', '-@dangerous', '+info'];

const missing = hasOpenssl ? 'no redis-server with TLS on the PATH' : 'no OpenSSL 3 on the PATH';
if (hasOpenssl && hasTlsRedis) describe('engine workers over TLS', tests);
else describe.skip(`engine workers over TLS (skipped: ${missing})`, tests);

function tests(): void {
	const folder = newFolder();
	const store = join(folder.path, 'store');
	const engine = openEngine({ entry: ENTRY });
	const kept = Object.assign(Object.create(engine) as Engine, { close: () => Promise.resolve() });
	const open: TestRedis[] = [];
	let authority: TestCertificate;
	let stranger: TestCertificate;
	let server: TestCertificate;

	beforeAll(() => {
		authority = makeAuthority(folder.path, 'plant');
		stranger = makeAuthority(folder.path, 'stranger');
		server = makeCertificate(folder.path, 'server', { authority, names: 'DNS:localhost,IP:127.0.0.1' });
	});
	afterEach(async () => {
		killWorkerProcesses();
		await closeDesks();
		for (const redis of open.splice(0)) await redis.stop();
	});
	afterAll(async () => {
		await engine.close();
		folder.remove();
	});

	async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
		const redis = await TestRedis.start({ tls: server, ...options });
		open.push(redis);
		return redis;
	}

	/** Runs `dinomaly worker` with these variables until `work` is done. */
	async function withWorker<T>(env: Record<string, string>, work: () => Promise<T>): Promise<T> {
		let interrupt: () => void = () => undefined;
		const lines: string[] = [];
		const ended = main(['worker', '--store', store, '--data', folder.path], {
			stdout: { write: () => true },
			stderr: { write: (text) => lines.push(text) },
			env,
			cwd: folder.path,
			openEngine: () => kept,
			onInterrupt: (handler) => {
				interrupt = () => {
					handler();
				};
				return () => undefined;
			},
			exit: () => undefined,
		});
		while (!lines.join('').includes('Waiting for work')) {
			const code = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20))]);
			if (code !== undefined) throw new Error(lines.join(''));
		}
		try {
			return await work();
		} finally {
			interrupt();
			expect(await ended).toBe(0);
		}
	}

	const score = (connection: ReturnType<typeof checkWorkersConnection>): Promise<unknown> =>
		workersEngine(connection, engine, FAST).score({
			store,
			model: 'm',
			images: [{ name: 'a.png', bytes: new Uint8Array([1, 2, 3]) }],
		});
	const tested = (data: Record<string, string>): ReturnType<typeof engineWorkersTest> =>
		engineWorkersTest.call({} as ICredentialTestFunctions, { id: '1', name: 'x', type: 'x', data });

	test('the CA of the credential and of the worker: both reach the server, score and train', async () => {
		const redis = await startRedis({ password: PASSWORD });
		const env = {
			DINOMALY_REDIS_URL: redis.url,
			DINOMALY_REDIS_PASSWORD: PASSWORD,
			DINOMALY_REDIS_CA_FILE: authority.certificate,
		};
		const fields = { url: redis.url, password: PASSWORD, ca: authority.pem.certificate };
		await withWorker(env, async () => {
			expect(await tested(fields)).toMatchObject({
				status: 'OK',
				message: expect.stringMatching(
					/^Redis at rediss:.* answers; workers: \S+ \(score, evaluate, train/,
				),
			});
			const connection = workersOfCredential(fields);
			expect(await score(connection)).toMatchObject([{ file: 'a.png', score: 0.5 }]);
			const training = { store, data: folder.path, model: 'quick' };
			const { models } = await workersEngine(connection, engine, FAST).train(training);
			expect(models[0]).toMatchObject({ model: 'quick', finalLoss: 0.25 });
		});
	});

	test('NODE_EXTRA_CA_CERTS of a worker is enough', async () => {
		const redis = await startRedis();
		const ca = authority.pem.certificate;
		await startWorkerProcess({
			connection: checkWorkersConnection({ url: redis.url }),
			store,
			engine: 'fakeEngine.cjs',
			env: { NODE_EXTRA_CA_CERTS: authority.certificate },
		});
		expect(await score(checkWorkersConnection({ url: redis.url, certificates: { ca } }))).toHaveLength(1);
	});

	test('an address in place of a name is held against the certificate, and Node.js has nothing to warn of', async () => {
		const redis = await startRedis();
		const warnings: Error[] = [];
		const hear = (warning: Error): void => void warnings.push(warning);
		process.on('warning', hear);
		const url = redis.url.replace('localhost', '127.0.0.1');
		const certificates = { ca: authority.pem.certificate };
		await expect(tryWorkers(checkWorkersConnection({ url, certificates }))).resolves.toMatch(/^Redis at/);
		await new Promise((resolve) => setImmediate(resolve));
		process.off('warning', hear);
		expect(warnings).toEqual([]);
	});

	test("another authority's server is refused in one sentence", async () => {
		const { url } = await startRedis({ password: PASSWORD });
		expect(await tested({ url, password: PASSWORD, ca: stranger.pem.certificate })).toEqual({
			status: 'Error',
			message: expect.stringMatching(
				/^Expected rediss:\S+ \(prefix dinomaly\) to show a certificate by the CA Certificate that was given, found another one \([A-Z_]+\)\. Give /,
			),
		});
		expect((await tested({ url, password: PASSWORD })).message).toMatch(
			/by an authority that Node\.js trusts, found another one .*NODE_EXTRA_CA_CERTS/,
		);
	});

	test('a certificate for another name is refused, and says which it is for', async () => {
		const tls = makeCertificate(folder.path, 'other', { authority, names: 'DNS:redis.example.com' });
		const { url } = await startRedis({ tls });
		const { message } = await tested({ url, ca: authority.pem.certificate });
		expect(message).toMatch(
			/^Expected rediss:.* to show a certificate for "localhost", found one for other names: DNS:redis\.example\.com\. Name /,
		);
	});

	test('a server that asks for a client certificate lets in who has one of its authority', async () => {
		const { url } = await startRedis({ tls: { ...server, clientCa: authority.certificate } });
		const ca = authority.pem.certificate;
		const own = makeCertificate(folder.path, 'worker', { authority });
		const foreign = makeCertificate(folder.path, 'intruder', { authority: stranger });
		const fields = (one: TestCertificate): Record<string, string> => ({
			...{ url, ca, clientCertificate: one.pem.certificate, clientPrivateKey: one.pem.key },
		});
		expect((await tested({ url, ca })).message).toMatch(
			/^Expected rediss:.* to let us in without a client certificate, found that it asks for one/,
		);
		const refused = (await tested(fields(foreign))).message;
		expect(refused).toMatch(/^Expected rediss:.* to take our client certificate, found that it does not/);
		expect(refused).not.toContain('PRIVATE');
		const env = {
			DINOMALY_REDIS_URL: url,
			DINOMALY_REDIS_CA_FILE: authority.certificate,
			DINOMALY_REDIS_CERT_FILE: own.certificate,
			DINOMALY_REDIS_KEY_FILE: own.key,
		};
		await withWorker(env, async () => {
			expect(await score(workersOfCredential(fields(own)))).toHaveLength(1);
		});
	});

	test('a user with limited rights is enough; a wrong password is told', async () => {
		const redis = await startRedis({ password: 'of-the-administrator', user: LIMITED });
		const fields = { url: redis.url, user: 'line-3', ca: authority.pem.certificate };
		const env = {
			DINOMALY_REDIS_URL: redis.url,
			DINOMALY_REDIS_USER: 'line-3',
			DINOMALY_REDIS_PASSWORD: PASSWORD,
			DINOMALY_REDIS_CA_FILE: authority.certificate,
		};
		await withWorker(env, async () => {
			const data = { ...fields, password: PASSWORD };
			expect(await tested(data)).toMatchObject({ status: 'OK' });
			expect(await score(workersOfCredential(data))).toHaveLength(1);
			const connection = workersOfCredential(data);
			const training = { store, data: folder.path, model: 'quick' };
			expect((await workersEngine(connection, engine, FAST).train(training)).models).toHaveLength(1);
		});
		const { status, message } = await tested({ ...fields, password: 'wr0ng' });
		expect([status, message]).toEqual(['Error', expect.stringMatching(/to let us in, found "WRONGPASS/)]);
		expect(message).not.toContain('wr0ng');
	});

	test('TLS where there is none, and none where there is TLS, are told', async () => {
		// Redis itself waits for the end of a line that does not come; others answer.
		const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const { port } = server.address() as AddressInfo;
		expect((await tested({ url: `rediss://127.0.0.1:${String(port)}` })).message).toMatch(
			/^Expected rediss:.* to speak TLS, found that it does not/,
		);
		server.close();
		const plain = await startRedis({ tls: undefined });
		expect((await tested({ url: plain.url.replace('redis:', 'rediss:') })).message).toMatch(
			/^Expected Redis at rediss:.*, found "no answer within 10 s"\. Check .* whether it wants TLS/,
		);
		const encrypted = await startRedis();
		expect((await tested({ url: encrypted.url.replace('rediss:', 'redis:') })).message).toMatch(
			/^Expected Redis at redis:.*, found "[^"]+"\. Check .* whether it wants TLS/,
		);
	}, 30_000);
}

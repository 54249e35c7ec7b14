import { createHash } from 'node:crypto';
import dns from 'node:dns';
import dnsPromises from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ENCODERS } from '../../src/weights/catalogue';
import { downloadHubFile, LARGEST_DOWNLOAD_BYTES, type DownloadOptions } from '../../src/weights/download';
import { hubUrl } from '../../src/weights/hubRequest';
import { HubServer, serveFile } from './hubServer';

const FILE = { repo: 'owner/model', revision: 'main', file: 'model.safetensors' };
const PATH = '/owner/model/resolve/main/model.safetensors';
const CONTENT = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const LIMITS = { responseTimeoutMs: 2000, idleTimeoutMs: 500, tries: 4, retryPauseMs: 1 };
const TOKEN = 'hf_secret';

let hub: HubServer;
let storage: HubServer;
let folder: string;
let target: string;
beforeEach(async () => {
	[hub, storage] = [await HubServer.start(), await HubServer.start()];
	folder = await mkdtemp(join(tmpdir(), 'download-'));
	target = join(folder, 'encoder', 'model.safetensors');
});
afterEach(async () => {
	await hub.stop();
	await storage.stop();
	await rm(folder, { recursive: true });
});

const fetchIt = (options: DownloadOptions = {}) =>
	downloadHubFile(FILE, target, {
		...options,
		hub: { endpoint: hub.endpoint, ...options.hub },
		limits: { ...LIMITS, ...options.limits },
	});

async function errorOf(work: Promise<unknown>): Promise<{ code: string; message: string; hint: string }> {
	const error: unknown = await work.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	return error as { code: string; message: string; hint: string };
}

const leftovers = () => readdir(join(folder, 'encoder'));

describe('fetching', () => {
	test('a file arrives whole, with its digest and rising progress', async () => {
		hub.answer = serveFile(CONTENT);
		const progress: [number, number][] = [];
		const digest = await fetchIt({
			sha256: SHA256,
			onProgress: (done, total) => progress.push([done, total]),
		});
		expect(digest).toEqual({ sha256: SHA256, bytes: CONTENT.length });
		expect((await readFile(target)).equals(CONTENT)).toBe(true);
		expect(progress.at(-1)).toEqual([CONTENT.length, CONTENT.length]);
		expect(progress.map(([done]) => done)).toEqual(progress.map(([done]) => done).sort((a, b) => a - b));
		expect(await leftovers()).toEqual(['model.safetensors']);
		expect(hub.exchanges).toEqual([{ path: PATH, range: undefined, authorization: undefined }]);
	});

	test('a file without length, ETag and hash arrives too', async () => {
		hub.answer = (_, response) => {
			response.write(CONTENT.subarray(0, 1000));
			response.end(CONTENT.subarray(1000));
		};
		expect(await fetchIt()).toEqual({ sha256: SHA256, bytes: CONTENT.length });
	});

	test('an empty file is a file', async () => {
		hub.answer = serveFile(new Uint8Array(0));
		expect(await fetchIt()).toMatchObject({ bytes: 0 });
	});

	test('a file that the check refuses is not kept', async () => {
		hub.answer = serveFile(CONTENT);
		const check = (path: string) => Promise.reject(new Error(existsSync(path) ? 'seen' : 'unseen'));
		await expect(fetchIt({ check })).rejects.toThrow('seen');
		expect(existsSync(target)).toBe(false);
	});
});

describe('carrying on', () => {
	test('a connection that breaks is taken up where it broke, within one call', async () => {
		hub.answer = serveFile(CONTENT, { cutAfter: 100_000 });
		expect(await fetchIt({ sha256: SHA256 })).toEqual({ sha256: SHA256, bytes: CONTENT.length });
		const ranges = hub.exchanges.map(({ range }) => range).filter((range) => range !== undefined);
		expect(ranges).toEqual(['bytes=100000-', 'bytes=200000-']);
		expect(await leftovers()).toEqual(['model.safetensors']);
	});

	test('the next call carries on after all tries failed', async () => {
		hub.answer = serveFile(CONTENT, { cutAfter: 50_000 });
		const error = await errorOf(fetchIt({ limits: { tries: 2 } }));
		expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', hint: expect.stringContaining('carries on') });
		expect(existsSync(target)).toBe(false);
		hub.answer = serveFile(CONTENT);
		await fetchIt();
		expect(hub.exchanges.at(-1)?.range).toBe('bytes=100000-');
		expect((await readFile(target)).equals(CONTENT)).toBe(true);
	});

	test('a file that changed in between is fetched from its start', async () => {
		hub.answer = serveFile(CONTENT, { cutAfter: 50_000 });
		await errorOf(fetchIt({ limits: { tries: 1 } }));
		const changed = CONTENT.map((byte) => byte ^ 1);
		hub.answer = serveFile(changed, { headers: { etag: '"v2"' } });
		await fetchIt();
		expect(hub.exchanges.at(-1)?.range).toBeUndefined();
		expect((await readFile(target)).equals(changed)).toBe(true);
	});

	test('a server that ignores ranges sends all of it again', async () => {
		hub.answer = serveFile(CONTENT, { cutAfter: 50_000 });
		await errorOf(fetchIt({ limits: { tries: 1 } }));
		hub.answer = serveFile(CONTENT, { ignoresRange: true });
		expect(await fetchIt({ sha256: SHA256 })).toMatchObject({ sha256: SHA256 });
	});

	test('without an ETag nothing tells two contents apart, so nothing is carried on', async () => {
		hub.answer = serveFile(CONTENT, { cutAfter: 50_000, headers: { etag: 'W/"weak"' } });
		await errorOf(fetchIt({ limits: { tries: 2 } }));
		expect(hub.exchanges.map(({ range }) => range)).toEqual([undefined, undefined]);
		expect(await leftovers()).toEqual([]);
	});

	test('two downloads at once do not mix', async () => {
		hub.answer = serveFile(CONTENT, { cutAfter: 120_000 });
		const limits = { tries: 12 }; // the pieces change hands, so that one download may start anew
		const digests = await Promise.all([fetchIt({ limits }), fetchIt({ limits }), fetchIt({ limits })]);
		for (const { sha256 } of digests) expect(sha256).toBe(SHA256);
		expect((await readFile(target)).equals(CONTENT)).toBe(true);
	});

	test('what a killed process left is taken over once it is old enough', async () => {
		hub.answer = serveFile(CONTENT, { cutAfter: 50_000 });
		await errorOf(fetchIt({ limits: { tries: 1 } }));
		const [piece] = await leftovers();
		const owned = join(folder, 'encoder', piece.replace(/part$/, 'dead.part'));
		await writeFile(owned, CONTENT.subarray(0, 70_000));
		await rm(join(folder, 'encoder', piece));
		const old = new Date(Date.now() - 600_000);
		await utimes(owned, old, old);
		hub.answer = serveFile(CONTENT);
		await fetchIt();
		expect(hub.exchanges.at(-1)?.range).toBe('bytes=70000-');
		expect(await leftovers()).toEqual(['model.safetensors']);
	});
});

describe('verification', () => {
	test('another content than the pinned one is refused and not kept', async () => {
		hub.answer = serveFile(CONTENT);
		const error = await errorOf(fetchIt({ sha256: 'a'.repeat(64) }));
		expect(error).toMatchObject({ code: 'HASH_MISMATCH', message: expect.stringContaining(SHA256) });
		expect(await leftovers()).toEqual([]);
	});

	test('without a pin the hash that the hub states is checked', async () => {
		hub.answer = serveFile(CONTENT, { headers: { 'x-linked-etag': `"${'b'.repeat(64)}"` } });
		expect(await errorOf(fetchIt())).toMatchObject({ code: 'HASH_MISMATCH' });
		hub.answer = serveFile(CONTENT, { headers: { 'x-linked-etag': `"${SHA256}"` } });
		expect(await fetchIt()).toMatchObject({ sha256: SHA256 });
	});

	test('a hub that states another hash than the pinned one is refused before the transfer', async () => {
		hub.answer = (_, response) => {
			response
				.writeHead(200, { 'x-linked-etag': `"${SHA256}"`, 'content-length': '1000000000' })
				.write('x');
		};
		expect(await errorOf(fetchIt({ sha256: 'a'.repeat(64) }))).toMatchObject({ code: 'HASH_MISMATCH' });
	});

	test('a hash stated by the storage behind the hub counts for nothing', async () => {
		hub.answer = (_, response) =>
			response
				.writeHead(302, { location: `${storage.endpoint}/x`, 'x-linked-etag': `"${SHA256}"` })
				.end();
		const forged = CONTENT.map((byte) => byte ^ 1);
		storage.answer = serveFile(forged, {
			headers: { 'x-linked-etag': `"${createHash('sha256').update(forged).digest('hex')}"` },
		});
		expect(await errorOf(fetchIt())).toMatchObject({ code: 'HASH_MISMATCH' });
	});

	test('another size than the hub states is refused', async () => {
		hub.answer = serveFile(CONTENT, { headers: { 'x-linked-size': '5' } });
		expect(await errorOf(fetchIt())).toMatchObject({
			message: expect.stringMatching(/Expected 5 bytes .* found a file of 300000/),
		});
	});
});

describe('size', () => {
	const limits = { largestBytes: 200_000 };

	test('every encoder of the catalogue may be fetched, with room to spare', () => {
		const largest = Math.max(...ENCODERS.map(({ megabytes }) => megabytes)) * 1e6;
		expect(largest).toBeGreaterThan(1e9);
		expect(LARGEST_DOWNLOAD_BYTES).toBeGreaterThan(3 * largest);
	});

	test('a file that is announced as too large is refused before anything is written', async () => {
		const huge = LARGEST_DOWNLOAD_BYTES + 1;
		hub.answer = (_, response) => response.writeHead(200, { 'content-length': huge }).write('x');
		expect(await errorOf(fetchIt())).toMatchObject({
			code: 'DOWNLOAD_FAILED',
			message: `Expected at most ${LARGEST_DOWNLOAD_BYTES} bytes from ${hub.endpoint}${PATH}, found a file of ${huge}`,
			hint: expect.stringContaining('check the hub endpoint'),
		});
		expect(existsSync(join(folder, 'encoder'))).toBe(false);
		expect(hub.exchanges).toHaveLength(1);
	});

	test('a file as large as it may be is fetched', async () => {
		hub.answer = serveFile(CONTENT);
		expect(await fetchIt({ limits: { largestBytes: CONTENT.length } })).toMatchObject({ sha256: SHA256 });
	});

	test('a file of no announced size is stopped at the limit, however long it goes on, and not kept', async () => {
		let sent = 0;
		hub.answer = (_, response) => {
			response.writeHead(200, { etag: '"v1"' });
			const more = (): void => {
				if (response.destroyed) return;
				sent += 10_000;
				response.write(CONTENT.subarray(0, 10_000), () => setImmediate(more));
			};
			more();
		};
		expect(await errorOf(fetchIt({ limits }))).toMatchObject({
			code: 'DOWNLOAD_FAILED',
			message: `Expected at most 200000 bytes from ${hub.endpoint}${PATH}, found more`,
		});
		expect(await leftovers()).toEqual([]);
		expect(sent).toBeGreaterThan(200_000);
		expect(sent).toBeLessThan(20_000_000); // what waits between the two ends included
		expect(hub.exchanges).toHaveLength(1);
	});

	test('a file that unpacks to more than it may have is stopped too', async () => {
		hub.answer = (_, response) =>
			response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(new Uint8Array(500_000)));
		expect(await errorOf(fetchIt({ limits }))).toMatchObject({
			message: expect.stringContaining('Expected at most 200000 bytes'),
		});
		expect(await leftovers()).toEqual([]);
	});

	test('a server that sends more than it announced is stopped there, and nothing is kept', async () => {
		let isDone = false;
		hub.answer = (_, response) => {
			response.writeHead(200, { 'x-linked-size': '100000', etag: '"v1"' });
			response.write(CONTENT.subarray(0, 100_001));
			// The rest never comes: whoever waits for it waits for the silence.
			response.on('close', () => (isDone = true));
		};
		expect(await errorOf(fetchIt())).toMatchObject({
			code: 'DOWNLOAD_FAILED',
			message: `Expected 100000 bytes from ${hub.endpoint}${PATH}, found more`,
		});
		expect(await leftovers()).toEqual([]);
		expect(hub.exchanges).toHaveLength(1);
		await new Promise((done) => setTimeout(done, 50));
		expect(isDone).toBe(true);
	});
});

describe('redirects to inner addresses', () => {
	/** Names of a network in which hub.example is out there, as the package sees it; connections go to this machine. */
	const addresses: Record<string, string[]> = {
		'hub.example': ['93.184.216.34'],
		'storage.example': ['93.184.216.35'],
		'inner.example': ['93.184.216.36', '10.0.0.7'],
	};
	let portOfHub: string;
	beforeEach(() => {
		portOfHub = new URL(hub.endpoint).port;
		jest.spyOn(dnsPromises, 'lookup').mockImplementation(((host: string) =>
			Promise.resolve(addresses[host].map((address) => ({ address, family: 4 })))) as never);
		jest.spyOn(dns, 'lookup').mockImplementation(((
			_host: string,
			options: { all?: boolean },
			done: (...found: unknown[]) => void,
		) => {
			if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
			else done(null, '127.0.0.1', 4);
		}) as never);
	});
	afterEach(() => {
		jest.restoreAllMocks();
	});

	const fromPublicHub = (location: string, options: DownloadOptions = {}) => {
		hub.answer = (_, response) => response.writeHead(302, { location }).end();
		return fetchIt({ ...options, hub: { endpoint: `http://hub.example:${portOfHub}`, ...options.hub } });
	};

	test('a public hub leads to public storage', async () => {
		storage.answer = serveFile(CONTENT);
		await fromPublicHub(`http://storage.example:${new URL(storage.endpoint).port}/x`);
		expect(storage.exchanges).toHaveLength(1);
	});

	test.each([
		['loopback', () => storage.endpoint],
		['loopback', () => `http://[::ffff:127.0.0.1]:${new URL(storage.endpoint).port}`],
		['loopback', () => `http://2130706433:${new URL(storage.endpoint).port}`],
		['private', () => `http://inner.example:${new URL(storage.endpoint).port}`],
		['link-local', () => 'http://169.254.169.254/latest/meta-data'],
	])('a public hub may not lead to a %s address, which is never asked', async (reach, location) => {
		storage.answer = serveFile(CONTENT);
		expect(await errorOf(fromPublicHub(location()))).toMatchObject({
			code: 'DOWNLOAD_FAILED',
			message: expect.stringMatching(
				new RegExp(`to lead to a public address, found a redirect to the ${reach} address`),
			),
			hint: expect.stringContaining('name the inner address as the endpoint'),
		});
		expect(storage.exchanges).toEqual([]);
		expect(hub.exchanges).toHaveLength(1);
		expect(existsSync(join(folder, 'encoder'))).toBe(false);
	});

	test('a hub of this machine may lead to this machine, and not to metadata services', async () => {
		hub.answer = (_, response) => response.writeHead(302, { location: `${storage.endpoint}/x` }).end();
		storage.answer = serveFile(CONTENT);
		await fetchIt();
		hub.answer = (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
		expect(await errorOf(fetchIt())).toMatchObject({
			message: expect.stringContaining(
				'to lead to a loopback address, found a redirect to the link-local',
			),
		});
	});
});

describe('redirects and tokens', () => {
	test('the token goes to the hub and not to the storage that it names', async () => {
		hub.answer = (request, response) => {
			if (request.url === PATH) response.writeHead(307, { location: '/moved' }).end();
			else response.writeHead(302, { location: `${storage.endpoint}/blob?signature=s3cr3t` }).end();
		};
		storage.answer = serveFile(CONTENT);
		await fetchIt({ hub: { token: TOKEN } });
		expect(hub.exchanges.map(({ path, authorization }) => [path, authorization])).toEqual([
			[PATH, `Bearer ${TOKEN}`],
			['/moved', `Bearer ${TOKEN}`],
		]);
		expect(storage.exchanges).toEqual([
			{ path: '/blob?signature=s3cr3t', range: undefined, authorization: undefined },
		]);
	});

	test('a token that was dropped does not come back with a redirect back', async () => {
		hub.answer = (request, response) => {
			if (request.url === PATH) response.writeHead(302, { location: `${storage.endpoint}/x` }).end();
			else serveFile(CONTENT)(request, response);
		};
		storage.answer = (_, response) => response.writeHead(302, { location: `${hub.endpoint}/back` }).end();
		await fetchIt({ hub: { token: TOKEN } });
		expect(hub.exchanges.map(({ authorization }) => authorization)).toEqual([
			`Bearer ${TOKEN}`,
			undefined,
		]);
	});

	test.each(['file:///etc/passwd', 'ftp://host/x', 'http://user:pw@host/x'])(
		'a redirect to %s is refused',
		async (location) => {
			hub.answer = (_, response) => response.writeHead(302, { location }).end();
			expect(await errorOf(fetchIt())).toMatchObject({
				code: 'DOWNLOAD_FAILED',
				message: expect.stringContaining('safe address'),
			});
		},
	);

	test('a redirect to itself ends', async () => {
		hub.answer = (_, response) => response.writeHead(302, { location: PATH }).end();
		expect(await errorOf(fetchIt())).toMatchObject({
			message: expect.stringContaining('more than 5 redirects'),
		});
	});

	test('a token that cannot be sent is refused without being quoted', async () => {
		const error = await errorOf(fetchIt({ hub: { token: `${TOKEN}\nx` } }));
		expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
		expect(`${error.message} ${error.hint}`).not.toContain(TOKEN);
		expect(hub.exchanges).toEqual([]);
	});

	test('an empty token is none', async () => {
		hub.answer = serveFile(CONTENT);
		await fetchIt({ hub: { token: ' ' } });
		expect(hub.exchanges[0].authorization).toBeUndefined();
	});
});

describe('failures say what to do', () => {
	const status = (code: number) => {
		hub.answer = (_, response) => response.writeHead(code).end('no');
	};

	test('a gated model asks for a token, or for access of the token', async () => {
		status(401);
		expect(await errorOf(fetchIt())).toMatchObject({
			code: 'DOWNLOAD_FAILED',
			hint: expect.stringContaining(`accept its terms at ${hub.endpoint}/owner/model,`),
		});
		status(403);
		const error = await errorOf(fetchIt({ hub: { token: TOKEN } }));
		expect(error.hint).toContain('The token has no access');
		expect(JSON.stringify(error)).not.toContain(TOKEN);
		expect(hub.exchanges).toHaveLength(2);
	});

	test('a missing file is asked for once, a busy hub again and again', async () => {
		status(404);
		expect(await errorOf(fetchIt())).toMatchObject({
			message: expect.stringContaining('404 (not there)'),
		});
		expect(hub.exchanges).toHaveLength(1);
		status(503);
		expect(await errorOf(fetchIt())).toMatchObject({ message: expect.stringContaining('503') });
		expect(hub.exchanges).toHaveLength(5);
		status(429);
		expect(await errorOf(fetchIt({ limits: { tries: 1 } }))).toMatchObject({
			message: expect.stringContaining('too many requests'),
		});
	});

	test('a sign-in page is not taken for the file', async () => {
		hub.answer = (_, response) =>
			response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>');
		expect(await errorOf(fetchIt())).toMatchObject({
			message: expect.stringContaining('found a web page'),
		});
	});

	test('no network is known at once', async () => {
		await hub.stop();
		const started = Date.now();
		const error = await errorOf(fetchIt({ limits: { retryPauseMs: 10_000 } }));
		expect(error).toMatchObject({
			code: 'DOWNLOAD_FAILED',
			message: expect.stringContaining('(ECONNREFUSED)'),
		});
		expect(Date.now() - started).toBeLessThan(2000);
		hub = await HubServer.start();
	});

	test('a server that never answers or falls silent is given up', async () => {
		hub.answer = () => undefined;
		const limits = { tries: 1, responseTimeoutMs: 50, idleTimeoutMs: 50 };
		expect(await errorOf(fetchIt({ limits }))).toMatchObject({
			message: expect.stringContaining('within 0.05 s, found none'),
		});
		hub.answer = (_, response) => response.writeHead(200, { 'content-length': '100' }).write('x');
		expect(await errorOf(fetchIt({ limits }))).toMatchObject({
			message: expect.stringContaining('found silence for 0.05 s'),
		});
	});

	test('an abort cancels, keeps what has arrived and lets the next call carry on', async () => {
		const controller = new AbortController();
		hub.answer = (_, response) => {
			response
				.writeHead(200, { 'content-length': CONTENT.length, etag: '"v1"' })
				.write(CONTENT.subarray(0, 60_000), () => {
					setTimeout(() => {
						controller.abort();
					}, 50);
				});
		};
		expect(await errorOf(fetchIt({ signal: controller.signal }))).toMatchObject({ code: 'CANCELLED' });
		hub.answer = serveFile(CONTENT);
		await fetchIt();
		expect(hub.exchanges.at(-1)?.range).toBe('bytes=60000-');
		expect(await errorOf(fetchIt({ signal: AbortSignal.abort() }))).toMatchObject({ code: 'CANCELLED' });
	});

	test('a folder that cannot be made is named', async () => {
		await writeFile(join(folder, 'encoder'), '');
		hub.answer = serveFile(CONTENT);
		await expect(fetchIt()).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			message: expect.stringContaining(target),
		});
	});
});

describe('addresses', () => {
	const before = process.env.HF_ENDPOINT;
	afterEach(() => {
		if (before === undefined) delete process.env.HF_ENDPOINT;
		else process.env.HF_ENDPOINT = before;
	});

	test('the endpoint is the one given, else HF_ENDPOINT, else the public hub', () => {
		process.env.HF_ENDPOINT = 'https://mirror.example/hf/';
		expect(hubUrl(FILE, 'http://other.example').href).toBe(`http://other.example${PATH}`);
		expect(hubUrl(FILE, ' ').href).toBe(`https://mirror.example/hf${PATH}`);
		delete process.env.HF_ENDPOINT;
		expect(hubUrl(FILE).href).toBe(`https://huggingface.co${PATH}`);
	});

	test.each(['file:///etc', 'huggingface.co', 'https://user:pw@host', 'javascript:0'])(
		'the endpoint %s is refused',
		(endpoint) => {
			expect(() => hubUrl(FILE, endpoint)).toThrow('http(s) address without user name');
		},
	);
});

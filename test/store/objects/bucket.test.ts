import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bucket } from '../../../src/store/objects/bucket';
import { explainBucketError } from '../../../src/store/objects/bucketErrors';
import { checkConnection } from '../../../src/store/objects/connection';
import { refusal } from '../../support/refusals';
import { temporaryFolder } from '../sampleModel';

const IDLE_MS = 400;
const root = temporaryFolder();
const servers: Server[] = [];

afterEach(() => {
	for (const server of servers.splice(0)) {
		server.closeAllConnections();
		server.close();
	}
});

/** A bucket of a server that does as `listener` says, where a connection may stand still for a moment. */
async function bucketOf(
	listener: (incoming: IncomingMessage, answer: ServerResponse) => void,
): Promise<Bucket> {
	const server = createServer(listener);
	servers.push(server);
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const connection = checkConnection({
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		...{ region: '', bucket: 'models', prefix: '', pathStyle: true, cacheGb: 1 },
		...{ accessKeyId: 'A', secretAccessKey: 'B' },
	});
	return new Bucket(connection, { idleMs: IDLE_MS });
}

const tooLong = {
	code: 'STORE_UNREACHABLE',
	message: expect.stringMatching(
		/found TimeoutError: the request socket timed out after 400 ms of inactivity$/,
	) as string,
};

test('a server that takes a request and never answers is given up', async () => {
	let asked = 0;
	const bucket = await bucketOf(() => asked++);
	expect(await refusal(() => bucket.get('ledger.json'))).toMatchObject(tooLong);
	expect(asked).toBe(3);
});

test('a file that stops coming in the middle is given up', async () => {
	const bucket = await bucketOf((_, answer) => {
		answer.writeHead(200, { 'content-length': 1000 });
		answer.write('half');
	});
	expect((await refusal(() => bucket.download('file', join(root, 'file')))).code).toBe('STORE_UNREACHABLE');
});

test('an upload that the server stops taking is given up', async () => {
	const path = join(root, 'large');
	writeFileSync(path, Buffer.alloc(20_000_000));
	const bucket = await bucketOf((incoming) => incoming.pause());
	const digest = { sha256: '00'.repeat(32), bytes: 20_000_000 };
	expect(await refusal(() => bucket.upload('large', path, digest))).toMatchObject(tooLong);
});

test('a file that comes slowly, but comes, takes longer than a stall may', async () => {
	const bucket = await bucketOf((_, answer) => {
		answer.writeHead(200, { 'content-length': 12 });
		let sent = 0;
		const drip = setInterval(() => {
			answer.write('x');
			if (++sent === 12) clearInterval(drip);
		}, IDLE_MS / 8);
	});
	expect(await bucket.download('file', join(root, 'slow'))).toMatchObject({ bytes: 12 });
});

test('a server that does not know SHA-256 gets the older checksum of a file', async () => {
	const path = join(root, 'small');
	writeFileSync(path, 'weights');
	const seen: unknown[] = [];
	const bucket = await bucketOf((incoming, answer) => {
		incoming.resume();
		const { 'content-md5': md5, 'x-amz-checksum-sha256': sha256 } = incoming.headers;
		seen.push([md5, sha256 !== undefined]);
		incoming.on('end', () => answer.writeHead(sha256 === undefined ? 200 : 501, { etag: '"1"' }).end());
	});
	await bucket.upload('small', path, { sha256: 'ab'.repeat(32), bytes: 7 });
	const md5 = createHash('md5').update('weights').digest('base64');
	expect(seen).toEqual([
		[undefined, true],
		[md5, false],
	]);
});

test('a certificate that nobody trusts is told from a server that is away', () => {
	// As Node.js has it; the client does not know an error of jest's own world for one, and hides its code.
	const fault = Object.assign(new Error('self-signed certificate'), {
		code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
	});
	const error = explainBucketError(fault, 's3://models');
	expect(error.message).toMatch(/found DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate$/);
	expect(error.hint).toMatch(/point NODE_EXTRA_CA_CERTS to/);
	const away = explainBucketError(
		Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
		's3://models',
	);
	expect(away.hint).toMatch(/^Check the address, the network and the server/);
});

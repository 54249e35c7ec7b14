import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { checkConnection, type StoreConnection } from '../../../src/store/objects/connection';
import { Bucket } from '../../../src/store/objects/bucket';
import { requireConditionalWrites } from '../../../src/store/objects/probe';
import { refusal } from '../../support/refusals';

let server: Server;
/** What the server does between its look at the condition and the write. */
let between: () => Promise<unknown> | undefined;
let connection: StoreConnection;

beforeEach(async () => {
	const marks = new Map<string, string>();
	server = createServer((incoming, answer) => {
		const { url = '', method } = incoming;
		const pieces: Buffer[] = [];
		incoming.on('data', (piece: Buffer) => pieces.push(piece));
		incoming.on('end', () => {
			void (async () => {
				const { 'if-match': ifMatch, 'if-none-match': ifNone } = incoming.headers;
				const mark = marks.get(url);
				const isUnmet =
					ifNone === '*' ? mark !== undefined : ifMatch !== undefined && ifMatch !== mark;
				if (method !== 'PUT' || isUnmet) return answer.writeHead(isUnmet ? 412 : 204).end();
				const waiting = between();
				if (waiting !== undefined) await waiting;
				const etag = `"${createHash('md5').update(Buffer.concat(pieces)).digest('hex')}"`;
				marks.set(url, etag);
				return answer.writeHead(200, { etag }).end();
			})();
		});
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	connection = checkConnection({
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		...{ region: '', bucket: 'models', prefix: '', pathStyle: true, cacheGb: 1 },
		...{ accessKeyId: 'A', secretAccessKey: 'B' },
	});
});

afterEach(() => {
	server.closeAllConnections();
	server.close();
});

test('a server that looks at the condition and writes in one step passes', async () => {
	between = () => undefined;
	await requireConditionalWrites(new Bucket(connection), connection);
});

test('a server that looks at the condition first and writes later is refused: two could write', async () => {
	between = () => pause(30);
	const error = await refusal(() => requireConditionalWrites(new Bucket(connection), connection));
	expect(error).toMatchObject({
		code: 'STORE_REFUSED',
		message:
			'Expected the object storage of s3://models to keep the condition If-Match of a write when several write at once, found that it does not',
	});
});

import { randomUUID } from 'node:crypto';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectStore } from '../../../src/store/objects/connections';
import { checkConnection, type StoreConnection } from '../../../src/store/objects/connection';
import { ObjectStore } from '../../../src/store/objects/objectStore';
import { TcpProxy } from './tcpProxy';

interface S3rver {
	run(): Promise<AddressInfo>;
	close(): Promise<void>;
}
type S3rverClass = new (options: object) => S3rver;

export interface ObjectServer {
	/** What lies between the client and the server, to cut it. */
	readonly wire: TcpProxy;
	/** Requests so far, as "PUT /bucket/key". */
	readonly requests: string[];
	/** Whether conditions of writes are kept. */
	keepsConditions: boolean;
	connection(changes?: Partial<Parameters<typeof checkConnection>[0]>): StoreConnection;
	/** A machine of its own: another folder for its copies. */
	machine(home: string, changes?: Partial<Parameters<typeof checkConnection>[0]>): ObjectStore;
	close(): Promise<void>;
}

/** Port on this machine of another server that speaks S3 and has a bucket `models`, to run these tests against; ours is s3rver. */
const OTHER_PORT = Number(process.env.DINOMALY_TEST_S3_PORT ?? 0);
/** Only ours forgets conditions when told to, and knows accounts. */
export const isOurServer = OTHER_PORT === 0;
/** Whether the other server refuses requests that were signed with another secret; ours does not look. */
export const checksSignatures = process.env.DINOMALY_TEST_S3_SIGNED === '1';
/** Part of the prefix of every store, since another server keeps those of earlier runs. */
export const RUN = isOurServer ? 'run' : randomUUID().slice(0, 8);

const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/**
 * A server that speaks S3 (s3rver), behind a keeper of conditions, which it ignores (it knows If-None-Match and If-Match
 * of reads only), and behind a wire that can be cut.
 */
export async function startObjectServer(folder: string): Promise<ObjectServer> {
	if (!isOurServer) return throughWire(await TcpProxy.to(OTHER_PORT));
	// eslint-disable-next-line @typescript-eslint/no-require-imports -- it has no types
	const Server = require('s3rver') as S3rverClass;
	const server = new Server({
		port: 0,
		address: '127.0.0.1',
		silent: true,
		directory: folder,
		configureBuckets: [{ name: 'models' }],
	});
	const { port } = await server.run();
	const requests: string[] = [];
	const keeper = new ConditionKeeper(port, requests);
	return throughWire(await TcpProxy.to(await keeper.listen()), { keeper, server, requests });
}

function throughWire(
	wire: TcpProxy,
	{
		keeper,
		server,
		requests = [],
	}: { keeper?: ConditionKeeper; server?: S3rver; requests?: string[] } = {},
): ObjectServer {
	const connection: ObjectServer['connection'] = (changes = {}) =>
		checkConnection({
			endpoint: `http://127.0.0.1:${wire.port}`,
			region: 'us-east-1',
			bucket: 'models',
			prefix: 'plant/2',
			...KEYS,
			pathStyle: true,
			cacheGb: 1,
			...changes,
		});
	return {
		wire,
		requests,
		get keepsConditions() {
			return keeper?.isOn ?? true;
		},
		set keepsConditions(isOn) {
			if (keeper !== undefined) keeper.isOn = isOn;
		},
		connection,
		machine: (home, changes) => {
			const made = connection(changes);
			return new ObjectStore(connectStore(made, home), made);
		},
		close: async () => {
			await wire.close();
			await keeper?.close();
			await server?.close();
		},
	};
}

/** Passes requests on, one at a time for each object (s3rver does not write whole or not at all), and answers 412 to those whose condition does not hold. */
class ConditionKeeper {
	isOn = true;
	readonly #marks = new Map<string, string>();
	readonly #turns = new Map<string, Promise<void>>();
	readonly #server: Server;

	constructor(
		private readonly port: number,
		private readonly requests: string[],
	) {
		this.#server = createServer((incoming, answer) => {
			this.requests.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
			const key = (incoming.url ?? '').split('?')[0];
			if (incoming.method === 'GET' && key.endsWith('/')) return void this.#pass(incoming, answer); // a list
			const turn = (this.#turns.get(key) ?? Promise.resolve()).then(() =>
				this.#write(key, incoming, answer),
			);
			this.#turns.set(key, turn);
		});
	}

	listen(): Promise<number> {
		return new Promise((resolve) => {
			this.#server.listen(0, '127.0.0.1', () => {
				resolve((this.#server.address() as AddressInfo).port);
			});
		});
	}

	close(): Promise<void> {
		this.#server.closeAllConnections();
		return new Promise((resolve) => {
			this.#server.close(() => {
				resolve();
			});
		});
	}

	async #write(key: string, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
		const { 'if-match': ifMatch, 'if-none-match': ifNone } = incoming.headers;
		const mark = this.#marks.get(key);
		const isUnmet = (ifNone === '*' && mark !== undefined) || (ifMatch !== undefined && ifMatch !== mark);
		if (this.isOn && isUnmet) {
			incoming.resume();
			answer.writeHead(412, { 'content-type': 'application/xml' });
			answer.end(
				'<Error><Code>PreconditionFailed</Code><Message>A condition does not hold</Message></Error>',
			);
			return;
		}
		const { status, etag } = await this.#pass(incoming, answer);
		if (status < 300 && incoming.method === 'PUT' && etag !== undefined) this.#marks.set(key, etag);
		if (status < 300 && incoming.method === 'DELETE') this.#marks.delete(key);
	}

	#pass(
		incoming: IncomingMessage,
		answer: ServerResponse,
	): Promise<{ readonly status: number; readonly etag?: string }> {
		return new Promise((resolve) => {
			const { method, url, headers } = incoming;
			const onward = request(
				{ port: this.port, host: '127.0.0.1', method, path: url, headers },
				(back) => {
					const status = back.statusCode ?? 500;
					answer.writeHead(status, back.headers);
					back.pipe(answer);
					back.on('close', () => {
						resolve({ status, etag: back.headers.etag });
					});
				},
			);
			onward.on('error', () => {
				answer.destroy();
				resolve({ status: 500 });
			});
			incoming.on('aborted', () => {
				onward.destroy();
			});
			incoming.pipe(onward);
		});
	}
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Exchange {
	readonly path: string;
	readonly range: string | undefined;
	readonly authorization: string | undefined;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A local stand-in for the hub that records what it is asked. */
export class HubServer {
	readonly exchanges: Exchange[] = [];
	answer: Answer = (_, response) => response.writeHead(404).end();

	readonly endpoint: string;

	private constructor(private readonly server: Server) {
		this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		server.on('request', (request, response) => {
			const { range, authorization } = request.headers;
			this.exchanges.push({ path: request.url ?? '', range, authorization });
			this.answer(request, response);
		});
	}

	static async start(): Promise<HubServer> {
		const server = createServer();
		await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
		return new HubServer(server);
	}

	async stop(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((done) => this.server.close(done));
	}
}

/** A reader has this long to take what was sent: what still waits when a connection breaks is lost to it. */
const CUT_AFTER_MS = 200;

export interface FileTraits {
	readonly headers?: Record<string, string>;
	/** Breaks the connection after so many bytes of each answer. */
	readonly cutAfter?: number;
	readonly ignoresRange?: boolean;
}

/** Sends a file as the hub's storage does: ranges and an ETag. */
export function serveFile(
	bytes: Uint8Array,
	{ headers = {}, cutAfter, ignoresRange = false }: FileTraits = {},
): Answer {
	return (request, response) => {
		const match = ignoresRange ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
		const start = match === null ? 0 : Number(match[1]);
		const rest = bytes.subarray(start);
		const range =
			match === null ? {} : { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
		response.writeHead(match === null ? 200 : 206, {
			'content-length': rest.length,
			etag: '"v1"',
			...range,
			...headers,
		});
		if (cutAfter === undefined || rest.length <= cutAfter) {
			response.end(rest);
			return;
		}
		response.write(rest.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), CUT_AFTER_MS));
	};
}

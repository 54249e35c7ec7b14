import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { WAITING } from '../../../src/jobs/deliver';

/** What was posted. Whoever posted waits for the answer. */
export interface Posted {
	readonly url: string;
	readonly body: unknown;
	readonly answer: (status?: number, text?: string) => void;
}

/** Stands for n8n's waiting webhooks: hands on what is posted to it, and says to every other question that the execution waits. */
export class ResumeServer {
	readonly #posted: Posted[] = [];
	readonly #server: Server;

	private constructor(server: Server) {
		this.#server = server;
	}

	static async open(): Promise<ResumeServer> {
		const server = createServer();
		const self = new ResumeServer(server);
		server.on('request', (request, response) => {
			const chunks: Buffer[] = [];
			request.on('data', (chunk: Buffer) => chunks.push(chunk));
			request.on('end', () => {
				if (request.method !== 'POST') {
					response.writeHead(200).end(JSON.stringify({ message: WAITING }));
					return;
				}
				self.#posted.push({
					url: request.url ?? '',
					body: JSON.parse(Buffer.concat(chunks).toString()),
					answer: (status = 200, text = '{}') => {
						response.writeHead(status).end(text);
					},
				});
			});
		});
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		return self;
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	/** The next thing that is posted. */
	async next(timeoutMs = 30_000): Promise<Posted> {
		const deadline = Date.now() + timeoutMs;
		for (;;) {
			const posted = this.#posted.shift();
			if (posted !== undefined) return posted;
			if (Date.now() > deadline) throw new Error('Expected something to be posted, found nothing');
			await pause(50);
		}
	}

	close(): void {
		this.#server.closeAllConnections();
		this.#server.close();
	}
}

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A wire between a client and a local server that can be cut: for good, or in the middle of what is being sent. */
export class TcpProxy {
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	#isDown = false;
	#cutAfter = Infinity;
	cuts = 0;

	private constructor(target: number) {
		this.#server = createServer((client) => {
			if (this.#isDown) return void client.destroy();
			const server = connect(target, '127.0.0.1');
			let sent = 0;
			client.on('data', (piece) => {
				sent += piece.length;
				if (sent <= this.#cutAfter) return void server.write(piece);
				this.cuts++;
				server.write(piece.subarray(0, piece.length >> 1));
				client.destroy();
				server.destroy();
			});
			server.pipe(client);
			for (const [one, other] of [
				[client, server],
				[server, client],
			]) {
				this.#sockets.add(one);
				one.on('error', () => other.destroy());
				one.on('close', () => {
					this.#sockets.delete(one);
					other.destroy();
				});
			}
		});
	}

	static to(target: number): Promise<TcpProxy> {
		const proxy = new TcpProxy(target);
		return new Promise((resolve) => {
			proxy.#server.listen(0, '127.0.0.1', () => {
				resolve(proxy);
			});
		});
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	/** Every connection is cut once it has sent so many bytes. */
	cutAfter(bytes: number): void {
		this.#cutAfter = bytes;
	}

	/** Cuts all connections and takes no new ones. */
	down(): void {
		this.#isDown = true;
		for (const socket of this.#sockets) socket.destroy();
	}

	mend(): void {
		this.#isDown = false;
		this.#cutAfter = Infinity;
	}

	close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		return new Promise((resolve) => {
			this.#server.close(() => {
				resolve();
			});
		});
	}
}

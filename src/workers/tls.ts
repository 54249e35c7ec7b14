import { isIP } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import type { WorkersConnection } from './connection';

/** An alert comes within one way to the server and back. */
const ALERT_MS = 3000;

export function tlsOptions({ host, certificates }: WorkersConnection): ConnectionOptions {
	const { ca, certificate, key } = certificates;
	return {
		// A server may have several certificates and is told which one is meant; an address is no name (RFC 6066).
		...(isIP(host) === 0 && { servername: host }),
		...(ca !== '' && { ca }),
		...(key !== '' && { cert: certificate, key }),
	};
}

/**
 * Why a server ends TLS connections, in its own words; undefined when it says nothing. In TLS 1.3 its word on our certificate comes after the
 * handshake, and is lost where we have written something by then: asked again, without a word of ours.
 */
export function hearAlert(connection: WorkersConnection): Promise<Error | undefined> {
	const { host, port } = connection;
	return new Promise((resolve) => {
		const socket = connect({ ...tlsOptions(connection), host, port, timeout: ALERT_MS });
		const end = (alert?: Error): void => {
			socket.destroy();
			resolve(alert);
		};
		socket.on('error', end);
		socket.once('timeout', end);
		socket.once('close', () => {
			end();
		});
	});
}

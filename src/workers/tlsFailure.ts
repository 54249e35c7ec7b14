import { DinomalyError, messageOf } from '../errors';
import { shownName } from '../shownValue';
import { describeWorkersConnection, type WorkersConnection } from './connection';

/** What our side does not like of the server's certificate, in OpenSSL's words. */
const FOREIGN =
	/^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|CERT_UNTRUSTED|CERT_SIGNATURE|INVALID_CA)/;
/** Outside of the days that the certificate is for. */
const OUT_OF_DATE = /^CERT_(HAS_EXPIRED|NOT_YET_VALID)/;
/** The server ended the handshake because of our certificate, or for want of one. */
const OURS_REFUSED =
	/ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(EXPIRED|REVOKED|UNKNOWN)|HANDSHAKE_FAILURE|ACCESS_DENIED)/;
/** Bytes that are no TLS: most likely a port without it. */
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|HTTP_REQUEST/;

/** One sentence on a TLS handshake that failed; undefined for any other failure. */
export function explainTlsFailure(error: unknown, connection: WorkersConnection): DinomalyError | undefined {
	const code = (error as { code?: unknown } | null)?.code;
	if (typeof code !== 'string' || !connection.tls) return undefined;
	const where = describeWorkersConnection(connection);
	const { ca, certificate } = connection.certificates;
	if (FOREIGN.test(code))
		return unreachable(
			`Expected ${where} to show a certificate by ${ca === '' ? 'an authority that Node.js trusts' : 'the CA Certificate that was given'}, found another one (${code})`,
			`Give the certificate of the server's own authority: CA Certificate in the credential, DINOMALY_REDIS_CA_FILE for a worker${ca === '' ? ', or NODE_EXTRA_CA_CERTS for both' : ''}.`,
		);
	if (OUT_OF_DATE.test(code))
		return unreachable(
			`Expected ${where} to show a certificate that is valid today, found one that is not (${code})`,
			"Renew the server's certificate, or set this machine's clock.",
		);
	if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
		return unreachable(
			`Expected ${where} to show a certificate for "${connection.host}", found one for other names: ${shownName(messageOf(error).replace(/^.*altnames:\s*/s, ''))}`,
			'Name the server in Redis URL as its certificate does.',
		);
	if (OURS_REFUSED.test(code))
		return new DinomalyError(
			'QUEUE_REFUSED',
			certificate === ''
				? `Expected ${where} to let us in without a client certificate, found that it asks for one (${code})`
				: `Expected ${where} to take our client certificate, found that it does not (${code})`,
			{
				hint: 'Give a certificate and its key that the server takes: Client Certificate and Client Key in the credential, DINOMALY_REDIS_CERT_FILE and DINOMALY_REDIS_KEY_FILE for a worker.',
			},
		);
	if (NO_TLS.test(code))
		return unreachable(
			`Expected ${where} to speak TLS, found that it does not (${code})`,
			'Check the port: servers often have another one for TLS. Without TLS, write redis:// and leave the switch TLS off.',
		);
	return undefined;
}

function unreachable(message: string, hint: string): DinomalyError {
	return new DinomalyError('QUEUE_UNREACHABLE', message, { hint });
}

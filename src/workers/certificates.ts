import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { invalidField } from './invalidField';

/** What a TLS connection is made with, as PEM text; each is empty where nobody gave it. */
export interface Certificates {
	/** Authorities that the server's certificate must come from; when empty those that Node.js trusts. */
	readonly ca: string;
	/** Of this side, for a server that asks for one; with `key` or not at all. */
	readonly certificate: string;
	readonly key: string;
}

export const NO_CERTIFICATES: Certificates = { ca: '', certificate: '', key: '' };

type Environment = Readonly<Record<string, string | undefined>>;

const FIELDS: Readonly<Record<keyof Certificates, string>> = {
	ca: 'CA Certificate',
	certificate: 'Client Certificate',
	key: 'Client Key',
};
const VARIABLES: Readonly<Record<keyof Certificates, string>> = {
	ca: 'DINOMALY_REDIS_CA_FILE',
	certificate: 'DINOMALY_REDIS_CERT_FILE',
	key: 'DINOMALY_REDIS_KEY_FILE',
};
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;
const LINE = /.{1,64}/g;

/**
 * Checks what a person filled in; throws CONFIG_INVALID naming the field and nothing of its content. Text that lost its line breaks on the way,
 * as it does in a field of one line, gets them back.
 */
export function checkCertificates(given: Partial<Certificates>): Certificates {
	const ca = withLineBreaks(given.ca);
	const certificate = withLineBreaks(given.certificate);
	const key = withLineBreaks(given.key);
	for (const one of blocksOf(ca, 'ca')) readCertificate(one, 'ca');
	if ((certificate === '') !== (key === ''))
		throw invalidField(
			FIELDS[certificate === '' ? 'certificate' : 'key'],
			`given where "${FIELDS[certificate === '' ? 'key' : 'certificate']}" is`,
			'nothing',
		);
	if (certificate === '') return { ca, certificate, key };
	// The first one is this side's own, those after it lead to its authority.
	const [own] = blocksOf(certificate, 'certificate').map((one) => readCertificate(one, 'certificate'));
	if (!own.checkPrivateKey(readKey(key)))
		throw invalidField(FIELDS.key, `the key of "${FIELDS.certificate}"`, 'the key of another one');
	return { ca, certificate, key };
}

/** The PEM files that the environment names: DINOMALY_REDIS_CA_FILE, _CERT_FILE and _KEY_FILE. Throws CONFIG_INVALID for one that cannot be read. */
export function readCertificateFiles(environment: Environment): Certificates {
	const read = (field: keyof Certificates): string => {
		const file = environment[VARIABLES[field]]?.trim() ?? '';
		if (file === '') return '';
		try {
			return readFileSync(file, 'utf8');
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			throw invalidField(
				VARIABLES[field],
				'a file in PEM form',
				`${file}, which cannot be read (${code})`,
			);
		}
	};
	return { ca: read('ca'), certificate: read('certificate'), key: read('key') };
}

function withLineBreaks(text = ''): string {
	const whole = text.replaceAll('\\n', '\n').trim();
	return whole.replace(BLOCK, (_, kind: string, body: string) => {
		const lines = body.replace(/\s+/g, '').match(LINE) ?? [];
		return `-----BEGIN ${kind}-----\n${lines.join('\n')}\n-----END ${kind}-----`;
	});
}

function blocksOf(text: string, field: 'ca' | 'certificate'): string[] {
	if (text === '') return [];
	const blocks = [...text.matchAll(BLOCK)].map(([block]) => block);
	if (blocks.length > 0) return blocks;
	throw notPem(field);
}

function readCertificate(block: string, field: 'ca' | 'certificate'): X509Certificate {
	try {
		return new X509Certificate(block);
	} catch {
		throw notPem(field);
	}
}

function readKey(text: string): KeyObject {
	try {
		return createPrivateKey(text);
	} catch (error) {
		const isLocked =
			text.includes('ENCRYPTED') || (error as { code?: string }).code === 'ERR_MISSING_PASSPHRASE';
		throw invalidField(
			FIELDS.key,
			'a private key in PEM form without a passphrase',
			isLocked ? 'one with a passphrase' : 'something else',
		);
	}
}

function notPem(field: 'ca' | 'certificate'): Error {
	return invalidField(
		FIELDS[field],
		'in PEM form ("-----BEGIN CERTIFICATE-----" and so on)',
		'something else',
	);
}

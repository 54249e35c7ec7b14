import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether certificates can be made here ("req -CA" came with OpenSSL 3). */
export const hasOpenssl = /^OpenSSL [3-9]/.test(String(spawnSync('openssl', ['version']).stdout));

/** Files of a certificate and its key, and what they hold. */
export interface TestCertificate {
	readonly certificate: string;
	readonly key: string;
	readonly pem: { readonly certificate: string; readonly key: string };
}

/** Makes an authority of its own in the folder. */
export function makeAuthority(folder: string, name: string): TestCertificate {
	return make(folder, name, ['-addext', 'basicConstraints=critical,CA:TRUE']);
}

/** Makes a certificate that the authority vouches for; `names` as in subjectAltName. */
export function makeCertificate(
	folder: string,
	name: string,
	{ authority, names = `DNS:${name}` }: { readonly authority: TestCertificate; readonly names?: string },
): TestCertificate {
	return make(folder, name, [
		...['-CA', authority.certificate, '-CAkey', authority.key],
		...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', `subjectAltName=${names}`],
	]);
}

function make(folder: string, name: string, options: readonly string[]): TestCertificate {
	const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
	// The system's own configuration would add extensions.
	const config = join(folder, 'openssl.cnf');
	writeFileSync(config, '[req]\ndistinguished_name = name\n[name]\n');
	execFileSync(
		'openssl',
		[
			...[
				'req',
				'-x509',
				'-config',
				config,
				'-newkey',
				'ec',
				'-pkeyopt',
				'ec_paramgen_curve:prime256v1',
			],
			...['-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', certificate],
			...options,
		],
		{ stdio: ['ignore', 'ignore', 'pipe'] },
	);
	return {
		certificate,
		key,
		pem: { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') },
	};
}

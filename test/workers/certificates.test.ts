import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { checkCertificates, readCertificateFiles } from '../../src/workers/certificates';
import { checkWorkersConnection } from '../../src/workers/connection';
import { hasOpenssl, makeAuthority, makeCertificate, type TestCertificate } from '../support/certificates';
import { newFolder } from './support';

if (hasOpenssl) describe('certificates of a connection', tests);
else describe.skip('certificates of a connection (skipped: no OpenSSL 3 on the PATH)', tests);

function tests(): void {
	const folder = newFolder();
	let authority: TestCertificate;
	let own: TestCertificate;
	beforeAll(() => {
		authority = makeAuthority(folder.path, 'plant');
		own = makeCertificate(folder.path, 'worker', { authority });
	});
	afterAll(() => {
		folder.remove();
	});

	const thrownBy = (work: () => unknown): unknown => {
		try {
			work();
		} catch (error) {
			return error;
		}
		return undefined;
	};

	test('text whose line breaks were lost is read all the same', () => {
		const given = {
			ca: authority.pem.certificate,
			certificate: own.pem.certificate + authority.pem.certificate,
			key: own.pem.key,
		};
		const whole = checkCertificates(given);
		for (const broken of [' ', '\\n', '\r\n'])
			expect(
				checkCertificates({
					ca: given.ca.replaceAll('\n', broken),
					certificate: given.certificate.replaceAll('\n', broken),
					key: given.key.replaceAll('\n', broken),
				}),
			).toMatchObject({ ca: whole.ca, key: whole.key });
	});

	test('what does not belong together is named, and nothing of it is shown', () => {
		const locked = join(folder.path, 'locked.key');
		execFileSync('openssl', ['pkey', '-in', own.key, '-aes256', '-passout', 'pass:x', '-out', locked]);
		const { certificate, key } = own.pem;
		const cases: [Parameters<typeof checkCertificates>[0], RegExp][] = [
			[{ ca: 'MIIB' }, /"CA Certificate" .* in PEM form .*, found something else/],
			[{ ca: key }, /"CA Certificate" .*, found something else/],
			[{ certificate }, /"Client Key" .* given where "Client Certificate" is, found nothing/],
			[{ key }, /"Client Certificate" .* given where "Client Key" is, found nothing/],
			[{ certificate, key: authority.pem.key }, /"Client Key" .*, found the key of another one/],
			[{ certificate, key: certificate }, /"Client Key" .*, found something else/],
			[
				{ certificate, key: readCertificateFiles({ DINOMALY_REDIS_KEY_FILE: locked }).key },
				/"Client Key" .* found one with a passphrase/,
			],
		];
		for (const [given, message] of cases) {
			const thrown = thrownBy(() => checkCertificates(given));
			expect(thrown).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
			expect((thrown as Error).message).not.toMatch(/MII|MHc/);
		}
	});

	test('certificates without TLS are refused: the password would go out in the clear', () => {
		const certificates = { ca: authority.pem.certificate };
		expect(thrownBy(() => checkWorkersConnection({ url: 'redis://h', certificates }))).toMatchObject({
			code: 'CONFIG_INVALID',
			message: expect.stringMatching(/"rediss:\/\/" .* found one without TLS/),
		});
		expect(checkWorkersConnection({ url: 'redis://h', tls: true, certificates }).tls).toBe(true);
	});

	test('a file that is not there is named', () => {
		const environment = { DINOMALY_REDIS_CA_FILE: '/nowhere/ca.pem' };
		expect(thrownBy(() => readCertificateFiles(environment))).toMatchObject({
			message: expect.stringMatching(/"DINOMALY_REDIS_CA_FILE" .* \/nowhere\/ca\.pem, .*ENOENT/),
		});
	});
}

import { plainUrl } from '../src/plainUrl';

test.each(['https://minio.example.com:9000', 'http://127.0.0.1:8000/v2'])('%s is an address', (address) => {
	expect(plainUrl(address)?.href.startsWith(address)).toBe(true);
});

test.each([
	'',
	'minio',
	'ftp://minio.example.com',
	'file:///etc/passwd',
	'https://user@minio.example.com',
	'https://:secret@minio.example.com',
	'https://minio.example.com/?token=secret',
	'https://minio.example.com/#part',
])('"%s" is none', (address) => {
	expect(plainUrl(address)).toBeUndefined();
});

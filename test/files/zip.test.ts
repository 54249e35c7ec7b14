import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { readZip, writeZip } from '../../src/files/zip';

/** Made by Python's zipfile: bottles/a.txt deflated, bottles/b.bin stored, a comment at the end. */
const FROM_PYTHON = Buffer.from(
	'UEsDBBQAAAAIAAAAIVxXN2KFCwAAACMAAAANAAAAYm90dGxlcy9hLnR4dMtIzcnJV8jARwIAUEsDBBQAAAAAAAAAIVwdgLxVAwAAAAMAAAANAAAAYm90dGxlcy9iLmJpbgECA1BLAQIUAxQAAAAIAAAAIVxXN2KFCwAAACMAAAANAAAAAAAAAAAAAACAAQAAAABib3R0bGVzL2EudHh0UEsBAhQDFAAAAAAAAAAhXB2AvFUDAAAAAwAAAA0AAAAAAAAAAAAAAIABNgAAAGJvdHRsZXMvYi5iaW5QSwUGAAAAAAIAAgB2AAAAZAAAAA4AbWFkZSBieSBQeXRob24=',
	'base64',
);
const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-zip-'));
afterAll(() => {
	rmSync(folder, { recursive: true, force: true });
});

test('an archive of another program is read, deflated and stored', async () => {
	const entries = readZip(FROM_PYTHON);
	expect(entries.map(({ name, bytes }) => [name, bytes])).toEqual([
		['bottles/a.txt', 35],
		['bottles/b.bin', 3],
	]);
	expect((await entries[0].unpack()).toString()).toBe('hello hello hello hello hello hello');
	expect([...(await entries[1].unpack())]).toEqual([1, 2, 3]);
});

test('what is written is read back, and the same files make the same bytes', async () => {
	const files = { 'a.bin': Buffer.alloc(3_000_000, 7), 'ä.txt': Buffer.from('x'), empty: Buffer.alloc(0) };
	const sources = Object.entries(files).map(([name, content], i) => {
		writeFileSync(path.join(folder, String(i)), content);
		return { name, file: path.join(folder, String(i)) };
	});
	await writeZip(path.join(folder, 'one.zip'), sources);
	await writeZip(path.join(folder, 'two.zip'), sources);
	const archive = readFileSync(path.join(folder, 'one.zip'));
	expect(archive.equals(readFileSync(path.join(folder, 'two.zip')))).toBe(true);
	const entries = readZip(archive);
	expect(entries.map(({ name }) => name)).toEqual(Object.keys(files));
	for (const entry of entries)
		expect((await entry.unpack()).equals(files[entry.name as 'empty'])).toBe(true);
});

test.each([
	['nothing', Buffer.alloc(0), /an empty file/],
	['another file', Buffer.from('%PDF-1.7 and more of it'), /another kind, or one that is cut short/],
	['a cut archive', FROM_PYTHON.subarray(0, 200), /cut short/],
])('%s is refused', (_, archive, message) => {
	expect(() => readZip(archive)).toThrow(message);
});

test('content that is damaged, or larger than it says, is refused', async () => {
	const damaged = Buffer.from(FROM_PYTHON);
	damaged[FROM_PYTHON.indexOf(Buffer.from([1, 2, 3]))] = 9;
	await expect(readZip(damaged)[1].unpack()).rejects.toMatchObject({
		code: 'MODEL_INVALID',
		message: expect.stringContaining('damaged content of bottles/b.bin'),
	});
	const bomb = Buffer.from(FROM_PYTHON);
	bomb.writeUInt32LE(5, FROM_PYTHON.indexOf('PK\x01\x02', 0, 'latin1') + 24);
	await expect(readZip(bomb)[0].unpack()).rejects.toMatchObject({ code: 'MODEL_INVALID' });
});

test('whatever bytes are changed, reading ends with the content or with a sentence', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.tuple(fc.nat(FROM_PYTHON.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
			async (changes) => {
				const archive = Buffer.from(FROM_PYTHON);
				for (const [at, byte] of changes) archive[at] = byte;
				try {
					for (const entry of readZip(archive)) await entry.unpack();
				} catch (error) {
					expect(error).toMatchObject({ code: 'MODEL_INVALID' });
				}
			},
		),
		{ numRuns: 500 },
	);
});

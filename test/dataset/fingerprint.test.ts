import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fingerprintDataset, hashFile } from '../../src/dataset/fingerprint';
import { scanDataset } from '../../src/dataset/scan';
import { makeFolder, removeFolders } from './support';

afterAll(removeFolders);

const FILES = [
	'cap/train/good/1.png',
	'cap/test/good/2.png',
	'cap/test/dent/3.png',
	'cap/ground_truth/dent/3_mask.png',
];

/** SHA-256 of "abc" from FIPS 180-2, appendix B.1. */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

test('a file hash is the SHA-256 of its content', async () => {
	const root = makeFolder({ 'abc.png': 'abc' });
	await expect(hashFile(path.join(root, 'abc.png'))).resolves.toBe(ABC);
});

test('a file that is not there is one sentence', async () => {
	await expect(hashFile('/none/such.png')).rejects.toMatchObject({
		code: 'INPUT_MISSING',
		message: 'Expected to read "/none/such.png", found ENOENT',
	});
});

test('the fingerprint is a SHA-256 over sorted lines of labels, paths and content hashes', async () => {
	const root = makeFolder({ 'b.png': 'abc', 'a.png': 'abc' }, 'cap');
	const lines = ['a.png', 'b.png'].map((file) => `["cap","train","good","${file}","${ABC}"]\n`).join('');
	const expected = createHash('sha256').update(lines).digest('hex');
	await expect(fingerprintDataset(await scanDataset(root))).resolves.toBe(expected);
});

test('a copy has the same fingerprint, any change gives another', async () => {
	const original = await fingerprintOf(makeFolder(FILES));
	const changes: ((root: string) => void)[] = [
		(root) => {
			appendFileSync(path.join(root, FILES[0]), '!');
		},
		(root) => {
			appendFileSync(path.join(root, FILES[3]), '!');
		},
		(root) => {
			renameSync(path.join(root, 'cap/test/dent'), path.join(root, 'cap/test/scratch'));
		},
		(root) => {
			rmSync(path.join(root, FILES[1]));
		},
		(root) => {
			cpSync(path.join(root, FILES[1]), path.join(root, 'cap/test/good/9.png'));
		},
	];
	const changed = await Promise.all(
		changes.map((change) => {
			const root = makeFolder(FILES);
			change(root);
			return fingerprintOf(root);
		}),
	);
	await expect(fingerprintOf(makeFolder(FILES, 'elsewhere'))).resolves.toBe(original);
	expect(new Set([original, ...changed]).size).toBe(changes.length + 1);
});

test('progress counts images and masks, and an abort stops', async () => {
	const dataset = await scanDataset(makeFolder(FILES));
	const counts: number[] = [];
	await fingerprintDataset(dataset, { onProgress: (done, total) => counts.push(done, total) });
	expect(counts).toEqual([1, 4, 2, 4, 3, 4, 4, 4]);
	await expect(fingerprintDataset(dataset, { signal: AbortSignal.abort() })).rejects.toMatchObject({
		name: 'AbortError',
	});
});

async function fingerprintOf(root: string): Promise<string> {
	return fingerprintDataset(await scanDataset(root));
}

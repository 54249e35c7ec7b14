import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimFolderName, removeTree, writeFileAtomic } from '../../src/files/atomicFile';
import { explainWriteError } from '../../src/files/diskError';
import { temporaryFolder } from '../store/sampleModel';

const root = temporaryFolder();

test('readers see one of the contents that were written, never a mixture', async () => {
	const path = join(root, 'new', 'folder', 'file.json');
	const contents = Array.from({ length: 10 }, (_, i) => String(i).repeat(200_000));
	await writeFileAtomic(path, contents[0]);
	let writing = true;
	const written = Promise.all(contents.map((content) => writeFileAtomic(path, content))).finally(
		() => (writing = false),
	);
	while (writing) {
		expect(contents).toContain(readFileSync(path, 'utf8'));
		await new Promise((resolve) => setImmediate(resolve));
	}
	await written;
	expect(readdirSync(join(root, 'new', 'folder'))).toEqual(['file.json']);
});

test('a folder in the way is reported and leaves no rest', async () => {
	mkdirSync(join(root, 'way', 'taken', 'x'), { recursive: true });
	await expect(writeFileAtomic(join(root, 'way', 'taken'), 'x')).rejects.toThrow();
	expect(readdirSync(join(root, 'way'))).toEqual(['taken']);
});

test('of many folders that claim a name, one gets it', async () => {
	const target = join(root, 'claimed');
	const claims = Array.from({ length: 10 }, async (_, i) => {
		const folder = join(root, `claimant-${i}`);
		mkdirSync(folder);
		writeFileSync(join(folder, 'who'), String(i));
		return claimFolderName(folder, target);
	});
	const results = await Promise.all(claims);
	expect(results.filter(Boolean)).toHaveLength(1);
	expect(readFileSync(join(target, 'who'), 'utf8')).toBe(String(results.indexOf(true)));
});

test('removing a tree stops at links and does not mind when there is nothing', async () => {
	mkdirSync(join(root, 'tree', 'deep'), { recursive: true });
	mkdirSync(join(root, 'kept'));
	writeFileSync(join(root, 'kept', 'file'), 'x');
	if (process.platform !== 'win32') symlinkSync(join(root, 'kept'), join(root, 'tree', 'deep', 'link'));
	await removeTree(join(root, 'tree'));
	await removeTree(join(root, 'tree'));
	expect(existsSync(join(root, 'tree'))).toBe(false);
	expect(existsSync(join(root, 'kept', 'file'))).toBe(true);
});

test('a refused write says where, and other failures stay what they are', async () => {
	const refused = Object.assign(new Error('EROFS'), { code: 'EROFS' });
	expect(await explainWriteError(refused, '/store/file')).toMatchObject({
		code: 'CONFIG_INVALID',
		message: 'Expected permission to write /store/file, found that the system refuses it (EROFS)',
	});
	const other = new Error('other');
	expect(await explainWriteError(other, '/store/file')).toBe(other);
});

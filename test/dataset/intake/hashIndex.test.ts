import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { HashIndex } from '../../../src/dataset/intake/hashIndex';
import { makeFolder, removeFolders } from '../support';

afterAll(removeFolders);

const FILES = { 'c/train/good/1.png': 'one', 'c/train/good/2.png': 'two', 'c/test/good/1.png': 'three' };
const ALL = new Set(Object.keys(FILES));

async function saved(root: string): Promise<HashIndex> {
	const index = new HashIndex(root);
	await index.update(ALL);
	await index.save();
	return index;
}

function indexFile(root: string): string {
	return path.join(root, '.dinomaly', 'images.jsonl');
}

function lines(root: string): string[] {
	return readFileSync(indexFile(root), 'utf8').trimEnd().split('\n');
}

function sha256(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}

test('each image is hashed once, and found by its content', async () => {
	const root = makeFolder(FILES);
	const index = new HashIndex(root);
	expect(await index.update(ALL)).toBe(3);
	expect(await index.update(ALL)).toBe(0);
	expect(await index.find(sha256('two'))).toBe('c/train/good/2.png');
	expect(await index.find(sha256('four'))).toBeUndefined();
});

test('another process reads the hashes instead of the images, and only new lines', async () => {
	const root = makeFolder(FILES);
	const first = await saved(root);
	const second = new HashIndex(root);
	expect(await second.update(ALL)).toBe(0);
	expect(await second.find(sha256('three'))).toBe('c/test/good/1.png');

	writeFileSync(path.join(root, 'c/test/good/2.png'), 'four');
	await first.add('c/test/good/2.png', sha256('four'));
	await first.save();
	expect(await second.update(new Set([...ALL, 'c/test/good/2.png']))).toBe(0);
	expect(await second.find(sha256('four'))).toBe('c/test/good/2.png');
});

test('only images that changed, moved or are new are hashed again', async () => {
	const root = makeFolder(FILES);
	await saved(root);
	writeFileSync(path.join(root, 'c/train/good/1.png'), 'another');
	writeFileSync(path.join(root, 'c/train/good/3.png'), 'new');
	const index = new HashIndex(root);
	expect(await index.update(new Set([...ALL, 'c/train/good/3.png']))).toBe(2);
	expect(await index.find(sha256('one'))).toBeUndefined();
	expect(await index.find(sha256('another'))).toBe('c/train/good/1.png');
});

test('an image that is gone is not found', async () => {
	const root = makeFolder(FILES);
	const index = await saved(root);
	rmSync(path.join(root, 'c/train/good/1.png'));
	expect(await index.find(sha256('one'))).toBeUndefined();
	await index.update(new Set([...ALL].slice(1)));
	expect(await index.find(sha256('two'))).toBe('c/train/good/2.png');
});

test('a damaged, cut or deleted index is rebuilt from the images', async () => {
	const root = makeFolder(FILES);
	await saved(root);
	const length = readFileSync(indexFile(root)).length;
	truncateSync(indexFile(root), length - 20);
	const index = new HashIndex(root);
	expect(await index.update(ALL)).toBe(1);
	await index.save();
	expect(await new HashIndex(root).update(ALL)).toBe(0);

	writeFileSync(indexFile(root), 'no json\n{"path":5}\nnull\n');
	expect(await new HashIndex(root).update(ALL)).toBe(3);

	rmSync(indexFile(root));
	expect(await index.update(ALL)).toBe(3);
	expect(await index.find(sha256('two'))).toBe('c/train/good/2.png');
});

test('an index with far more lines than images is written anew', async () => {
	const root = makeFolder(FILES);
	const index = await saved(root);
	const line = `${lines(root)[0]}\n`;
	appendFileSync(indexFile(root), line.repeat(2000));
	await index.update(ALL);
	await index.save();
	expect(lines(root)).toHaveLength(3);
	expect(await index.update(ALL)).toBe(0);
	expect(await new HashIndex(root).update(ALL)).toBe(0);
});

test('with ten thousand images, one more costs a small part of indexing them all', async () => {
	const root = makeFolder(['c/train/good/']);
	const images = Array.from({ length: 10_000 }, (_, i) => `c/train/good/${i}.png`);
	for (const image of images) writeFileSync(path.join(root, image), image);
	const index = new HashIndex(root);
	const all = new Set(images);
	const begin = performance.now();
	expect(await index.update(all)).toBe(10_000);
	await index.save();
	const whole = performance.now() - begin;
	const start = performance.now();
	for (let i = 0; i < 5; i++) {
		const image = `c/train/good/new${i}.png`;
		writeFileSync(path.join(root, image), image);
		all.add(image);
		await index.add(image, sha256(image));
		await index.save();
		expect(await index.update(all)).toBe(0);
	}
	expect((performance.now() - start) / 5).toBeLessThan(whole / 5);
});

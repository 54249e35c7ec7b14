import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFile, removeUnfinished } from '../../src/files/createFile';
import { temporaryFolder } from '../store/sampleModel';

const folder = temporaryFolder();

test('of many that create one name at once, one does', async () => {
	const path = join(folder, 'one');
	const made = await Promise.all(Array.from({ length: 20 }, (_, i) => createFile(path, `of ${i}`)));
	expect(made.filter(Boolean)).toHaveLength(1);
	expect(readFileSync(path, 'utf8')).toBe(`of ${made.indexOf(true)}`);
	expect(readdirSync(folder)).toEqual(['one']);
});

test('nobody ever sees a part of it: who dies meanwhile leaves no half file', async () => {
	const path = join(folder, 'large');
	const text = 'x'.repeat(32 << 20);
	let isDone = false;
	const creating = createFile(path, text).then(() => {
		isDone = true;
	});
	const sizes = new Set<number>();
	while (!isDone) {
		if (existsSync(path)) sizes.add(statSync(path).size);
		await new Promise((resolve) => setImmediate(resolve));
	}
	await creating;
	sizes.add(statSync(path).size);
	expect([...sizes]).toEqual([text.length]);
});

test('what a killed process left is removed once it is old, and nothing else', async () => {
	const names = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'].map(
		(id) => `.${id}.new`,
	);
	for (const name of [...names, 'theirs.new']) writeFileSync(join(folder, name), '');
	for (const name of [names[0], 'theirs.new']) utimesSync(join(folder, name), 1, 1);
	await removeUnfinished(folder);
	expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([names[1], 'theirs.new']);
});

test('a folder that is not there is named by the system', async () => {
	await expect(createFile(join(folder, 'none', 'file'), '')).rejects.toMatchObject({ code: 'ENOENT' });
});

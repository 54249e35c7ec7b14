import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeZip } from '../../src/files/zip';
import { FolderStore } from '../../src/store/folderStore';
import { importPackage, writePackage } from '../../src/store/modelPackage';
import { sampleDraft as draft } from './sampleModel';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-package-'));
});
afterEach(() => {
	rmSync(folder, { recursive: true, force: true });
});

test('a package brings a model to another store, whole and under its own name or another', async () => {
	const from = new FolderStore(path.join(folder, 'a'));
	const original = await from.publish('bottles', draft());
	const file = path.join(folder, 'bottles.zip');
	expect((await writePackage(from, 'bottles', file)).version).toBe('1');
	const to = new FolderStore(path.join(folder, 'b'));
	const imported = await importPackage(to, await readFile(file));
	expect(imported).toMatchObject({
		name: 'bottles',
		version: '1',
		card: { parent: { name: 'bottles', version: '1' } },
	});
	expect(imported.card.files).toEqual(original.card.files);
	expect(await importPackage(to, await readFile(file), 'line2')).toMatchObject({ name: 'line2' });
});

test('a packed model folder works as well, and nothing else of the archive is written', async () => {
	const from = new FolderStore(path.join(folder, 'a'));
	const { path: model, card } = await from.publish('bottles', draft());
	const evil = path.join(folder, 'evil');
	writeFileSync(evil, 'x');
	const file = path.join(folder, 'packed.zip');
	await writeZip(file, [
		...['model.json', ...Object.keys(card.files)].map((name) => ({
			name: `some/folder/${name}`,
			file: path.join(model, name),
		})),
		{ name: 'some/folder/../../../../escaped', file: evil },
		{ name: 'other/readme.txt', file: evil },
		{ name: 'some/folder/extra.txt', file: evil },
	]);
	const imported = await importPackage(new FolderStore(path.join(folder, 'b')), await readFile(file));
	expect(readdirSync(imported.path).sort()).toEqual(readdirSync(model).sort());
});

test('archives without a model, with two, or with changed files are refused', async () => {
	const from = new FolderStore(path.join(folder, 'a'));
	const { path: model, card } = await from.publish('bottles', draft());
	const changed = path.join(folder, 'changed');
	writeFileSync(changed, 'x');
	const card0 = { name: 'model.json', file: path.join(model, 'model.json') };
	const archives = {
		none: [{ name: 'readme.txt', file: changed }],
		two: [card0, { ...card0, name: 'b/model.json' }],
		incomplete: [card0],
		changed: [card0, ...Object.keys(card.files).map((name) => ({ name, file: changed }))],
	};
	const to = new FolderStore(path.join(folder, 'b'));
	const codes: unknown[] = [];
	for (const [name, sources] of Object.entries(archives)) {
		const file = path.join(folder, `${name}.zip`);
		await writeZip(file, sources);
		await importPackage(to, await readFile(file)).catch((error: unknown) => {
			codes.push((error as { code: unknown }).code);
		});
	}
	expect(codes).toEqual(['MODEL_INVALID', 'MODEL_INVALID', 'HASH_MISMATCH', 'HASH_MISMATCH']);
	expect(await to.list()).toEqual([]);
});

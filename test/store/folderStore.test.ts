import {
	appendFileSync,
	cpSync,
	mkdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	unlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { FolderStore } from '../../src/store/folderStore';
import { ended, start } from './processes/start';
import { sampleDraft, temporaryFolder } from './sampleModel';

const root = temporaryFolder();
let stores = 0;

/** A store with versions 1 to `count` of "bolts". */
async function storeWith(count: number): Promise<{ store: FolderStore; folder: string }> {
	const folder = join(root, `store-${++stores}`);
	const store = new FolderStore(folder);
	for (let i = 0; i < count; i++) await store.publish('bolts', sampleDraft(Buffer.from(`weights ${i}`)));
	return { store, folder };
}

function pathIn(folder: string, ...parts: string[]): string {
	return join(folder, 'models', 'bolts', ...parts);
}

describe('references', () => {
	test('a bare name is the production version once there is one, and the newest before', async () => {
		const { store } = await storeWith(3);
		expect(await store.resolve('bolts')).toMatchObject({ version: '3' });
		await store.promote('bolts@2', 'production');
		expect(await store.resolve('bolts')).toMatchObject({ version: '2', alias: 'production' });
		expect(await store.resolve('bolts@latest')).toMatchObject({ version: '3' });
		expect(await store.resolve('bolts@1')).toMatchObject({ version: '1' });
	});

	test('the tenth version is newer than the ninth', async () => {
		const { store, folder } = await storeWith(1);
		for (let version = 2; version <= 10; version++)
			mkdirSync(pathIn(folder, 'versions', String(version)));
		expect((await store.resolve('bolts')).version).toBe('10');
		expect((await store.versions('bolts')).map(({ version }) => version)).toEqual([
			'1',
			'2',
			'3',
			'4',
			'5',
			'6',
			'7',
			'8',
			'9',
			'10',
		]);
	});

	test('what is missing is named together with what is there', async () => {
		const { store } = await storeWith(2);
		await store.promote('bolts@1', 'candidate');
		const missing = async (ref: string): Promise<string> => {
			const error: unknown = await store.open(ref).catch((reason: unknown) => reason);
			expect(error).toMatchObject({ code: 'MODEL_NOT_FOUND' });
			return (error as Error).message;
		};
		expect(await missing('nuts')).toMatch(/^Expected a model named "nuts" in .*, found bolts$/);
		expect(await missing('bolts@7')).toBe('Expected version 7 of model "bolts", found versions 1, 2');
		expect(await missing('bolts@production')).toBe(
			'Expected model "bolts" to have alias "production", found candidate',
		);
		expect(await new FolderStore(join(root, 'absent')).list()).toEqual([]);
	});
});

describe('aliases', () => {
	test('every move is kept with who, why, from and to', async () => {
		const { store } = await storeWith(2);
		await store.promote('bolts@1', 'production', { by: 'Ada', why: 'first' });
		await store.promote('bolts@latest', 'production', { why: ' ' });
		await store.dropAlias('bolts', 'production', { by: 'Ada' });
		expect(await store.history('bolts')).toEqual([
			{ alias: 'production', from: null, to: '1', at: expect.any(String), by: 'Ada', why: 'first' },
			{ alias: 'production', from: '1', to: '2', at: expect.any(String) },
			{ alias: 'production', from: '2', to: null, at: expect.any(String), by: 'Ada' },
		]);
		await expect(store.dropAlias('bolts', 'production')).rejects.toMatchObject({
			code: 'MODEL_NOT_FOUND',
		});
	});

	test('two processes that promote at once lose no move, and readers always see one of the two', async () => {
		const { store, folder } = await storeWith(2);
		await store.promote('bolts@1', 'production');
		const children = [start('promote.ts', folder, '1', '15'), start('promote.ts', folder, '2', '15')];
		let running = true;
		const finished = Promise.all(children.map(ended)).finally(() => (running = false));
		const seen = new Set<string>();
		while (running) seen.add((await store.resolve('bolts@production')).version);
		expect(await finished).toEqual([0, 0]);
		expect([...seen].every((version) => version === '1' || version === '2')).toBe(true);

		const moves = await store.history('bolts');
		expect(moves).toHaveLength(31);
		for (let i = 1; i < moves.length; i++) expect(moves[i].from).toBe(moves[i - 1].to);
		expect((await store.resolve('bolts')).version).toBe(moves.at(-1)?.to);
	});

	test('a line of history that a crash cut short costs no other line', async () => {
		const { store, folder } = await storeWith(1);
		await store.promote('bolts@1', 'production');
		appendFileSync(pathIn(folder, 'aliases', 'history.jsonl'), '{"alias":"produ');
		await store.promote('bolts@1', 'candidate');
		expect((await store.history('bolts')).map(({ alias }) => alias)).toEqual(['production', 'candidate']);
	});

	test('a damaged alias is a problem of its model, not of the list', async () => {
		const { store, folder } = await storeWith(1);
		await store.promote('bolts@1', 'production');
		writeFileSync(
			pathIn(folder, 'aliases', 'production.json'),
			'{"schemaVersion":1,"version":"../../etc"}',
		);
		await store.publish('nuts', sampleDraft());
		const [bolts, nuts] = await store.list();
		expect(bolts).toMatchObject({
			name: 'bolts',
			versions: 1,
			problem: expect.stringContaining('found "../../etc"'),
		});
		expect(nuts).toEqual({ name: 'nuts', versions: 1, newest: '1', aliases: {} });
		await expect(store.open('bolts')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
	});
});

describe('removal', () => {
	test('an aliased version stays unless forced, and its number is never given again', async () => {
		const { store } = await storeWith(2);
		await store.promote('bolts@2', 'production');
		await expect(store.remove('bolts@2')).rejects.toMatchObject({
			code: 'USAGE',
			message: 'Expected no alias on "bolts@2" to remove it, found production',
		});
		await store.remove('bolts@2', { force: true, by: 'Ada' });
		expect((await store.versions('bolts')).map(({ version }) => version)).toEqual(['1']);
		expect((await store.history('bolts')).at(-1)).toMatchObject({
			alias: 'production',
			from: '2',
			to: null,
			by: 'Ada',
		});
		expect(await store.publish('bolts', sampleDraft())).toMatchObject({ version: '3' });
	});

	test('a version is removed by its number only', async () => {
		const { store } = await storeWith(1);
		await store.promote('bolts@1', 'candidate');
		for (const ref of ['bolts', 'bolts@candidate', 'bolts@latest']) {
			await expect(store.remove(ref, { force: true })).rejects.toMatchObject({ code: 'USAGE' });
		}
		await expect(store.remove('bolts@2')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
	});

	test('a whole model goes with its aliases when forced', async () => {
		const { store } = await storeWith(2);
		await store.promote('bolts@1', 'production');
		await expect(store.removeModel('bolts')).rejects.toMatchObject({ code: 'USAGE' });
		await store.removeModel('bolts', { force: true });
		expect(await store.list()).toEqual([]);
		await expect(store.removeModel('bolts')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
	});
});

describe('damage', () => {
	test('a changed file is named with what was expected, and noticed after an earlier opening too', async () => {
		const { store, folder } = await storeWith(1);
		await store.open('bolts');
		const decoder = pathIn(folder, 'versions', '1', 'decoder.safetensors');
		writeFileSync(decoder, 'weightz 0');
		await expect(store.open('bolts')).rejects.toMatchObject({
			code: 'HASH_MISMATCH',
			message: expect.stringMatching(
				/^Expected .*decoder\.safetensors to hold 9 bytes with sha256 [0-9a-f]{64}, found sha256 [0-9a-f]{64}$/,
			),
			hint: expect.stringContaining('point the alias at another version'),
		});
		writeFileSync(decoder, 'weights');
		await expect(store.open('bolts')).rejects.toThrow('found 7 bytes');
		unlinkSync(decoder);
		await expect(store.open('bolts')).rejects.toThrow('found no such file');
		mkdirSync(decoder);
		await expect(store.open('bolts')).rejects.toThrow('found something that is no file');
	});

	test('a change that keeps size and modification time is noticed where the system tells of it', async () => {
		const { store, folder } = await storeWith(1);
		await store.open('bolts');
		const decoder = pathIn(folder, 'versions', '1', 'decoder.safetensors');
		const { atime, mtime } = statSync(decoder);
		writeFileSync(decoder, 'weightz 0');
		utimesSync(decoder, atime, mtime);
		await expect(store.open('bolts')).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
	});

	test('a version with a damaged card is listed with its problem', async () => {
		const { store, folder } = await storeWith(2);
		writeFileSync(pathIn(folder, 'versions', '1', 'model.json'), '{"schemaVersion":1');
		unlinkSync(pathIn(folder, 'versions', '2', 'model.json'));
		const [first, second] = await store.versions('bolts');
		expect(first.problem).toMatch(/model\.json to hold JSON, found 18 bytes that are none$/);
		expect(second.problem).toMatch(/found no model\.json there$/);
		await expect(store.open('bolts@1')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
	});

	test('a folder renamed by hand is refused with the advice to import it', async () => {
		const { store, folder } = await storeWith(1);
		cpSync(pathIn(folder), join(folder, 'models', 'nuts'), { recursive: true });
		await expect(store.open('nuts')).rejects.toMatchObject({
			code: 'MODEL_INVALID',
			message: expect.stringContaining('to hold "nuts" version 1, found the card of "bolts" version 1'),
			hint: expect.stringContaining('import'),
		});
	});
});

const withLinks = process.platform === 'win32' ? describe.skip : describe;

withLinks('links', () => {
	test('a file, a version or a model that a link leads out of the store is refused', async () => {
		const outside = await storeWith(1);
		const { store, folder } = await storeWith(1);
		symlinkSync(pathIn(outside.folder, 'versions', '1'), pathIn(folder, 'versions', '2'));
		const decoder = pathIn(folder, 'versions', '1', 'decoder.safetensors');
		unlinkSync(decoder);
		symlinkSync(pathIn(outside.folder, 'versions', '1', 'decoder.safetensors'), decoder);
		symlinkSync(pathIn(outside.folder), join(folder, 'models', 'linked'));
		for (const ref of ['bolts@2', 'bolts@1', 'linked']) {
			await expect(store.open(ref)).rejects.toMatchObject({
				code: 'MODEL_INVALID',
				message: expect.stringContaining('found a link'),
			});
		}
		await expect(store.publish('linked', sampleDraft())).rejects.toThrow('found a link');
		await expect(store.promote('linked@1', 'production')).rejects.toThrow('found a link');
		expect(await outside.store.versions('bolts')).toHaveLength(1);
	});

	test('a history that a link leads elsewhere is not written to', async () => {
		const { store, folder } = await storeWith(1);
		const victim = join(root, 'victim');
		writeFileSync(victim, 'theirs');
		mkdirSync(pathIn(folder, 'aliases'));
		symlinkSync(victim, pathIn(folder, 'aliases', 'history.jsonl'));
		await expect(store.promote('bolts@1', 'production')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
		expect(readFileSync(victim, 'utf8')).toBe('theirs');
	});

	test('a store behind a link is a store', async () => {
		const { folder } = await storeWith(1);
		const link = join(root, 'link-to-store');
		symlinkSync(folder, link);
		const store = new FolderStore(link);
		expect(await store.publish('bolts', sampleDraft())).toMatchObject({ version: '2' });
	});
});

describe('import', () => {
	test('a model folder from elsewhere becomes a new version that knows where it came from', async () => {
		const from = await storeWith(2);
		const { store } = await storeWith(1);
		const original = await from.store.open('bolts@2');
		const imported = await store.importFolder(original.path);
		expect(imported).toMatchObject({ name: 'bolts', version: '2', calibration: original.calibration });
		expect(imported.card).toEqual({ ...original.card, parent: { name: 'bolts', version: '2' } });
		const renamed = await store.importFolder(original.path, 'nuts');
		expect(renamed.card).toMatchObject({ name: 'nuts', version: '1', created: original.card.created });
	});

	test('a damaged or foreign folder is refused', async () => {
		const from = await storeWith(1);
		const { store } = await storeWith(0);
		const { path } = await from.store.open('bolts');
		await expect(store.importFolder(root)).rejects.toMatchObject({
			code: 'MODEL_INVALID',
			message: expect.stringContaining('found no model.json'),
		});
		await expect(store.importFolder(path, '../nuts')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
		writeFileSync(join(path, 'decoder.safetensors'), 'weightz 0');
		await expect(store.importFolder(path)).rejects.toMatchObject({
			code: 'HASH_MISMATCH',
			hint: expect.stringContaining('copy it again'),
		});
		if (process.platform !== 'win32') {
			unlinkSync(join(path, 'model.json'));
			symlinkSync('/etc/passwd', join(path, 'model.json'));
			await expect(store.importFolder(path)).rejects.toThrow('found a link');
		}
		expect(await store.list()).toEqual([]);
	});
});

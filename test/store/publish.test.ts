import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { FolderStore } from '../../src/store/folderStore';
import { ended, message, start } from './processes/start';
import { sampleDraft, temporaryFolder } from './sampleModel';

const root = temporaryFolder();

/** Opening checks card and hashes, so it fails for any version that is not whole. */
async function openAll(store: FolderStore): Promise<string[]> {
	const versions = (await store.versions('bolts')).map(({ version }) => version);
	for (const version of versions) await store.open(`bolts@${version}`);
	return versions;
}

test('a published model comes back as it was', async () => {
	const store = new FolderStore(join(root, 'one'));
	const decoder = Buffer.alloc(3_000_000, 'weights');
	const published = await store.publish('bolts', sampleDraft(decoder));
	expect(published).toMatchObject({ name: 'bolts', version: '1' });

	const { path, card, calibration } = await new FolderStore(join(root, 'one')).open('bolts');
	expect(readdirSync(path).sort()).toEqual([
		'calibration.json',
		'decoder.safetensors',
		'model.json',
		'training.json',
	]);
	expect(readFileSync(join(path, 'decoder.safetensors')).equals(decoder)).toBe(true);
	expect(card).toMatchObject({ ...sampleDraft().card, schemaVersion: 1, name: 'bolts', version: '1' });
	expect(card.files['decoder.safetensors']).toEqual({
		sha256: createHash('sha256').update(decoder).digest('hex'),
		bytes: decoder.length,
	});
	expect(Date.parse(card.created)).toBeGreaterThan(Date.now() - 60_000);
	expect(calibration?.scores.bolt).toEqual([0.1, 0.2, 0.2]);
	expect(readdirSync(join(root, 'one', 'models', '.staging'))).toEqual([]);
});

test('a model without calibration is a model', async () => {
	const store = new FolderStore(join(root, 'bare'));
	const { card, files } = sampleDraft();
	const opened = await store.publish('bolts', {
		card,
		files: { 'decoder.safetensors': files['decoder.safetensors'] },
	});
	expect(opened.calibration).toBeUndefined();
});

test('two processes that publish 20 versions each make 40 whole ones without a gap', async () => {
	const folder = join(root, 'two');
	const children = [start('publish.ts', folder, '20', '50000'), start('publish.ts', folder, '20', '50000')];
	await Promise.all(children.map(message));
	const published = children.map((child) => {
		const versions: string[] = [];
		child.on('message', (value) => {
			if (typeof value === 'string') versions.push(value);
		});
		child.send('go');
		return versions;
	});
	expect(await Promise.all(children.map(ended))).toEqual([0, 0]);

	const expected = Array.from({ length: 40 }, (_, i) => String(i + 1));
	expect(published.flat().sort((a, b) => Number(a) - Number(b))).toEqual(expected);
	expect(await openAll(new FolderStore(folder))).toEqual(expected);
	for (const versions of published)
		expect(versions).toEqual([...versions].sort((a, b) => Number(a) - Number(b)));
});

test('a process killed while it publishes leaves whole versions only', async () => {
	const folder = join(root, 'killed');
	const store = new FolderStore(folder);
	let leftovers = 0;
	// Until one was hit while it was writing; where that is, no clock tells.
	for (let round = 0; round < 4 || (leftovers === 0 && round < 40); round++) {
		const child = start('publish.ts', folder, '1000', '4000000');
		await message(child);
		child.send('go');
		await message(child); // one version is out, the next is under way
		await new Promise((resolve) => setTimeout(resolve, 5 + ((11 * round) % 50)));
		child.kill('SIGKILL');
		await ended(child);
		const versions = await openAll(store);
		expect(versions.length).toBeGreaterThan(round);
		leftovers = readdirSync(join(folder, 'models', '.staging')).length;
	}
	expect(leftovers).toBeGreaterThan(0);
	expect((await store.list()).map(({ name }) => name)).toEqual(['bolts']);
});

test('what a process left behind a day ago is swept away, what is being written now is not', async () => {
	const staging = join(root, 'sweep', 'models', '.staging');
	for (const name of ['old', 'new']) mkdirSync(join(staging, name), { recursive: true });
	utimesSync(join(staging, 'old'), 1, 1);
	await new FolderStore(join(root, 'sweep')).publish('bolts', sampleDraft());
	expect(readdirSync(staging)).toEqual(['new']);
});

test('a draft that could not be opened later is refused and leaves nothing', async () => {
	const store = new FolderStore(join(root, 'refused'));
	const { card, files } = sampleDraft();
	const invalid = { code: 'MODEL_INVALID' };
	await expect(store.publish('bolts', { card, files: {} })).rejects.toMatchObject(invalid);
	await expect(store.publish('bolts', { card: { ...card, seed: NaN }, files })).rejects.toMatchObject(
		invalid,
	);
	const badCalibration = { ...files, 'calibration.json': { json: { schemaVersion: 1 } } };
	await expect(store.publish('bolts', { card, files: badCalibration })).rejects.toMatchObject(invalid);
	await expect(
		store.publish('bolts', { card, files: { ...files, 'model.json': { json: {} } } }),
	).rejects.toMatchObject(invalid);
	const escaping = { ...files, '../escaped': { bytes: Buffer.from('x') } };
	await expect(store.publish('bolts', { card, files: escaping })).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
	});
	expect(existsSync(join(root, 'refused', 'models', 'bolts'))).toBe(false);
	expect(readdirSync(join(root, 'refused', 'models', '.staging'))).toEqual([]);
	expect(await store.list()).toEqual([]);
});

test('a name that differs from a model in case alone is refused', async () => {
	const store = new FolderStore(join(root, 'case'));
	await store.publish('Bolts', sampleDraft());
	await expect(store.publish('bolts', sampleDraft())).rejects.toMatchObject({
		code: 'MODEL_EXISTS',
		hint: expect.stringContaining('"Bolts"'),
	});
});

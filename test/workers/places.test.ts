import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromPlaces, parseDataFolder, toPlaces, withOwnStore } from '../../src/workers/places';
import { newFolder } from './support';

const folder = newFolder();
afterAll(() => {
	folder.remove();
});
const ours = join(folder.path, 'n8n');
const theirs = join(folder.path, 'worker');
const data = join(folder.path, 'images');
mkdirSync(join(theirs, 'jobs', '1', 'images'), { recursive: true });
mkdirSync(join(data, 'bolts'), { recursive: true });
writeFileSync(join(folder.path, 'secret.txt'), 'x');
symlinkSync(folder.path, join(data, 'out'));

const workplace = { store: theirs, dataFolders: [{ name: '/data', folder: data }], host: 'gpu-1' };

test("what lies in the store is found under the other machine's path", async () => {
	const request = { store: ours, data: join(ours, 'jobs', '1', 'images'), model: 'm' };
	const travelling = toPlaces('train', request);
	expect(travelling).toEqual({ data: { inStore: 'jobs/1/images' }, model: 'm' });
	expect(await fromPlaces('train', travelling, workplace)).toEqual({
		store: theirs,
		data: join(theirs, 'jobs', '1', 'images'),
		model: 'm',
	});
});

test('a dataset is found where the worker has what n8n names', async () => {
	expect(await fromPlaces('evaluate', { data: '/data/bolts' }, workplace)).toMatchObject({
		data: join(data, 'bolts'),
	});
});

test("a token and the caller's cache stay at home; the worker adds its own token", async () => {
	const request = {
		store: ours,
		data: '/data/bolts',
		cacheDir: '/c',
		hub: { endpoint: 'https://hub', token: 's3cret' },
	};
	const travelling = toPlaces('train', request);
	expect(JSON.stringify(travelling)).not.toContain('s3cret');
	expect(travelling).toEqual({ data: '/data/bolts', hub: { endpoint: 'https://hub' } });
	expect(await fromPlaces('train', travelling, { ...workplace, hubToken: 'own' })).toMatchObject({
		hub: { endpoint: 'https://hub', token: 'own' },
	});
});

test('the name of an encoder is a name, its file a place', async () => {
	expect(await fromPlaces('train', { encoder: 'dinov2-reg-small' }, workplace)).toMatchObject({
		encoder: 'dinov2-reg-small',
	});
	await expect(fromPlaces('train', { encoder: '/etc/passwd' }, workplace)).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
	});
});

test.each([
	[
		'another folder',
		{ data: '/etc' },
		/^Expected a folder that the engine worker on gpu-1 may read, found \/etc$/,
	],
	['a way out of a folder', { data: '/data/../etc' }, /found \/data\/\.\.\/etc$/],
	['a link out of a folder', { data: '/data/out' }, /lie inside .*images, found that it leads elsewhere$/],
	[
		'a way out of the store',
		{ data: { inStore: '../secret.txt' } },
		/lie inside .*worker, found that it leads elsewhere$/,
	],
	[
		'what is not there',
		{ data: '/data/nuts' },
		/images\/nuts on the engine worker gpu-1, found nothing there$/,
	],
])('%s is refused in one sentence', async (_, request, message) => {
	await expect(fromPlaces('evaluate', request, workplace)).rejects.toMatchObject({
		message: expect.stringMatching(message),
		hint: expect.stringMatching(/./),
	});
});

test('an image that is not there is told of this image alone: its path goes on to the engine', async () => {
	const request = { images: [{ file: '/data/bolts/gone.png' }, { name: 'a', bytes: new Uint8Array() }] };
	expect(await fromPlaces('score', request, workplace)).toMatchObject({
		images: [{ file: join(data, 'bolts', 'gone.png') }, { name: 'a' }],
	});
	for (const file of [{ inStore: '../gone.png' }, '/etc/gone.png', '/data/../gone.png'])
		await expect(fromPlaces('score', { images: [{ file }] }, workplace)).rejects.toBeDefined();
});

test("texts of an answer name the caller's store, bytes stay as they are", () => {
	const png = new Uint8Array([1]);
	const answer = { path: '/srv/models/a', notices: ['see /srv/x'], png, count: 2 };
	expect(withOwnStore(answer, '/srv', '/mnt')).toEqual({
		path: '/mnt/models/a',
		notices: ['see /mnt/x'],
		png,
		count: 2,
	});
});

test('--data is a folder, or a name and a folder', () => {
	const path = (given: string): string => join('/cwd', given);
	expect(parseDataFolder('images', path)).toEqual({ name: '/cwd/images', folder: '/cwd/images' });
	expect(parseDataFolder('/data=images', path)).toEqual({ name: '/data', folder: '/cwd/images' });
	expect(() => parseDataFolder('data=images', path)).toThrow(/^Expected --data to be a folder/);
	expect(() => parseDataFolder('/data=', path)).toThrow(/^Expected --data to be a folder/);
});

test('an inference server, whose token is a secret, is not sent to workers', () => {
	const request = { store: ours, model: 'm', images: [], servedBy: { server: { token: 's3cret' } } };
	expect(() => toPlaces('score', request)).toThrow(
		/^Expected either engine workers or an inference server/,
	);
});

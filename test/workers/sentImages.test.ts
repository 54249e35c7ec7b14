import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Exchange } from '../../src/workers/exchange';
import { inImagesFolder, receiveImages, sendImages } from '../../src/workers/sentImages';
import { newFolder } from './support';

const folder = newFolder();
afterAll(() => {
	folder.remove();
});
const TASK = '11111111-2222-3333-4444-555555555555';
const store = join(folder.path, 'store');
const exchange = new Exchange(store);
const given = join(folder.path, 'images');
for (const category of ['nut', 'bolt']) {
	mkdirSync(join(given, category, 'train', 'good'), { recursive: true });
	for (let i = 0; i < 10; i++)
		writeFileSync(
			join(given, category, 'train', 'good', `${String(i)} ä.png`),
			`${category} ${String(i)}`,
		);
}
const { signal } = new AbortController();
const received = join(folder.path, 'received');

test('a folder arrives with every file in its place', async () => {
	const sent = await sendImages(exchange, { task: TASK, folder: given });
	await receiveImages(exchange, sent, { task: TASK, folder: received, signal });
	const files = (readdirSync(given, { recursive: true }) as string[]).sort();
	expect((readdirSync(received, { recursive: true }) as string[]).sort()).toEqual(files);
	for (const file of files.filter((one) => one.endsWith('.png')))
		expect(readFileSync(join(received, file), 'utf8')).toBe(readFileSync(join(given, file), 'utf8'));
});

test('an image that is another by now is named', async () => {
	const sent = await sendImages(exchange, { task: TASK, folder: given });
	await exchange.putImage(TASK, 3, Buffer.from('other'));
	await expect(
		receiveImages(exchange, sent, { task: TASK, folder: join(folder.path, 'again'), signal }),
	).rejects.toMatchObject({
		code: 'INPUT_MISSING',
		message: expect.stringMatching(/^Expected the image bolt\/train\/good\/3 ä\.png .* another content$/),
	});
});

test.each([
	['a way out', '../../escaped.png'],
	['an absolute path', '/tmp/escaped.png'],
	['an empty part', 'a//b.png'],
	['a way back', 'a/../../b.png'],
	['the other kind of path', '..\\escaped.png'],
	['a control character', 'a\u0000.png'],
])('a list with %s is refused before anything is written', async (_, path) => {
	const list = [{ path, bytes: 1, sha256: 'a'.repeat(64) }];
	const inExchange = Buffer.from(JSON.stringify(list));
	const target = join(folder.path, 'nothing');
	await expect(
		receiveImages(exchange, { inExchange }, { task: TASK, folder: target, signal }),
	).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
	expect(existsSync(target)).toBe(false);
	for (const bytes of [Buffer.from('{'), Buffer.from('{}'), undefined, 7])
		await expect(
			receiveImages(
				exchange,
				{ inExchange: bytes as unknown as Uint8Array },
				{ task: TASK, folder: target, signal },
			),
		).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test("two that work on one task do not take away each other's images", async () => {
	const sent = await sendImages(exchange, { task: TASK, folder: given });
	const place = { storeRoot: join(folder.path, 'worker'), task: TASK };
	let first = '';
	await inImagesFolder(place, async (later) => {
		await inImagesFolder(place, async (sooner) => {
			await receiveImages(exchange, sent, { task: TASK, folder: sooner, signal });
			await receiveImages(exchange, sent, { task: TASK, folder: later, signal });
			first = sooner;
		});
		expect(existsSync(first)).toBe(false);
		expect(readdirSync(later).sort()).toEqual(['bolt', 'nut']);
	});
	expect(readdirSync(join(place.storeRoot, 'exchange'))).toEqual([]);
});

test('images that nobody takes away stay a week, other parcels a day', async () => {
	const OTHER = '99999999-2222-3333-4444-555555555555';
	await sendImages(exchange, { task: TASK, folder: given });
	await exchange.send(OTHER, 'request', [Buffer.from('x')]);
	const days = (count: number): Date => new Date(Date.now() - count * 86_400_000);
	for (const task of [TASK, OTHER]) utimesSync(join(store, 'exchange', task), days(2), days(2));
	await exchange.sweep();
	expect(readdirSync(join(store, 'exchange'))).toEqual([TASK]);
	utimesSync(join(store, 'exchange', TASK), days(8), days(8));
	await exchange.sweep();
	expect(readdirSync(join(store, 'exchange'))).toEqual([]);
});

test('what is cancelled on the way ends there', async () => {
	const stop = new AbortController();
	stop.abort();
	await expect(
		sendImages(exchange, { task: TASK, folder: given, signal: stop.signal }),
	).rejects.toMatchObject({ code: 'CANCELLED' });
});

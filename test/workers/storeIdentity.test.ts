import { mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Exchange } from '../../src/workers/exchange';
import { storeIdentity } from '../../src/workers/storeIdentity';
import { newFolder } from './support';

const folder = newFolder();
afterAll(() => {
	folder.remove();
});
const TASK = '11111111-2222-3333-4444-555555555555';

test('a store is the same under every path, and no other', async () => {
	const [a, b] = [join(folder.path, 'a'), join(folder.path, 'b')];
	const first = await storeIdentity(a);
	expect(await storeIdentity(b)).not.toBe(first);
	renameSync(a, join(folder.path, 'moved'));
	expect(await storeIdentity(join(folder.path, 'moved'))).toBe(first);
});

test('many that ask at once get one answer', async () => {
	const store = join(folder.path, 'busy');
	const found = await Promise.all(Array.from({ length: 20 }, () => storeIdentity(store)));
	expect(new Set(found).size).toBe(1);
});

test('a mark that somebody changed is named', async () => {
	const store = join(folder.path, 'changed');
	mkdirSync(store);
	writeFileSync(join(store, '.store-id'), 'mine');
	await expect(storeIdentity(store)).rejects.toMatchObject({
		code: 'MODEL_INVALID',
		message: expect.stringContaining('changed/.store-id, found something else'),
	});
});

test('parcels arrive whole by reference to the store, and are gone afterwards', async () => {
	const store = join(folder.path, 'parcels');
	const bytes = new Uint8Array(3000).map((_, i) => i * 7);
	const labels = await new Exchange(store).send(TASK, 'request', [bytes, new Uint8Array([1])]);
	const [one, two] = await new Exchange(store).receive(TASK, 'request', labels);
	expect([new Uint8Array(one), new Uint8Array(two)]).toEqual([bytes, new Uint8Array([1])]);
	await new Exchange(store).clear(TASK);
	expect(readdirSync(join(store, 'exchange'))).toEqual([]);
	await expect(new Exchange(store).receive(TASK, 'request', labels)).rejects.toMatchObject({
		code: 'INPUT_MISSING',
		message: expect.stringContaining('found nothing'),
	});
});

test('a parcel that was changed on its way is refused', async () => {
	const store = join(folder.path, 'changed-parcel');
	const exchange = new Exchange(store);
	const labels = await exchange.send(TASK, 'reply', [new Uint8Array([1, 2])]);
	writeFileSync(join(store, 'exchange', TASK, 'reply-0'), Buffer.from([1, 3]));
	await expect(exchange.receive(TASK, 'reply', labels)).rejects.toMatchObject({
		message: expect.stringContaining('found another content'),
	});
});

test('what dead processes left goes after a day, nothing else', async () => {
	const store = join(folder.path, 'left');
	const exchange = new Exchange(store);
	await exchange.send(TASK, 'request', [new Uint8Array([1])]);
	mkdirSync(join(store, 'exchange', 'mine'));
	const old = new Date(Date.now() - 25 * 3_600_000);
	for (const name of [TASK, 'mine']) utimesSync(join(store, 'exchange', name), old, old);
	await exchange.send('99999999-2222-3333-4444-555555555555', 'request', [new Uint8Array([1])]);
	await exchange.sweep();
	expect(readdirSync(join(store, 'exchange')).sort()).toEqual([
		'99999999-2222-3333-4444-555555555555',
		'mine',
	]);
});

import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync, utimesSync, writeFileSync, mkdirSync, statSync } from 'node:fs';
import fs from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { acquireLock, withLock } from '../../src/store/lock';
import { ended, message, start } from './processes/start';
import { temporaryFolder } from './sampleModel';

const root = temporaryFolder();
const options = { what: 'the lock' };

function plantOwner(folder: string, owner: object): string {
	mkdirSync(folder, { recursive: true });
	const path = join(folder, '1.held');
	writeFileSync(
		path,
		JSON.stringify({
			token: 'theirs',
			pid: 1,
			host: 'elsewhere',
			since: '2025-01-01T00:00:00Z',
			...owner,
		}),
	);
	return path;
}

test('one holder at a time, and the next after it lets go', async () => {
	const folder = join(root, 'turns');
	const first = await acquireLock(folder, options);
	await expect(acquireLock(folder, options)).rejects.toMatchObject({
		code: 'STORE_BUSY',
		message: expect.stringContaining(
			`Expected the lock to be free, found it in use by process ${process.pid} on ${hostname()}`,
		),
	});
	await first.release();
	await first.release();
	const second = await acquireLock(folder, options);
	expect(await second.isHeld()).toBe(true);
	expect(await first.isHeld()).toBe(false);
	await second.release();
	expect(readdirSync(folder)).toEqual(['1.free', '2.free']);
});

test('three processes never hold it at once', async () => {
	const folder = join(root, 'three');
	const journal = join(root, 'journal');
	const children = [1, 2, 3].map(() => start('lock.ts', folder, journal, '15'));
	expect(await Promise.all(children.map(ended))).toEqual([0, 0, 0]);
	const lines = readFileSync(journal, 'utf8').trim().split('\n');
	expect(lines).toHaveLength(90);
	for (let i = 0; i < lines.length; i += 2) expect(lines[i + 1]).toBe(lines[i].replace('in', 'out'));
});

test('a listing that misses files which are being renamed gives no lock away twice', async () => {
	const folder = join(root, 'missed');
	for (let i = 0; i < 6; i++) await (await acquireLock(folder, options)).release();
	const holder = await acquireLock(folder, options);
	// As it was before the last two, and then without the one that holds it.
	const listing = jest.spyOn(fs, 'readdir') as unknown as jest.SpyInstance<Promise<string[]>>;
	listing.mockResolvedValueOnce(['5.free']).mockResolvedValueOnce(['6.held']);
	await expect(acquireLock(folder, options)).rejects.toMatchObject({ code: 'STORE_BUSY' });
	listing.mockRestore();
	expect(await holder.isHeld()).toBe(true);
	await holder.release();
});

test('numbers of long ago are let go, and those of holders that are gone stay taken', async () => {
	const folder = join(root, 'long');
	plantOwner(folder, {});
	utimesSync(join(folder, '1.held'), 1, 1);
	for (let i = 0; i < 40; i++) {
		const lock = await acquireLock(folder, options);
		if (i === 0) expect(readdirSync(folder)).toEqual(['1.free', '2.held']);
		await lock.release();
	}
	expect(readdirSync(folder)).toHaveLength(32);
	expect(readdirSync(folder)).toContain('41.free');
});

test('the lock of a killed process is free at once', async () => {
	const folder = join(root, 'killed');
	const child = start('lock.ts', folder, '', 'hold');
	await message(child);
	await expect(acquireLock(folder, options)).rejects.toMatchObject({ code: 'STORE_BUSY' });
	child.kill('SIGKILL');
	await ended(child);
	const lock = await acquireLock(folder, options);
	await lock.release();
});

test('what a process left that died before it wrote its name holds the lock for seconds only', async () => {
	const folder = join(root, 'nameless');
	const path = plantOwner(folder, {});
	writeFileSync(path, '');
	await expect(acquireLock(folder, options)).rejects.toThrow('a process that is just starting');
	const before = new Date(Date.now() - 6_000);
	utimesSync(path, before, before);
	const left = join(folder, `.${randomUUID()}.new`);
	writeFileSync(left, '{"tok');
	utimesSync(left, 1, 1);
	const lock = await acquireLock(folder, options);
	await lock.release();
	expect(readdirSync(folder)).toEqual(['1.free', '2.free']);
});

test('a process on another machine is believed until it is silent for too long', async () => {
	const folder = join(root, 'elsewhere');
	const path = plantOwner(folder, {});
	await expect(acquireLock(folder, options)).rejects.toThrow('process 1 on elsewhere');
	const longAgo = new Date(Date.now() - 120_000);
	utimesSync(path, longAgo, longAgo);
	const lock = await acquireLock(folder, options);
	expect(await lock.isHeld()).toBe(true);
	await lock.release();
});

test('of many that find it stale, one gets it', async () => {
	const folder = join(root, 'rush');
	const path = plantOwner(folder, {});
	utimesSync(path, 1, 1);
	const tries = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(folder, options)));
	const won = tries.filter((result) => result.status === 'fulfilled');
	expect(won).toHaveLength(1);
	expect(await won[0].value.isHeld()).toBe(true);
	await won[0].value.release();
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a later process with the same number is not taken for the holder', async () => {
	const folder = join(root, 'reborn');
	const lock = await acquireLock(folder, options);
	const path = join(folder, '1.held');
	const owner = JSON.parse(readFileSync(path, 'utf8'));
	writeFileSync(path, JSON.stringify({ ...owner, birth: '1' }));
	const successor = await acquireLock(folder, options);
	await successor.release();
	await lock.release();
});

onLinux('a process in another container is not judged by its number', async () => {
	const folder = join(root, 'container');
	plantOwner(folder, { host: hostname(), pid: 2 ** 22 + 1, pidSpace: 'pid:[1]' });
	await expect(acquireLock(folder, options)).rejects.toMatchObject({ code: 'STORE_BUSY' });
});

test('a holder whose event loop is blocked still gives signs of life', async () => {
	const folder = join(root, 'blocked');
	const lock = await acquireLock(folder, { ...options, heartbeatMs: 20 });
	const path = join(folder, '1.held');
	await new Promise((resolve) => setTimeout(resolve, 400));
	const before = statSync(path).mtimeMs;
	const until = Date.now() + 300;
	while (Date.now() < until);
	expect(statSync(path).mtimeMs).toBeGreaterThan(before + 100);
	await lock.release();
});

test('a holder that was overtaken finds out', async () => {
	const folder = join(root, 'overtaken');
	const first = await acquireLock(folder, options);
	utimesSync(join(folder, '1.held'), 1, 1);
	const second = await acquireLock(folder, options);
	expect([await first.isHeld(), await second.isHeld()]).toEqual([false, true]);
	await first.release();
	expect(await second.isHeld()).toBe(true);
	await second.release();
});

test('a failing action lets go of the lock', async () => {
	const folder = join(root, 'failing');
	await expect(withLock(folder, options, () => Promise.reject(new Error('failed')))).rejects.toThrow(
		'failed',
	);
	expect(await withLock(folder, options, () => Promise.resolve('next'))).toBe('next');
});

import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import type * as Os from 'node:os';
import { basename, join } from 'node:path';
import { inTemporaryFolder } from '../../src/files/temporaryFolder';
import { temporaryFolder } from '../store/sampleModel';

const root = temporaryFolder();
beforeEach(() => jest.spyOn(jest.requireActual<typeof Os>('node:os'), 'tmpdir').mockReturnValue(root));
afterEach(() => jest.restoreAllMocks());

test('the folder is there for the work, and gone afterwards, also when the work fails', async () => {
	let seen = '';
	await inTemporaryFolder('maps', async (folder) => {
		seen = folder;
		writeFileSync(join(folder, 'map'), 'x');
		return Promise.resolve();
	});
	expect(basename(seen)).toMatch(/^\.dinomaly-maps-/);
	expect(existsSync(seen)).toBe(false);
	const failing = inTemporaryFolder('maps', (folder) => {
		seen = folder;
		return Promise.reject(new Error('no'));
	});
	await expect(failing).rejects.toThrow('no');
	expect(existsSync(seen)).toBe(false);
});

test('folders that killed processes left behind go after a day; what is young or not ours stays', async () => {
	const longAgo = new Date(Date.now() - 2 * 86_400_000);
	const make = (name: string, at: Date): string => {
		const folder = join(root, name);
		mkdirSync(folder);
		writeFileSync(join(folder, 'map'), 'x');
		utimesSync(folder, at, at);
		return folder;
	};
	const left = make('.dinomaly-maps-aB3dE6', longAgo);
	const kept = [
		make('.dinomaly-import-aB3dE6', new Date()),
		make('dinomaly-maps-aB3dE6', longAgo),
		make('.dinomaly-maps-of-mine', longAgo),
	];
	await inTemporaryFolder('doctor', () => Promise.resolve());
	expect(existsSync(left)).toBe(false);
	expect(kept.map((folder) => existsSync(folder))).toEqual([true, true, true]);
});

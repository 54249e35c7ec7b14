import { mkdirSync, readdirSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointFolder, type CheckpointFile } from '../../src/store/checkpoints';
import { temporaryFolder } from './sampleModel';

const root = temporaryFolder();
let folders = 0;

function emptyFolder(): CheckpointFolder {
	return new CheckpointFolder(join(root, `training-${++folders}`));
}

function state(text: string): CheckpointFile[] {
	return [
		{ name: 'decoder.safetensors', bytes: Buffer.from(text) },
		{ name: 'state.json', write: (path) => writeFile(path, `{"of":"${text}"}`) },
	];
}

async function latestText(checkpoints: CheckpointFolder): Promise<string | undefined> {
	const latest = await checkpoints.latest();
	return latest && readFileSync(latest.files['decoder.safetensors'], 'utf8');
}

test('the newest state comes back, and at most two are kept', async () => {
	const checkpoints = emptyFolder();
	expect(await checkpoints.latest()).toBeUndefined();
	for (const step of [100, 200, 1000]) await checkpoints.save(step, state(`after ${step}`));
	const latest = await checkpoints.latest();
	expect(latest).toMatchObject({ step: 1000, notices: [] });
	expect(readFileSync(latest!.files['state.json'], 'utf8')).toBe('{"of":"after 1000"}');
	expect(readdirSync(checkpoints.folder).sort()).toEqual(['step-1000.1', 'step-200.1']);
	await checkpoints.clear();
	expect(await checkpoints.latest()).toBeUndefined();
});

const damages: [string, (folder: string) => void][] = [
	[
		'cut short',
		(folder) => {
			truncateSync(join(folder, 'decoder.safetensors'), 3);
		},
	],
	[
		'changed',
		(folder) => {
			writeFileSync(join(folder, 'decoder.safetensors'), 'After 200');
		},
	],
	[
		'gone',
		(folder) => {
			unlinkSync(join(folder, 'state.json'));
		},
	],
	[
		'without a list of its files',
		(folder) => {
			unlinkSync(join(folder, 'checkpoint.json'));
		},
	],
	[
		'empty in its list',
		(folder) => {
			truncateSync(join(folder, 'checkpoint.json'));
		},
	],
];

test.each(damages)('a newest checkpoint that is %s is passed over, and said so', async (_how, damage) => {
	const checkpoints = emptyFolder();
	for (const step of [100, 200]) await checkpoints.save(step, state(`after ${step}`));
	damage(join(checkpoints.folder, 'step-200.1'));
	const latest = await checkpoints.latest();
	expect(latest?.step).toBe(100);
	expect(latest?.notices).toEqual([
		expect.stringMatching(/^The checkpoint of iteration 200 is damaged and was passed over: Expected /),
	]);
});

test('training that went on from an older state replaces what lay beyond', async () => {
	const checkpoints = emptyFolder();
	for (const step of [100, 200]) await checkpoints.save(step, state(`after ${step}`));
	truncateSync(join(checkpoints.folder, 'step-200.1', 'decoder.safetensors'), 1);
	await checkpoints.save(150, state('again 150'));
	expect(readdirSync(checkpoints.folder).sort()).toEqual(['step-100.1', 'step-150.1']);
	await checkpoints.save(150, state('again'));
	expect(await latestText(checkpoints)).toBe('again');
	expect(readdirSync(checkpoints.folder).sort()).toEqual(['step-100.1', 'step-150.2']);
});

test('with all checkpoints damaged there is nothing to resume from, and that is an error', async () => {
	const checkpoints = emptyFolder();
	await checkpoints.save(100, state('after 100'));
	truncateSync(join(checkpoints.folder, 'step-100.1', 'decoder.safetensors'), 1);
	await expect(checkpoints.latest()).rejects.toMatchObject({
		code: 'WEIGHTS_INVALID',
		hint: expect.stringContaining('without resuming'),
	});
});

test('a writer that runs out of disk leaves the checkpoint before untouched', async () => {
	const checkpoints = emptyFolder();
	await checkpoints.save(100, state('after 100'));
	const full: CheckpointFile = {
		name: 'decoder.safetensors',
		write: async (path) => {
			await writeFile(path, 'half');
			throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
		},
	};
	await expect(checkpoints.save(200, [full])).rejects.toMatchObject({
		code: 'DISK_FULL',
		message: expect.stringMatching(/^Expected room to write "step-200\.1" in .*, found a full disk/),
		hint: expect.stringContaining('Free some space'),
	});
	expect(readdirSync(checkpoints.folder)).toEqual(['step-100.1']);
	expect(await latestText(checkpoints)).toBe('after 100');
});

test('what a killed process was writing is no checkpoint, and is swept away by the next save', async () => {
	const checkpoints = emptyFolder();
	await checkpoints.save(100, state('after 100'));
	mkdirSync(join(checkpoints.folder, '.unfinished-x'));
	expect(await latestText(checkpoints)).toBe('after 100');
	await checkpoints.save(200, state('after 200'));
	expect(readdirSync(checkpoints.folder).sort()).toEqual(['step-100.1', 'step-200.1']);
});

test('a name that leads elsewhere is refused', async () => {
	const checkpoints = emptyFolder();
	await expect(checkpoints.save(1, [{ name: '../x', bytes: Buffer.from('x') }])).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
	});
	await expect(
		checkpoints.save(1, [{ name: 'checkpoint.json', bytes: Buffer.from('x') }]),
	).rejects.toThrow();
	expect(readdirSync(checkpoints.folder)).toEqual([]);
});

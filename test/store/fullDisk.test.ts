import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/files/atomicFile';
import { CheckpointFolder } from '../../src/store/checkpoints';
import { FolderStore } from '../../src/store/folderStore';
import { sampleDraft, temporaryFolder } from './sampleModel';

const disk = join(temporaryFolder(), 'disk');
const onSmallDisk = mountSmallDisk() ? describe : describe.skip; // skipped where this user may not mount a file system

function mountSmallDisk(): boolean {
	if (process.platform !== 'linux') return false;
	try {
		mkdirSync(disk);
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
}

onSmallDisk('a disk of 1 MiB', () => {
	afterAll(() => {
		execFileSync('umount', [disk]);
	});

	const tooMuch = Buffer.alloc(2 << 20, 'x');
	const full = {
		code: 'DISK_FULL',
		message: expect.stringMatching(/^Expected room to write .* found a full disk \([0-9.]+ MiB free\)$/),
	};

	test('a checkpoint that does not fit leaves the one before', async () => {
		const checkpoints = new CheckpointFolder(join(disk, 'training'));
		await checkpoints.save(1, [{ name: 'state', bytes: Buffer.from('good') }]);
		await expect(checkpoints.save(2, [{ name: 'state', bytes: tooMuch }])).rejects.toMatchObject(full);
		expect(readdirSync(checkpoints.folder)).toEqual(['step-1.1']);
		expect(await checkpoints.latest()).toMatchObject({ step: 1, notices: [] });
	});

	test('a model that does not fit leaves those before, and no rest', async () => {
		const store = new FolderStore(join(disk, 'store'));
		await store.publish('bolts', sampleDraft());
		await expect(store.publish('bolts', sampleDraft(tooMuch))).rejects.toMatchObject(full);
		expect(await store.list()).toMatchObject([{ name: 'bolts', versions: 1 }]);
		expect(readdirSync(join(disk, 'store', 'models', '.staging'))).toEqual([]);
		await store.open('bolts');
	});

	test('a file that does not fit leaves the former content, and no rest', async () => {
		const path = join(disk, 'file');
		await writeFileAtomic(path, 'former');
		await expect(writeFileAtomic(path, tooMuch)).rejects.toMatchObject(full);
		expect(readdirSync(disk).filter((name) => name.includes('file'))).toEqual(['file']);
	});
});

import { lstat, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from './atomicFile';
import { whenMissing } from './diskError';

/** What a temporary folder is for. */
export type TemporaryUse = 'distribution' | 'doctor' | 'export' | 'import' | 'maps';

/** Hidden, lest a folder of somebody else's has such a name. */
const OURS = /^\.dinomaly-(?:distribution|doctor|export|import|maps)-\w{6}$/;
/** No work of these takes a day. */
const LEFT_BEHIND_MS = 86_400_000;

/** Runs `work` with a new folder that is deleted afterwards, and deletes those that killed processes left behind. */
export async function inTemporaryFolder<T>(
	use: TemporaryUse,
	work: (folder: string) => Promise<T>,
): Promise<T> {
	await removeLeftBehind(tmpdir());
	const folder = await mkdtemp(join(tmpdir(), `.dinomaly-${use}-`));
	try {
		return await work(folder);
	} finally {
		await removeTree(folder);
	}
}

async function removeLeftBehind(parent: string): Promise<void> {
	for (const name of await readdir(parent).catch(() => [])) {
		if (!OURS.test(name)) continue;
		const path = join(parent, name);
		const found = await whenMissing(lstat(path), undefined);
		const isOld = found !== undefined && Date.now() - found.mtimeMs > LEFT_BEHIND_MS;
		// Another user's stays: that is no reason to fail.
		if (isOld) await removeTree(path).catch(() => undefined);
	}
}

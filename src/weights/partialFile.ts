import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../files/diskError';

/** A piece of a file being fetched, which this download alone writes to. */
export interface PartialFile {
	readonly path: string;
	/** Bytes that an earlier download left. */
	readonly bytes: number;
	/** Leaves the piece for the next download to carry on. */
	release(): Promise<void>;
	/** Removes it. */
	discard(): Promise<void>;
}

/** A live download writes more often than this; a piece at rest for longer was left by a process that died. */
const ABANDONED_MS = 180_000;

/**
 * Takes over what earlier downloads of this very content (`identity`) left beside `target`, or starts anew. Taking over is a rename, which
 * only one of several processes can win: two that fetch the same file at once each work on their own piece.
 */
export async function claimPartialFile(target: string, identity: string | undefined): Promise<PartialFile> {
	const folder = dirname(target);
	const content = createHash('sha256')
		.update(identity ?? randomUUID())
		.digest('hex')
		.slice(0, 16);
	const free = `${basename(target)}.${content}.part`;
	const owned = join(folder, `${basename(target)}.${content}.${randomUUID()}.part`);
	await mkdir(folder, { recursive: true });
	const candidates = [
		free,
		...(await abandonedPieces(target)).filter((name) =>
			name.startsWith(`${basename(target)}.${content}.`),
		),
	];
	let bytes = 0;
	for (const name of candidates) {
		if (await tryRename(join(folder, name), owned)) {
			bytes = await sizeOf(owned);
			break;
		}
	}
	const discard = () => rm(owned, { force: true });
	return {
		path: owned,
		bytes,
		discard,
		release: async () => {
			// Of several downloads that broke off, the one that got furthest is worth keeping.
			const others = await sizeOf(join(folder, free));
			const isFurthest = (await sizeOf(owned)) > others;
			if (identity === undefined || !isFurthest) await discard();
			else await tryRename(owned, join(folder, free));
		},
	};
}

/** Removes what dead downloads to `target` left, whatever content it was. */
export async function sweepPartialFiles(target: string): Promise<void> {
	for (const name of await abandonedPieces(target)) await rm(join(dirname(target), name), { force: true });
}

async function abandonedPieces(target: string): Promise<string[]> {
	const prefix = `${basename(target)}.`;
	const names = (await readdir(dirname(target))).filter(
		(name) => name.startsWith(prefix) && name.endsWith('.part'),
	);
	const abandoned: string[] = [];
	for (const name of names) {
		const stats = await stat(join(dirname(target), name)).catch(() => undefined); // gone meanwhile: not ours to take
		if (stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED_MS) abandoned.push(name);
	}
	return abandoned;
}

/** 0 for a file that is not there. */
async function sizeOf(path: string): Promise<number> {
	try {
		return (await stat(path)).size;
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return 0;
		throw error;
	}
}

async function tryRename(from: string, to: string): Promise<boolean> {
	try {
		await rename(from, to);
		return true;
	} catch (error) {
		// Windows refuses to move a file that somebody has open: then it is not abandoned.
		if (['ENOENT', 'EPERM', 'EACCES', 'EBUSY'].includes(errorCode(error) ?? '')) return false;
		throw error;
	}
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DinomalyError } from '../errors';
import type { Dataset, ImageEntry } from './dataset';
import { compareBytewise } from './order';
import { mapLimited } from './parallel';

export interface HashOptions {
	/** Files read at the same time. */
	readonly parallel?: number;
	readonly signal?: AbortSignal;
	readonly onProgress?: (done: number, total: number) => void;
}

/**
 * SHA-256 of a file's content, read as a stream.
 * @returns 64 hexadecimal digits
 * @throws DinomalyError INPUT_MISSING when the file cannot be read
 */
export async function hashFile(file: string, signal?: AbortSignal): Promise<string> {
	const hash = createHash('sha256');
	try {
		await pipeline(createReadStream(file), hash, { signal });
	} catch (cause) {
		signal?.throwIfAborted();
		throw new DinomalyError('INPUT_MISSING', `Expected to read "${file}", found ${codeOf(cause)}`, {
			hint: 'Check that the file is still there and that the process may read it.',
			cause,
		});
	}
	return hash.digest('hex');
}

/** Content hashes of files, each read once. */
export async function hashFiles(
	files: readonly string[],
	options: HashOptions = {},
): Promise<Map<string, string>> {
	const { parallel = DEFAULT_PARALLEL, signal, onProgress } = options;
	const distinct = [...new Set(files)];
	const hashes = await mapLimited(distinct, (file) => hashFile(file, signal), {
		limit: parallel,
		signal,
		onProgress,
	});
	return new Map(distinct.map((file, i) => [file, hashes[i]]));
}

/**
 * Content fingerprint of a dataset: SHA-256 over one line per image in bytewise order of the paths, with category,
 * split, label, path below the root and content hash of the image and of its mask. Two copies of a dataset have the
 * same fingerprint; one changed, moved, relabelled, added or removed image gives another.
 * @returns 64 hexadecimal digits
 * @throws DinomalyError INPUT_MISSING when a file cannot be read
 */
export async function fingerprintDataset(dataset: Dataset, options: HashOptions = {}): Promise<string> {
	const entries = dataset.categories.flatMap(({ train, test }) => [...train, ...test]);
	const files = entries.flatMap(({ path: image, maskPath }) =>
		maskPath === null ? [image] : [image, maskPath],
	);
	const hashes = await hashFiles(files, options);
	const lines = entries
		.map((entry) => ({ entry, line: lineOf(dataset.root, entry, hashes) }))
		.sort(
			(a, b) =>
				compareBytewise(a.entry.relativePath, b.entry.relativePath) ||
				compareBytewise(a.line, b.line),
		);
	const digest = createHash('sha256');
	for (const { line } of lines) digest.update(line);
	return digest.digest('hex');
}

/** Enough to keep a disk and two cores busy; hashing is bound by them. */
const DEFAULT_PARALLEL = 8;

function lineOf(root: string, entry: ImageEntry, hashes: ReadonlyMap<string, string>): string {
	const { category, split, label, relativePath, maskPath } = entry;
	const mask = maskPath === null ? [] : [portable(root, maskPath), hashes.get(maskPath)];
	// JSON keeps fields apart whatever characters a name has.
	return `${JSON.stringify([category, split, label, relativePath, hashes.get(entry.path), ...mask])}\n`;
}

/** Path below the root with forward slashes on every system. */
export function portable(root: string, file: string): string {
	return path.relative(root, file).split(path.sep).join('/');
}

function codeOf(cause: unknown): string {
	return (cause as NodeJS.ErrnoException | null)?.code ?? 'an unknown failure';
}

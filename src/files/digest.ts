import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { DinomalyError } from '../errors';
import { whenMissing } from './diskError';

/** What a file must hold: recorded when it is written, checked before it is used. */
export interface FileDigest {
	/** Lower-case hexadecimal. */
	readonly sha256: string;
	readonly bytes: number;
}

/** Hashing goes on in pieces of this size, so that the event loop gets its turn in between. */
const PIECE_BYTES = 1 << 20;

/** What files take together. */
export function totalBytes(files: Readonly<Record<string, FileDigest>>): number {
	return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Digest of a file's content as it is on the disk. */
export async function digestFile(path: string): Promise<FileDigest> {
	const hash = createHash('sha256');
	let bytes = 0;
	for await (const piece of readPieces(path)) {
		hash.update(piece);
		bytes += piece.length;
	}
	return { sha256: hash.digest('hex'), bytes };
}

/** Writes a new file, flushes it to the disk, and returns the digest of what was meant to be written. */
export async function writeDigested(path: string, content: Uint8Array): Promise<FileDigest> {
	return writePieces(path, cutPieces(content));
}

/** Copies a file as `writeDigested` would write it. */
export async function copyDigested(from: string, path: string): Promise<FileDigest> {
	return writePieces(path, readPieces(from));
}

async function writePieces(
	path: string,
	pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<FileDigest> {
	const hash = createHash('sha256');
	let bytes = 0;
	const file = await open(path, 'wx');
	try {
		for await (const piece of pieces) {
			hash.update(piece);
			bytes += piece.length;
			await file.writeFile(piece);
		}
		await file.sync();
	} finally {
		await file.close();
	}
	return { sha256: hash.digest('hex'), bytes };
}

function readPieces(path: string): AsyncIterable<Buffer> {
	return createReadStream(path, { highWaterMark: PIECE_BYTES });
}

function* cutPieces(content: Uint8Array): Iterable<Uint8Array> {
	for (let start = 0; start < content.length; start += PIECE_BYTES)
		yield content.subarray(start, start + PIECE_BYTES);
}

/** Checks files against their digests, and remembers which passed for as long as the file system says that they are unchanged. */
export class DigestChecker {
	private readonly passed = new Map<string, string>();

	/** Throws HASH_MISMATCH, naming the file and ending with `hint`, when `path` is missing or differs from `expected`. */
	async check(path: string, expected: FileDigest, hint: string): Promise<void> {
		const found = await whenMissing(stat(path, { bigint: true }), undefined);
		if (found === undefined) throw mismatch(path, expected, 'no such file', hint);
		if (!found.isFile()) throw mismatch(path, expected, 'something that is no file', hint);
		if (Number(found.size) !== expected.bytes)
			throw mismatch(path, expected, `${found.size.toString()} bytes`, hint);
		// Changes whenever the file is replaced or written to: reading megabytes again for each image scored would be a waste.
		const stamp = [expected.sha256, found.ino, found.mtimeNs, found.ctimeNs].join(' ');
		if (this.passed.get(path) === stamp) return;
		const { sha256 } = await digestFile(path);
		if (sha256 !== expected.sha256) throw mismatch(path, expected, `sha256 ${sha256}`, hint);
		this.passed.set(path, stamp);
	}
}

function mismatch(path: string, expected: FileDigest, found: string, hint: string): DinomalyError {
	const what = `${expected.bytes} bytes with sha256 ${expected.sha256}`;
	return new DinomalyError('HASH_MISMATCH', `Expected ${path} to hold ${what}, found ${found}`, { hint });
}

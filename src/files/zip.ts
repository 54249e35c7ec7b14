import { createReadStream } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { DinomalyError } from '../errors';
import { shownName } from '../shownValue';

/** A file of an archive, as the directory at the archive's end lists it. */
export interface ZipEntry {
	readonly name: string;
	/** Size when unpacked. */
	readonly bytes: number;
	/** Unpacks the content. Throws MODEL_INVALID when it is damaged or of a kind that is not read. */
	unpack(): Promise<Buffer>;
}

/** A file to put into an archive. */
export interface ZipSource {
	readonly name: string;
	readonly file: string;
}

// Record signatures and sizes: APPNOTE.TXT of PKWARE, sections 4.3.7, 4.3.12 and 4.3.16.
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const END = 0x06054b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;
/** The name is UTF-8. */
const UTF8_FLAG = 0x800;
const VERSION = 20;
/** 1 January 1980: the same files make the same archive. */
const NO_DATE = 0x21;
/** Larger ones need a later version of the format. */
const LARGEST_BYTES = 0xffffffff;
const MOST_ENTRIES = 1000;
/** Sums go on in pieces of this size, so that the event loop gets its turn in between. */
const PIECE_BYTES = 8 << 20;

const inflate = promisify(inflateRaw) as (
	data: Buffer,
	options: { maxOutputLength: number },
) => Promise<Buffer>;

/**
 * Reads the list of files of a ZIP archive; nothing is unpacked yet, and the sizes are what the archive says.
 * @throws DinomalyError MODEL_INVALID when it is none, or one of a kind that is not read
 */
export function readZip(archive: Buffer): ZipEntry[] {
	const end = findEnd(archive);
	const count = archive.readUInt16LE(end + 10);
	if (count > MOST_ENTRIES) throw invalid(`one of ${count} files`);
	const entries: ZipEntry[] = [];
	let at = archive.readUInt32LE(end + 16);
	for (let i = 0; i < count; i++) {
		if (at + CENTRAL_BYTES > archive.length || archive.readUInt32LE(at) !== CENTRAL)
			throw invalid('a damaged one');
		const nameBytes = archive.readUInt16LE(at + 28);
		const name = archive.toString('utf8', at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes);
		entries.push(entryOf(archive, at, name));
		at += CENTRAL_BYTES + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
	}
	return entries;
}

/** Writes files into a new ZIP archive as they are: weights do not get smaller. @throws DinomalyError CONFIG_INVALID above 4 GB */
export async function writeZip(path: string, sources: readonly ZipSource[]): Promise<void> {
	const archive = await open(path, 'wx');
	try {
		const directory: Buffer[] = [];
		let offset = 0;
		for (const { name, file } of sources) {
			const facts = {
				name: Buffer.from(name),
				crc: await crcOf(file),
				bytes: (await stat(file)).size,
				offset,
			};
			const header = localHeader(facts);
			await archive.writeFile(header);
			await copyInto(archive, file);
			directory.push(centralHeader(facts));
			offset += header.length + facts.bytes;
			if (offset > LARGEST_BYTES) throw tooLarge(path);
		}
		const list = Buffer.concat(directory);
		await archive.writeFile(Buffer.concat([list, endRecord(sources.length, list.length, offset)]));
	} finally {
		await archive.close();
	}
}

function findEnd(archive: Buffer): number {
	const first = Math.max(0, archive.length - END_BYTES - LONGEST_COMMENT);
	for (let at = archive.length - END_BYTES; at >= first; at--) {
		if (archive.readUInt32LE(at) === END) return at;
	}
	throw invalid(
		archive.length === 0 ? 'an empty file' : 'a file of another kind, or one that is cut short',
	);
}

function entryOf(archive: Buffer, at: number, name: string): ZipEntry {
	const flags = archive.readUInt16LE(at + 8);
	const method = archive.readUInt16LE(at + 10);
	const crc = archive.readUInt32LE(at + 16);
	const packedBytes = archive.readUInt32LE(at + 20);
	const bytes = archive.readUInt32LE(at + 24);
	const local = archive.readUInt32LE(at + 42);
	const unpack = async (): Promise<Buffer> => {
		if ((flags & ENCRYPTED_FLAG) !== 0) throw invalid('an encrypted one');
		if (local + LOCAL_BYTES > archive.length || archive.readUInt32LE(local) !== LOCAL)
			throw invalid('a damaged one');
		// The local header has a name and extra field of its own lengths.
		const start =
			local + LOCAL_BYTES + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
		const packed = archive.subarray(start, start + packedBytes);
		const content = await decompress(packed, method, bytes);
		if (content.length !== bytes || (await crcOfBytes(content)) !== crc)
			throw invalid(`damaged content of ${shownName(name)}`);
		return content;
	};
	return { name, bytes, unpack };
}

async function decompress(packed: Buffer, method: number, bytes: number): Promise<Buffer> {
	if (method === STORED) return packed;
	if (method !== DEFLATED) throw invalid(`compression ${method}, which is not read,`);
	try {
		// What unpacks to more than it says is an attack.
		return await inflate(packed, { maxOutputLength: Math.max(1, bytes) });
	} catch (error) {
		throw invalid('a damaged one', error);
	}
}

interface Facts {
	readonly name: Buffer;
	readonly crc: number;
	readonly bytes: number;
	readonly offset: number;
}

function localHeader({ name, crc, bytes }: Facts): Buffer {
	const header = Buffer.alloc(LOCAL_BYTES);
	header.writeUInt32LE(LOCAL, 0);
	writeFacts(header, 4, { name, crc, bytes });
	return Buffer.concat([header, name]);
}

function centralHeader({ name, crc, bytes, offset }: Facts): Buffer {
	const header = Buffer.alloc(CENTRAL_BYTES);
	header.writeUInt32LE(CENTRAL, 0);
	header.writeUInt16LE(VERSION, 4);
	writeFacts(header, 6, { name, crc, bytes });
	header.writeUInt32LE(offset, 42);
	return Buffer.concat([header, name]);
}

/** The fields that both headers share, in the same order. */
function writeFacts(header: Buffer, at: number, { name, crc, bytes }: Omit<Facts, 'offset'>): void {
	header.writeUInt16LE(VERSION, at);
	header.writeUInt16LE(UTF8_FLAG, at + 2);
	header.writeUInt16LE(STORED, at + 4);
	header.writeUInt16LE(NO_DATE, at + 8);
	header.writeUInt32LE(crc, at + 10);
	header.writeUInt32LE(bytes, at + 14);
	header.writeUInt32LE(bytes, at + 18);
	header.writeUInt16LE(name.length, at + 22);
}

function endRecord(count: number, listBytes: number, offset: number): Buffer {
	const end = Buffer.alloc(END_BYTES);
	end.writeUInt32LE(END, 0);
	end.writeUInt16LE(count, 8);
	end.writeUInt16LE(count, 10);
	end.writeUInt32LE(listBytes, 12);
	end.writeUInt32LE(offset, 16);
	return end;
}

async function crcOf(file: string): Promise<number> {
	let crc = 0;
	for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) crc = crc32(piece, crc);
	return crc;
}

async function crcOfBytes(content: Buffer): Promise<number> {
	let crc = 0;
	for (let start = 0; start < content.length; start += PIECE_BYTES) {
		crc = crc32(content.subarray(start, start + PIECE_BYTES), crc);
		await turn();
	}
	return crc;
}

async function copyInto(archive: FileHandle, file: string): Promise<void> {
	for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) await archive.writeFile(piece);
}

function invalid(found: string, cause?: unknown): DinomalyError {
	return new DinomalyError('MODEL_INVALID', `Expected a ZIP archive of a model, found ${found}`, {
		hint: 'Export the model package again, or pack the model folder as an ordinary ZIP file.',
		cause,
	});
}

function tooLarge(path: string): DinomalyError {
	return new DinomalyError('CONFIG_INVALID', `Expected at most 4 GB for ${path}, found more`, {
		hint: 'Copy the model folder itself instead.',
	});
}

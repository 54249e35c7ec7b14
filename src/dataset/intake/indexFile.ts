import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../../files/atomicFile';
import { whenMissing } from '../../files/diskError';
import type { KnownImage } from './knownImages';

const NEWLINE = 0x0a;
const SHA256 = /^[0-9a-f]{64}$/;

/** Where reading goes on, and whether it is still the same file. */
interface Position {
	readonly inode: bigint;
	readonly offset: number;
}

/**
 * The content hashes of a dataset's images in a file, one line of JSON an image, the last line of a path being the valid one. Adding an
 * image adds a line, and a reader that knows the rest reads only that. Nothing depends on it: lines that are damaged are passed over and
 * their images hashed again.
 */
export class IndexFile {
	/** Lines in the file, valid or not. */
	lines = 0;
	private position: Position | undefined;

	constructor(private readonly file: string) {}

	/**
	 * The lines that came since the last call.
	 * @returns `restarted` when the file is another one now and `images` are all that it holds
	 */
	async read(): Promise<{ readonly images: KnownImage[]; readonly restarted: boolean }> {
		const handle = await whenMissing(open(this.file, 'r'), undefined);
		if (handle === undefined) {
			const restarted = this.position !== undefined;
			this.position = undefined;
			this.lines = 0;
			return { images: [], restarted };
		}
		try {
			return await this.readFrom(handle);
		} finally {
			await handle.close();
		}
	}

	/** Adds lines; only the holder of the dataset's lock may. */
	async append(images: readonly KnownImage[]): Promise<void> {
		await mkdir(path.dirname(this.file), { recursive: true });
		const handle = await open(this.file, 'a+');
		try {
			await handle.writeFile(`${(await endsWithinLine(handle)) ? '\n' : ''}${toLines(images)}`);
		} finally {
			await handle.close();
		}
	}

	/** Replaces the whole file; only the holder of the dataset's lock may. */
	async rewrite(images: Iterable<KnownImage>): Promise<void> {
		await writeFileAtomic(this.file, toLines(images));
	}

	private async readFrom(handle: FileHandle): Promise<{ images: KnownImage[]; restarted: boolean }> {
		const { ino, size } = await handle.stat({ bigint: true });
		const known = this.position;
		const goesOn = known?.inode === ino && known.offset <= Number(size);
		const offset = goesOn ? known.offset : 0;
		if (!goesOn) this.lines = 0;
		const text = await readText(handle, offset, Number(size) - offset);
		// The rest of a line that is just being written is for the next time.
		const end = text.lastIndexOf(NEWLINE) + 1;
		const images: KnownImage[] = [];
		for (const line of text.toString('utf8', 0, end).split('\n')) {
			if (line === '') continue;
			this.lines++;
			const image = parseLine(line);
			if (image !== undefined) images.push(image);
		}
		this.position = { inode: ino, offset: offset + end };
		return { images, restarted: known !== undefined && !goesOn };
	}
}

/** What the file system says of an image now; undefined when it is gone. */
export async function statImage(file: string): Promise<Pick<KnownImage, 'bytes' | 'mtimeMs'> | undefined> {
	const found = await whenMissing(stat(file), undefined);
	return found && { bytes: found.size, mtimeMs: found.mtimeMs };
}

async function readText(handle: FileHandle, offset: number, bytes: number): Promise<Buffer> {
	const text = Buffer.alloc(bytes);
	let done = 0;
	while (done < bytes) {
		const { bytesRead } = await handle.read(text, done, bytes - done, offset + done);
		if (bytesRead === 0) break;
		done += bytesRead;
	}
	return text.subarray(0, done);
}

/** A line cut short by a crash must not swallow the next. */
async function endsWithinLine(handle: FileHandle): Promise<boolean> {
	const { size } = await handle.stat();
	if (size === 0) return false;
	const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
	return buffer[0] !== NEWLINE;
}

function toLines(images: Iterable<KnownImage>): string {
	let lines = '';
	for (const { path: image, bytes, mtimeMs, sha256 } of images)
		lines += `${JSON.stringify({ path: image, bytes, mtimeMs, sha256 })}\n`;
	return lines;
}

function parseLine(line: string): KnownImage | undefined {
	try {
		const image = JSON.parse(line) as Partial<KnownImage> | null;
		const whole =
			typeof image?.path === 'string' &&
			typeof image.bytes === 'number' &&
			typeof image.mtimeMs === 'number' &&
			typeof image.sha256 === 'string' &&
			SHA256.test(image.sha256);
		return whole ? (image as KnownImage) : undefined;
	} catch {
		return undefined;
	}
}

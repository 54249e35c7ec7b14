import { open, readFile, stat } from 'node:fs/promises';
import { recognizeFile, type ImageFormat } from '../imaging/fileKind';
import { missingImage, notAnImage } from './imageErrors';

/** An image file, or its bytes, of a known kind and not yet decoded. */
export interface ImageFile {
	/** What messages call it. */
	readonly shown: string;
	readonly content: string | Uint8Array;
	/** Its first bytes, or all of them. */
	readonly head: Uint8Array;
	readonly format: ImageFormat;
}

/** The headers of all formats that are read here, palettes included, end before this. */
const HEAD_BYTES = 4096;

/**
 * Opens an image as far as its first bytes, which tell what it is.
 * @param name what messages call it; the path of a file when absent
 * @throws DinomalyError INPUT_MISSING, or IMAGE_UNREADABLE saying what was found instead of an image
 */
export async function openSource(content: string | Uint8Array, name?: string): Promise<ImageFile> {
	const shown = name ?? (typeof content === 'string' ? content : 'the image');
	if (typeof content === 'string') await checkFile(content, shown);
	const head = typeof content === 'string' ? await readHead(content, shown) : content;
	if (head.length === 0)
		throw notAnImage(shown, typeof content === 'string' ? 'an empty file' : 'no bytes');
	const kind = recognizeFile(head);
	if ('other' in kind) throw notAnImage(shown, kind.other);
	return { shown, content, head, format: kind.format };
}

/** All bytes of an image. @throws DinomalyError as `openSource` */
export async function readWhole({ content, shown }: ImageFile): Promise<Uint8Array> {
	if (typeof content !== 'string') return content;
	return readFile(content).catch((error: unknown) => {
		throw cannotOpen(shown, error);
	});
}

/** Looked at before it is opened, as opening a pipe waits for its other end. */
async function checkFile(file: string, shown: string): Promise<void> {
	const stats = await stat(file).catch((error: unknown) => {
		throw cannotOpen(shown, error);
	});
	if (stats.isDirectory()) throw notAnImage(shown, 'a folder');
	if (!stats.isFile()) throw notAnImage(shown, 'a device or pipe');
}

async function readHead(file: string, shown: string): Promise<Uint8Array> {
	const handle = await open(file, 'r').catch((error: unknown) => {
		throw cannotOpen(shown, error);
	});
	try {
		const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
		return buffer.subarray(0, bytesRead);
	} finally {
		await handle.close();
	}
}

function cannotOpen(shown: string, error: unknown): Error {
	const code = (error as { code?: unknown }).code;
	if (code === 'ENOENT' || code === 'ENOTDIR') return missingImage(shown, error);
	return notAnImage(shown, `a file that cannot be opened (${String(code)})`, error);
}

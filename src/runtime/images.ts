import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import type Sharp from 'sharp';
import { DinomalyError } from '../errors';
import type { GrayImage, RgbImage, Size } from '../imaging/image';
import type { MaskImage } from '../imaging/mask';
import { loadNative } from './native';
import { paletteStart } from './pngPalette';

type SharpModule = typeof Sharp;

/** Larger images are refused from their header: three bytes a pixel, and copies, would not fit beside a model. */
export const MAX_PIXELS = 100_000_000;

export interface DecodeOptions {
	/** What messages call the image; its path when it is a file. */
	readonly name?: string;
	readonly maxPixels?: number;
	/** Gray images of 16 bits: `scale` to 8 bits, or `clip` at 255 as the reference's reader does. */
	readonly sixteenBit?: 'scale' | 'clip';
}

export interface DecodedImage extends RgbImage {
	/** EXIF orientation that was applied, 1 to 8; 1 is none. */
	readonly orientation: number;
}

export interface ImageHeader extends Size {
	/** `png`, `jpeg` and so on. */
	readonly format: string;
}

let configured: SharpModule | undefined;

/** The sharp module, set up for decoding many images side by side. @throws RUNTIME_MISSING */
function loadSharp(): SharpModule {
	if (!configured) {
		configured = loadNative<SharpModule>('sharp');
		// Each image is seen once; parallelism is over images.
		configured.cache(false);
		configured.concurrency(1);
	}
	return configured;
}

/**
 * Decodes an image file, or its bytes, to 8-bit RGB with its EXIF orientation applied; alpha is dropped, not composited.
 * @throws INPUT_MISSING, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, one sentence naming the image
 */
export async function decodeImage(source: string | Uint8Array, options: DecodeOptions = {}): Promise<DecodedImage> {
	const { sixteenBit = 'scale' } = options;
	return reading(source, options, async (image, metadata) => {
		let pipeline = image.autoOrient().removeAlpha();
		const deepGray = metadata.depth === 'ushort' && metadata.space === 'grey16';
		if (deepGray && sixteenBit === 'clip') return clipped(await pipeline.toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true }));
		pipeline = pipeline.toColourspace('srgb');
		const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
		const rgb = info.channels === 3 ? view(data) : repeated(view(data), info.channels);
		return { data: rgb, width: info.width, height: info.height, channels: 3, orientation: metadata.orientation ?? 1 };
	});
}

/** Decodes a ground-truth mask as it was stored: palette indices and bilevel values stay labels, colours stay levels. */
export async function decodeMask(file: string, options: DecodeOptions = {}): Promise<MaskImage> {
	return reading(file, options, async (image, metadata) => {
		const { data, info } = await image.removeAlpha().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
		const pixels = view(data);
		const background = metadata.format === 'png' ? await paletteStart(file) : null;
		if (background) return { data: differsFrom(pixels, info.channels, background), width: info.width, height: info.height, channels: 1, kind: 'labels' };
		const bilevel = metadata.bitsPerSample === 1;
		return { data: pixels, width: info.width, height: info.height, channels: info.channels, kind: bilevel ? 'labels' : 'levels' };
	});
}

/** Size and format of an image without decoding it, orientation applied. @throws as decodeImage */
export async function imageHeader(source: string | Uint8Array, options: DecodeOptions = {}): Promise<ImageHeader> {
	return reading(source, options, (_, { autoOrient, format }) => Promise.resolve({ width: autoOrient.width, height: autoOrient.height, format }));
}

/** PNG bytes of an RGB or gray image. */
export async function encodePng({ data, width, height, channels }: RgbImage | GrayImage): Promise<Uint8Array> {
	return new Uint8Array(await loadSharp()(data, { raw: { width, height, channels } }).png({ compressionLevel: 6 }).toBuffer());
}

async function reading<T>(
	source: string | Uint8Array,
	{ name, maxPixels = MAX_PIXELS }: DecodeOptions,
	read: (image: Sharp.Sharp, metadata: Sharp.Metadata) => Promise<T>,
): Promise<T> {
	const sharp = loadSharp();
	const shown = name ?? (typeof source === 'string' ? source : 'the image');
	if (typeof source === 'string') await checkFile(source, shown);
	else if (source.byteLength === 0) throw unreadable(shown, 'no bytes at all');
	try {
		const image = sharp(source, { failOn: 'error', limitInputPixels: false, pages: 1 });
		const metadata = await image.metadata();
		if (metadata.width * metadata.height > maxPixels) throw tooLarge(shown, metadata, maxPixels);
		return await read(image, metadata);
	} catch (error) {
		if (error instanceof DinomalyError) throw error;
		throw unreadable(shown, await describeContent(source, error), error);
	}
}

async function checkFile(file: string, shown: string): Promise<void> {
	const info = await stat(file).catch((cause: unknown) => {
		throw new DinomalyError('INPUT_MISSING', `Expected an image file at ${shown}, found none that can be opened`, {
			hint: 'Check the path and the permissions.',
			cause,
		});
	});
	if (info.isDirectory()) throw unreadable(shown, 'a folder');
	if (info.size === 0) throw unreadable(shown, 'an empty file');
}

/** What the bytes are, as far as their first ones tell. */
async function describeContent(source: string | Uint8Array, error: unknown): Promise<string> {
	const start = typeof source === 'string' ? await firstBytes(source) : source.subarray(0, SNIFFED_BYTES);
	const damaged = error instanceof Error && /truncat|premature|corrupt|end of|invalid|bad |error/i.test(error.message);
	if (IMAGE_SIGNATURES.some((signature) => signature.every((byte, i) => start[i] === byte))) {
		return damaged ? 'one that is truncated or damaged' : 'one that cannot be decoded';
	}
	return start.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127)) ? 'text' : 'data of another kind';
}

const SNIFFED_BYTES = 512;
/** PNG, JPEG, GIF, TIFF (both byte orders), WebP's container. */
const IMAGE_SIGNATURES = [
	[0x89, 0x50, 0x4e, 0x47],
	[0xff, 0xd8, 0xff],
	[0x47, 0x49, 0x46],
	[0x49, 0x49, 0x2a, 0],
	[0x4d, 0x4d, 0, 0x2a],
	[0x52, 0x49, 0x46, 0x46],
];

async function firstBytes(file: string): Promise<Uint8Array> {
	const handle = await open(file, 'r');
	try {
		const { buffer, bytesRead } = await handle.read(new Uint8Array(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
		return buffer.subarray(0, bytesRead);
	} finally {
		await handle.close();
	}
}

function unreadable(shown: string, found: string, cause?: unknown): DinomalyError {
	return new DinomalyError('IMAGE_UNREADABLE', `Expected a PNG, JPEG, WebP, TIFF, GIF or AVIF image in ${path.normalize(shown)}, found ${found}`, {
		hint: 'Replace the file by the original, or remove it.',
		cause,
	});
}

function tooLarge(shown: string, { width, height }: Size, maxPixels: number): DinomalyError {
	return new DinomalyError(
		'IMAGE_TOO_LARGE',
		`Expected at most ${Math.round(maxPixels / 1e6)} megapixels in ${path.normalize(shown)}, found ${width} x ${height}`,
		{ hint: 'Scale the image down or cut it before it comes here.' },
	);
}

function clipped({ data, info }: { data: Buffer; info: Sharp.OutputInfo }): DecodedImage {
	const levels = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
	const gray = Uint8Array.from(levels, (level) => Math.min(level, 255));
	return { data: repeated(gray, info.channels), width: info.width, height: info.height, channels: 3, orientation: 1 };
}

/** First channel of each pixel, three times. */
function repeated(pixels: Uint8Array, channels: number): Uint8Array {
	const count = pixels.length / channels;
	const rgb = new Uint8Array(3 * count);
	for (let i = 0; i < count; i++) rgb.fill(pixels[i * channels], 3 * i, 3 * i + 3);
	return rgb;
}

/** 1 where a pixel is not of the given colour. */
function differsFrom(pixels: Uint8Array, channels: number, colour: readonly number[]): Uint8Array {
	const count = pixels.length / channels;
	const labels = new Uint8Array(count);
	for (let i = 0; i < count; i++) {
		for (let c = 0; c < channels; c++) if (pixels[i * channels + c] !== colour[c]) labels[i] = 1;
	}
	return labels;
}

function view(data: Buffer): Uint8Array {
	return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

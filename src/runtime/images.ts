import type Sharp from 'sharp';
import { DinomalyError } from '../errors';
import { decodeBmp, decodeBmpIndices, hasGrayRamp, readBmpHeader } from '../imaging/bmp';
import type { ImageFormat } from '../imaging/fileKind';
import type { GrayImage, RgbImage, Size } from '../imaging/image';
import type { MaskImage } from '../imaging/mask';
import { paletteAsGray, type IndexPng } from '../imaging/pngIndices';
import { damagedImage, tooLargeImage, unsupportedPixels } from './imageErrors';
import { openSource, readWhole, type ImageFile } from './imageFile';
import { loadNative } from './native';

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

/** Sizes are those after the orientation is applied. */
export interface ImageHeader extends Size {
	readonly format: ImageFormat;
	/** EXIF orientation, 1 to 8; 1 is none. */
	readonly orientation: number;
}

let configured: SharpModule | undefined;

/**
 * Decodes an image file, or its bytes, to 8-bit RGB with its EXIF orientation applied.
 * Alpha is dropped, not composited; a colour profile is ignored, as in the reference; of several frames the first is
 * taken; 16-bit colours keep their high byte.
 *
 * @throws DinomalyError INPUT_MISSING, IMAGE_UNREADABLE, IMAGE_TOO_LARGE: one sentence that names the image
 */
export async function decodeImage(
	source: string | Uint8Array,
	options: DecodeOptions = {},
): Promise<DecodedImage> {
	const { sixteenBit = 'scale', maxPixels = MAX_PIXELS } = options;
	return reading(source, options, async (opened) => {
		if (opened.format === 'bmp')
			return { ...decodeBmp(await readBmp(opened, maxPixels)), orientation: 1 };
		const { image, metadata } = await openSharp(opened, maxPixels);
		const orientation = metadata.orientation ?? 1;
		if (metadata.space === 'grey16' && sixteenBit === 'clip') {
			const { levels, info } = await rawLevels(image, 'grey16');
			const clipped = levels.map((level) => Math.min(level, 255));
			return {
				data: grayToRgb(clipped),
				width: info.width,
				height: info.height,
				channels: 3,
				orientation,
			};
		}
		const { data, info } = await rawBytes(image, 'srgb');
		if (info.channels !== 3) throw unsupportedPixels(opened.shown, `${metadata.channels} channels`);
		return { data, width: info.width, height: info.height, channels: 3, orientation };
	});
}

/**
 * Decodes a ground-truth mask as it was stored: the indices of a palette and bilevel values are labels, all else levels.
 * Masks of 16 bits are narrowed so that no value above 0 becomes 0.
 *
 * @throws DinomalyError as `decodeImage`
 */
export async function decodeMask(
	source: string | Uint8Array,
	options: DecodeOptions = {},
): Promise<MaskImage> {
	const { maxPixels = MAX_PIXELS } = options;
	return reading(source, options, async (opened) => {
		if (opened.format === 'bmp') return bmpMask(await readBmp(opened, maxPixels));
		const { image, metadata } = await openSharp(opened, maxPixels);
		const indexed =
			opened.format === 'png' && metadata.isPalette ? paletteAsGray(await readWhole(opened)) : null;
		if (indexed !== null) return indexMask(indexed);
		const { space, depth, bitsPerSample } = metadata;
		if (depth === 'ushort') {
			const { levels, info } = await rawLevels(image, space === 'grey16' ? 'grey16' : 'rgb16');
			return { data: narrow(levels), ...sizeOf(info), kind: 'levels' };
		}
		const { data, info } = await rawBytes(image, space === 'b-w' ? 'b-w' : 'srgb');
		return { data, ...sizeOf(info), kind: space === 'b-w' && bitsPerSample === 1 ? 'labels' : 'levels' };
	});
}

/** Size, format and orientation of an image without decoding it. @throws DinomalyError as `decodeImage` */
export async function imageHeader(
	source: string | Uint8Array,
	options: { readonly name?: string } = {},
): Promise<ImageHeader> {
	return reading(source, options, async (opened) => {
		const { format } = opened;
		if (format === 'bmp') {
			const { width, height } = readBmpHeader(opened.head);
			return { format, width, height, orientation: 1 };
		}
		const { autoOrient, orientation = 1 } = await sharpOf(opened).metadata();
		return { format, width: autoOrient.width, height: autoOrient.height, orientation };
	});
}

/** PNG bytes of an RGB or gray image. @throws DinomalyError RUNTIME_MISSING */
export async function encodePng({
	data,
	width,
	height,
	channels,
}: RgbImage | GrayImage): Promise<Uint8Array> {
	const png = loadSharp()(data, { raw: { width, height, channels } });
	return view(
		await png
			.toColourspace(channels === 1 ? 'b-w' : 'srgb')
			.png()
			.toBuffer(),
	);
}

/** The sharp module, set up for decoding many images side by side. @throws DinomalyError RUNTIME_MISSING */
function loadSharp(): SharpModule {
	if (!configured) {
		configured = loadNative('sharp') as SharpModule;
		// Each image is seen once, and a cached file could not be deleted on Windows.
		configured.cache(false);
		// Parallelism is over images.
		configured.concurrency(1);
	}
	return configured;
}

async function reading<T>(
	source: string | Uint8Array,
	{ name }: { readonly name?: string },
	read: (opened: ImageFile) => Promise<T>,
): Promise<T> {
	const opened = await openSource(source, name);
	try {
		return await read(opened);
	} catch (error) {
		if (error instanceof DinomalyError) throw error;
		throw damagedImage(opened.shown, opened.format, error);
	}
}

/** The image with what its header says, small enough to decode and of a kind of pixel that 8 bits can hold. */
async function openSharp(
	opened: ImageFile,
	maxPixels: number,
): Promise<{ image: Sharp.Sharp; metadata: Sharp.Metadata }> {
	const image = sharpOf(opened);
	const metadata = await image.metadata();
	if (metadata.width * metadata.height > maxPixels) throw tooLargeImage(opened.shown, metadata, maxPixels);
	if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort') {
		throw unsupportedPixels(opened.shown, `those of type ${metadata.depth}`);
	}
	return { image: image.autoOrient(), metadata };
}

function sharpOf({ content }: ImageFile): Sharp.Sharp {
	// The pixel limit is ours: it is checked against the header, with a message that says both sizes.
	return loadSharp()(content, { failOn: 'error', limitInputPixels: false, pages: 1, ignoreIcc: true });
}

async function rawBytes(
	image: Sharp.Sharp,
	space: 'srgb' | 'b-w',
): Promise<{ data: Uint8Array; info: Sharp.OutputInfo }> {
	const raw = image.removeAlpha().toColourspace(space).raw({ depth: 'uchar' });
	const { data, info } = await raw.toBuffer({ resolveWithObject: true });
	return { data: view(data), info };
}

async function rawLevels(
	image: Sharp.Sharp,
	space: 'grey16' | 'rgb16',
): Promise<{ levels: Uint16Array; info: Sharp.OutputInfo }> {
	const raw = image.removeAlpha().toColourspace(space).raw({ depth: 'ushort' });
	const { data, info } = await raw.toBuffer({ resolveWithObject: true });
	return { levels: new Uint16Array(data.buffer, data.byteOffset, data.length / 2), info };
}

async function readBmp(opened: ImageFile, maxPixels: number): Promise<Uint8Array> {
	const header = readBmpHeader(opened.head);
	if (header.width * header.height > maxPixels) throw tooLargeImage(opened.shown, header, maxPixels);
	return readWhole(opened);
}

function bmpMask(bytes: Uint8Array): MaskImage {
	const header = readBmpHeader(bytes);
	if (header.bitsPerPixel > 8) return { ...decodeBmp(bytes), kind: 'levels' };
	const kind = header.bitsPerPixel > 1 && hasGrayRamp(header) ? 'levels' : 'labels';
	return { ...decodeBmpIndices(bytes), channels: 1, kind };
}

async function indexMask({ png, levelPerIndex }: IndexPng): Promise<MaskImage> {
	const image = loadSharp()(png, { failOn: 'error', limitInputPixels: false }).autoOrient();
	const { data, info } = await rawBytes(image, 'b-w');
	for (let i = 0; i < data.length; i++) data[i] /= levelPerIndex;
	return { data, ...sizeOf(info), kind: 'labels' };
}

/** High bytes, or the values themselves where they fit; what is above 0 stays above 0. */
function narrow(levels: Uint16Array): Uint8Array {
	const small = levels.every((level) => level <= 255);
	return Uint8Array.from(levels, (level) => (small || level === 0 ? level : Math.max(1, level >> 8)));
}

function grayToRgb(gray: Uint16Array): Uint8Array {
	const rgb = new Uint8Array(gray.length * 3);
	for (let i = 0, o = 0; i < gray.length; i++, o += 3) rgb[o] = rgb[o + 1] = rgb[o + 2] = gray[i];
	return rgb;
}

function sizeOf({ width, height, channels }: Sharp.OutputInfo): Size & { readonly channels: number } {
	return { width, height, channels };
}

function view(data: Buffer): Uint8Array {
	return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

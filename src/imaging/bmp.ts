import type { RgbImage, Size } from './image';

/** What a BMP's headers say. */
export interface BmpHeader extends Size {
	readonly bitsPerPixel: number;
	/** Whether the first stored row is the top one. */
	readonly topDown: boolean;
	readonly pixelStart: number;
	/** Blue, green, red and a spare byte for each index; empty above 8 bits. */
	readonly palette: Uint8Array;
	/** Where red, green and blue lie in a pixel of 16 or 32 bits. */
	readonly fields: readonly BitField[];
}

/** What is wrong with a BMP, in words that fit after "found". */
export class BmpError extends Error {}

interface BitField {
	readonly shift: number;
	/** Largest value of the field. */
	readonly highest: number;
}

const FILE_HEADER_BYTES = 14;
const INFO_HEADER_BYTES = 40;
const UNCOMPRESSED = 0;
const BIT_FIELDS = 3;
/** Where the masks of red, green and blue lie. */
const FIELD_MASKS = [54, 58, 62] as const;
/** Red, green and blue when the header does not say. */
const DEFAULT_FIELDS: Readonly<Record<number, readonly number[]>> = {
	16: [0x7c00, 0x03e0, 0x001f],
	32: [0xff0000, 0x00ff00, 0x0000ff],
};

/**
 * Reads the headers of a BMP, which cameras still write and sharp cannot read.
 * @param bytes the start of the file; for pixels of at most 8 bits, at least as far as the palette's end
 * @throws BmpError when it is compressed, damaged or cut short
 */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (view.byteLength < FILE_HEADER_BYTES + INFO_HEADER_BYTES) throw new BmpError('one that is cut short');
	const infoBytes = view.getUint32(14, true);
	const width = view.getInt32(18, true);
	const storedHeight = view.getInt32(22, true);
	const bitsPerPixel = view.getUint16(28, true);
	const compression = view.getUint32(30, true);
	const known = [1, 4, 8, 16, 24, 32].includes(bitsPerPixel);
	if (width <= 0 || storedHeight === 0 || !known) throw new BmpError('one that is damaged');
	const fieldsAllowed = compression === BIT_FIELDS && (bitsPerPixel === 16 || bitsPerPixel === 32);
	if (compression !== UNCOMPRESSED && !fieldsAllowed) throw new BmpError('a compressed one');
	if (fieldsAllowed && view.byteLength < FIELD_MASKS[2] + 4) throw new BmpError('one that is cut short');
	const paletteStart = FILE_HEADER_BYTES + infoBytes;
	const colours = bitsPerPixel > 8 ? 0 : view.getUint32(46, true) || 2 ** bitsPerPixel;
	const fieldMasks = fieldsAllowed
		? FIELD_MASKS.map((at) => view.getUint32(at, true))
		: (DEFAULT_FIELDS[bitsPerPixel] ?? []);
	return {
		width,
		height: Math.abs(storedHeight),
		bitsPerPixel,
		topDown: storedHeight < 0,
		pixelStart: view.getUint32(10, true),
		palette: bytes.subarray(paletteStart, paletteStart + colours * 4),
		fields: fieldMasks.map(bitField),
	};
}

/** Whether a palette counts up from black to white, so that indices are gray levels. */
export function hasGrayRamp({ palette, bitsPerPixel }: BmpHeader): boolean {
	const step = bitsPerPixel === 1 ? 255 : 1;
	for (let i = 0; i < palette.length; i++) {
		if (i % 4 !== 3 && palette[i] !== (i >> 2) * step) return false;
	}
	return palette.length > 0;
}

/** Decodes an uncompressed BMP to RGB; alpha is dropped. @throws BmpError as `readBmpHeader` */
export function decodeBmp(bytes: Uint8Array): RgbImage {
	const header = readBmpHeader(bytes);
	const { width, height, bitsPerPixel, palette, fields } = header;
	requireAllRows(bytes, header);
	const data = new Uint8Array(width * height * 3);
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const indices = bitsPerPixel <= 8 ? decodeBmpIndices(bytes).data : undefined;
	for (let y = 0, o = 0; y < height; y++) {
		const row = rowStart(bytes, header, y);
		for (let x = 0; x < width; x++, o += 3) {
			if (indices) {
				const p = indices[y * width + x] * 4;
				for (let c = 0; c < 3; c++) data[o + c] = palette[p + 2 - c];
			} else if (bitsPerPixel === 24) {
				for (let c = 0; c < 3; c++) data[o + c] = bytes[row + x * 3 + 2 - c];
			} else {
				const pixel =
					bitsPerPixel === 16
						? view.getUint16(row + x * 2, true)
						: view.getUint32(row + x * 4, true);
				for (let c = 0; c < 3; c++) {
					const { shift, highest } = fields[c];
					data[o + c] = Math.round((((pixel >>> shift) & highest) * 255) / highest);
				}
			}
		}
	}
	return { data, width, height, channels: 3 };
}

/** Palette indices of a BMP of at most 8 bits a pixel. @throws BmpError as `readBmpHeader` */
export function decodeBmpIndices(bytes: Uint8Array): { data: Uint8Array; width: number; height: number } {
	const header = readBmpHeader(bytes);
	const { width, height, bitsPerPixel } = header;
	requireAllRows(bytes, header);
	const data = new Uint8Array(width * height);
	const perByte = 8 / bitsPerPixel;
	const lowest = 2 ** bitsPerPixel - 1;
	for (let y = 0, o = 0; y < height; y++) {
		const row = rowStart(bytes, header, y);
		for (let x = 0; x < width; x++) {
			const shift = 8 - bitsPerPixel * ((x % perByte) + 1);
			data[o++] = (bytes[row + Math.floor(x / perByte)] >> shift) & lowest;
		}
	}
	return { data, width, height };
}

/** Looked at before pixels get their memory: sixty bytes can claim any size. */
function requireAllRows(bytes: Uint8Array, header: BmpHeader): void {
	rowStart(bytes, header, header.topDown ? header.height - 1 : 0);
}

/** Rows fill up to whole 32-bit words and usually start with the lowest one. */
function rowStart(
	bytes: Uint8Array,
	{ width, height, bitsPerPixel, topDown, pixelStart }: BmpHeader,
	y: number,
): number {
	const rowBytes = Math.ceil((width * bitsPerPixel) / 32) * 4;
	const start = pixelStart + rowBytes * (topDown ? y : height - 1 - y);
	if (start + Math.ceil((width * bitsPerPixel) / 8) > bytes.length)
		throw new BmpError('one that is cut short');
	return start;
}

function bitField(mask: number): BitField {
	const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
	return { shift, highest: Math.max(1, mask >>> shift) };
}

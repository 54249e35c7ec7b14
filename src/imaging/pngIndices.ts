import { crc32 } from 'node:zlib';

/** A gray PNG whose levels stand for the palette indices of another. */
export interface IndexPng {
	readonly png: Uint8Array;
	/** Gray level of index 1 once decoded to 8 bits: levels are spread over 0..255. */
	readonly levelPerIndex: number;
}

const SIGNATURE_BYTES = 8;
/** Length and type before the data of a chunk, checksum after it. */
const CHUNK_START_BYTES = 8;
const CHUNK_BYTES = 12;
const IHDR_BIT_DEPTH = 8;
const IHDR_COLOUR_TYPE = 9;
const GRAY = 0;
const PALETTE = 3;
/** Chunks that mean the same in a gray image; eXIf carries the orientation. */
const KEPT = new Set(['IDAT', 'IEND', 'eXIf']);

/**
 * Relabels a palette PNG as a gray one, so that any decoder gives its indices instead of its colours: both store the
 * same bits. Null when the PNG has no palette.
 *
 * @param png the whole file; one that is cut short stays so, for the decoder to refuse
 */
export function paletteAsGray(png: Uint8Array): IndexPng | null {
	const source = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
	const header = Buffer.from(source.subarray(SIGNATURE_BYTES, SIGNATURE_BYTES + CHUNK_BYTES + 13));
	if (header[CHUNK_START_BYTES + IHDR_COLOUR_TYPE] !== PALETTE) return null;
	header[CHUNK_START_BYTES + IHDR_COLOUR_TYPE] = GRAY;
	header.writeUInt32BE(crc32(header.subarray(4, header.length - 4)), header.length - 4);
	const parts = [source.subarray(0, SIGNATURE_BYTES), header];
	for (let at = SIGNATURE_BYTES + header.length; at + CHUNK_START_BYTES <= source.length;) {
		const end = at + CHUNK_BYTES + source.readUInt32BE(at);
		if (KEPT.has(source.toString('latin1', at + 4, at + 8))) parts.push(source.subarray(at, end));
		at = end;
	}
	const highest = 2 ** header[CHUNK_START_BYTES + IHDR_BIT_DEPTH] - 1;
	return { png: Buffer.concat(parts), levelPerIndex: 255 / highest };
}

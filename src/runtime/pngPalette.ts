import { open } from 'node:fs/promises';

/** PNG signature, IHDR, and room for the small chunks that may come before the palette. */
const HEAD_BYTES = 65_536;
const SIGNATURE_BYTES = 8;
const PALETTE_COLOUR_TYPE = 3;

/** Colour of a palette PNG's index 0, or null when the PNG has no palette. Decoders give colours, masks mean indices. */
export async function paletteStart(file: string): Promise<readonly number[] | null> {
	const handle = await open(file, 'r');
	try {
		const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
		return findPalette(buffer.subarray(0, bytesRead));
	} finally {
		await handle.close();
	}
}

function findPalette(head: Buffer): readonly number[] | null {
	let isPalette = false;
	for (let at = SIGNATURE_BYTES; at + 12 <= head.length;) {
		const length = head.readUInt32BE(at);
		const type = head.toString('latin1', at + 4, at + 8);
		if (type === 'IHDR') isPalette = head[at + 8 + 9] === PALETTE_COLOUR_TYPE;
		if (type === 'PLTE') return isPalette && at + 11 <= head.length ? [...head.subarray(at + 8, at + 11)] : null;
		if (type === 'IDAT') return null;
		at += length + 12;
	}
	return null;
}

import sharp from 'sharp';
import { recognizeFile } from '../../src/imaging/fileKind';
import type { Random } from '../../src/random';
import { decodeImage, decodeMask, imageHeader } from '../../src/runtime/images';
import { fuzz } from './support/fuzz';
import { mutateBytes, pick } from './support/mutate';

const PIXELS = { raw: { width: 5, height: 4, channels: 3 as const } };
let coded: Uint8Array[];

beforeAll(async () => {
	const raw = Buffer.from(Array.from({ length: 60 }, (_, i) => (i * 37) % 256));
	const image = sharp(raw, PIXELS);
	coded = await Promise.all([
		image.clone().png().toBuffer(),
		image.clone().png({ palette: true }).toBuffer(),
		image.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
		image.clone().webp().toBuffer(),
		image.clone().gif().toBuffer(),
		image.clone().tiff().toBuffer(),
		image.clone().avif({ effort: 0 }).toBuffer(),
	]);
});

fuzz('first bytes of a file', { input: anyImage, parse: recognizeFile, share: 2 });
fuzz('BMP as an image', { input: anyBmp, parse: (bytes) => decodeImage(bytes), share: 3 });
fuzz('BMP as a mask', { input: anyBmp, parse: (bytes) => decodeMask(bytes), share: 2 });
fuzz('BMP header', { input: anyBmp, parse: (bytes) => imageHeader(bytes), share: 2 });
fuzz('PNG, JPEG, WebP, GIF, TIFF and AVIF as an image', {
	input: anyCoded,
	parse: (bytes) => decodeImage(bytes),
});
fuzz('PNG, JPEG, WebP, GIF, TIFF and AVIF as a mask', {
	input: anyCoded,
	parse: (bytes) => decodeMask(bytes),
});
fuzz('their headers', { input: anyCoded, parse: (bytes) => imageHeader(bytes) });

function anyImage(random: Random): Uint8Array {
	return random.integer(2) === 0 ? anyBmp(random) : anyCoded(random);
}

function anyCoded(random: Random): Uint8Array {
	return mutateBytes(pick(random, coded), random);
}

function anyBmp(random: Random): Uint8Array {
	const bmp = mutateBytes(bmpOf(pick(random, [1, 4, 8, 16, 24, 32])), random);
	if (random.integer(3) > 0 && bmp.length > 2) bmp.set([0x42, 0x4d]); // still recognised
	return bmp;
}

/** A BMP of 5 x 4 pixels, by the format's description. */
function bmpOf(bits: number): Uint8Array {
	const colours = bits <= 8 ? 2 ** bits : 0;
	const start = 54 + colours * 4;
	const bytes = Buffer.alloc(start + Math.ceil((5 * bits) / 32) * 4 * 4, 0x5a);
	bytes.write('BM', 0, 'latin1');
	bytes.writeUInt32LE(start, 10);
	bytes.writeUInt32LE(40, 14);
	bytes.writeInt32LE(5, 18);
	bytes.writeInt32LE(4, 22);
	bytes.writeUInt16LE(1, 26);
	bytes.writeUInt16LE(bits, 28);
	bytes.fill(0, 30, 54);
	return new Uint8Array(bytes);
}

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync, crc32 } from 'node:zlib';
import sharp from 'sharp';

import { DinomalyError } from '../../src/errors';
import type { RgbImage } from '../../src/imaging/image';
import type * as Images from '../../src/runtime/images';
import { MAX_PIXELS, decodeImage, decodeMask, encodePng, imageHeader } from '../../src/runtime/images';
import { describeGolden, sharedPath } from '../support/golden';
import { goldenImages } from '../imaging/goldenImages';

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-images-'));
});
afterAll(() => {
	rmSync(folder, { recursive: true, force: true });
});

/** A photo-like image: smooth colours with a little texture, so that it does not compress to nothing. */
function photo(width: number, height: number): RgbImage {
	const data = new Uint8Array(width * height * 3);
	for (let i = 0; i < width * height; i++) {
		const x = i % width;
		const y = Math.floor(i / width);
		data.set([(x * 255) / width, (y * 255) / height, 128 + ((x * 7919 + y * 104729) % 41)], i * 3);
	}
	return { data, width, height, channels: 3 };
}

function encoder({ data, width, height }: RgbImage): sharp.Sharp {
	return sharp(data, { raw: { width, height, channels: 3 } });
}

async function failure(promise: Promise<unknown>): Promise<DinomalyError> {
	const error: unknown = await promise.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (error instanceof DinomalyError) return error;
	throw new Error(`Expected a DinomalyError, got ${String(error)}`);
}

function file(name: string, content: string | Uint8Array): string {
	const created = path.join(folder, name);
	writeFileSync(created, content);
	return created;
}

/** A PNG of one colour type, its rows given with their filter byte. */
function png(header: readonly number[], chunks: readonly (readonly [string, Uint8Array])[]): Uint8Array {
	const all = [['IHDR', Buffer.from(header)], ...chunks, ['IEND', Buffer.alloc(0)]] as [
		string,
		Uint8Array,
	][];
	const parts = all.map(([type, data]) => {
		const chunk = Buffer.alloc(data.length + 12);
		chunk.writeUInt32BE(data.length, 0);
		chunk.write(type, 4, 'latin1');
		chunk.set(data, 8);
		chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
		return chunk;
	});
	return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
}

function sideBytes(width: number, height: number): number[] {
	return [width, height].flatMap((side) => [
		side >>> 24,
		(side >>> 16) & 255,
		(side >>> 8) & 255,
		side & 255,
	]);
}

describeGolden('the reference decoder', () => {
	const { file: golden, images } = goldenImages();

	test.each(images)('$name becomes the same RGB', async ({ name, size }) => {
		const sixteenBit = name === 'gray16' ? 'clip' : 'scale';
		const image = await decodeImage(sharedPath('golden', 'preproc', `${name}.png`), { sixteenBit });
		expect([image.width, image.height]).toEqual(size);
		expect(Buffer.compare(image.data, golden.read(`${name}.rgb`) as Uint8Array)).toBe(0);
	});
});

test.each(['png', 'tiff', 'webp'] as const)(
	'%s decodes to the pixels that were encoded, from a file and from bytes',
	async (format) => {
		const image = photo(67, 45);
		const bytes = await encoder(image)
			.toFormat(format, format === 'tiff' ? { compression: 'lzw' } : { lossless: true })
			.toBuffer();
		const expected = { ...image, orientation: 1 };
		expect(await decodeImage(bytes)).toEqual(expected);
		expect(await decodeImage(file(`photo.${format}`, bytes))).toEqual(expected);
	},
);

test.each(['jpeg', 'avif', 'gif'] as const)(
	'%s decodes at full size, close to what was encoded',
	async (format) => {
		const image = photo(160, 120);
		const decoded = await decodeImage(await encoder(image).toFormat(format).toBuffer());
		expect([decoded.width, decoded.height, decoded.channels]).toEqual([160, 120, 3]);
		const distance =
			decoded.data.reduce((sum, level, i) => sum + Math.abs(level - image.data[i]), 0) /
			decoded.data.length;
		expect(distance).toBeLessThan(8);
	},
);

test('a BMP, which sharp cannot read, decodes as well', async () => {
	const header = Buffer.alloc(54);
	header.write('BM', 0, 'latin1');
	header.writeUInt32LE(54, 10);
	header.writeUInt32LE(40, 14);
	header.writeInt32LE(1, 18);
	header.writeInt32LE(1, 22);
	header.writeUInt16LE(24, 28);
	const bmp = Buffer.concat([header, Buffer.from([3, 2, 1, 0])]);
	const source = file('camera.bmp', bmp);
	expect(await decodeImage(source)).toEqual({
		data: Uint8Array.of(1, 2, 3),
		width: 1,
		height: 1,
		channels: 3,
		orientation: 1,
	});
	expect(await imageHeader(source)).toEqual({ format: 'bmp', width: 1, height: 1, orientation: 1 });
	expect(await decodeMask(source)).toMatchObject({ channels: 3, kind: 'levels' });
	const error = await failure(decodeImage(bmp.subarray(0, 56), { name: 'camera.bmp' }));
	expect(error.message).toBe('Expected a whole BMP image, found one that is cut short in camera.bmp');
	header.writeInt32LE(20_000, 18);
	header.writeInt32LE(20_000, 22);
	expect((await failure(decodeImage(header))).code).toBe('IMAGE_TOO_LARGE');
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is applied and recorded', async (orientation) => {
	const image = photo(30, 20);
	const bytes = await encoder(image).withMetadata({ orientation }).png().toBuffer();
	const decoded = await decodeImage(bytes);
	const turned = orientation >= 5;
	expect(decoded).toMatchObject({ orientation, width: turned ? 20 : 30, height: turned ? 30 : 20 });
	expect(await imageHeader(bytes)).toEqual({
		format: 'png',
		orientation,
		width: decoded.width,
		height: decoded.height,
	});
	// Where the stored top left pixel is to be shown, by the EXIF standard.
	const corner = { 1: 'TL', 2: 'TR', 3: 'BR', 4: 'BL', 5: 'TL', 6: 'TR', 7: 'BR', 8: 'BL' }[orientation]!;
	const x = corner.endsWith('L') ? 0 : decoded.width - 1;
	const y = corner.startsWith('T') ? 0 : decoded.height - 1;
	const start = (y * decoded.width + x) * 3;
	expect(decoded.data.subarray(start, start + 3)).toEqual(image.data.subarray(0, 3));
});

test('alpha is dropped: hidden colours come through as they are stored', async () => {
	const data = Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 128);
	const bytes = await sharp(data, { raw: { width: 2, height: 1, channels: 4 } })
		.png()
		.toBuffer();
	expect(Array.from((await decodeImage(bytes)).data)).toEqual([10, 20, 30, 40, 50, 60]);
});

test('a colour profile does not change the stored colours', async () => {
	const bytes = await sharp({
		create: { width: 2, height: 2, channels: 3, background: { r: 200, g: 30, b: 60 } },
	})
		.withIccProfile('p3')
		.png()
		.toBuffer();
	const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
	expect(Array.from(stored.subarray(0, 3))).not.toEqual([200, 30, 60]);
	expect((await decodeImage(bytes)).data).toEqual(new Uint8Array(stored));
});

test('CMYK becomes RGB', async () => {
	const bytes = await sharp({
		create: { width: 8, height: 8, channels: 3, background: { r: 220, g: 30, b: 40 } },
	})
		.toColourspace('cmyk')
		.jpeg()
		.toBuffer();
	const { data, channels } = await decodeImage(bytes);
	expect(channels).toBe(3);
	expect(data[0]).toBeGreaterThan(180);
	expect(data[1]).toBeLessThan(70);
});

test('16-bit gray is scaled to 8 bits, or clipped when asked for', async () => {
	const levels = Uint16Array.of(0, 255, 256, 65_535);
	const bytes = await sharp(levels, { raw: { width: 4, height: 1, channels: 1 } })
		.toColourspace('grey16')
		.png()
		.toBuffer();
	const red = (image: RgbImage): number[] => Array.from(image.data).filter((_, i) => i % 3 === 0);
	expect(red(await decodeImage(bytes))).toEqual([0, 0, 1, 255]);
	expect(red(await decodeImage(bytes, { sixteenBit: 'clip' }))).toEqual([0, 255, 255, 255]);
});

test('a missing file is INPUT_MISSING, by its name', async () => {
	const error = await failure(decodeImage(path.join(folder, 'nowhere.png')));
	expect(error.code).toBe('INPUT_MISSING');
	expect(error.message).toBe(
		`Expected an image file, found nothing at ${path.join(folder, 'nowhere.png')}`,
	);
	expect((await failure(decodeImage(path.join(file('plain.txt', 'x'), 'below.png')))).code).toBe(
		'INPUT_MISSING',
	);
});

test.each([
	['text.png', 'not an image at all', 'text'],
	['empty.png', '', 'an empty file'],
	['random.jpg', Uint8Array.of(0, 1, 2, 3, 200, 201), 'data of another kind'],
	['drawing.png', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'an SVG drawing'],
	[
		'pointer.png',
		'version https://git-lfs.github.com/spec/v1\n',
		'a Git LFS pointer, whose image was not fetched,',
	],
])('%s is refused for what it is', async (name, content, found) => {
	const source = file(name, content);
	for (const read of [decodeImage, decodeMask, imageHeader]) {
		const error = await failure(read(source));
		expect(error.code).toBe('IMAGE_UNREADABLE');
		expect(error.message).toBe(
			`Expected an image (PNG, JPEG, WebP, TIFF, GIF, AVIF or BMP), found ${found} in ${source}`,
		);
		expect(error.hint).toBeDefined();
	}
});

test('a folder, and no bytes, are refused', async () => {
	const nested = path.join(folder, 'folder.png');
	mkdirSync(nested);
	expect((await failure(decodeImage(nested))).message).toContain('found a folder in');
	expect((await failure(decodeImage(new Uint8Array(0), { name: 'camera 1' }))).message).toContain(
		'found no bytes in camera 1',
	);
});

test.each(['png', 'jpeg', 'webp', 'tiff', 'gif', 'avif'] as const)(
	"a truncated %s is refused in one sentence without the decoder's noise",
	async (format) => {
		const bytes = await encoder(photo(96, 64)).toFormat(format).toBuffer();
		for (const share of [0.1, 0.5, 0.9]) {
			const cut = bytes.subarray(0, Math.round(bytes.length * share));
			const error = await failure(decodeImage(cut, { name: 'part.img' }));
			expect(error.code).toBe('IMAGE_UNREADABLE');
			expect(error.message).toBe(
				`Expected a whole ${format.toUpperCase()} image, found one that is cut short or damaged in part.img`,
			);
		}
	},
);

test('a damaged PNG is refused', async () => {
	const bytes = await encoder(photo(300, 200)).png().toBuffer();
	bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 40);
	expect((await failure(decodeImage(bytes))).code).toBe('IMAGE_UNREADABLE');
});

test('an image above the limit is refused from its header, with both sizes', async () => {
	// No pixel data at all: only the header can have been read.
	const huge = png([...sideBytes(20_000, 20_000), 8, 2, 0, 0, 0], [['IDAT', deflateSync(Buffer.alloc(8))]]);
	const source = file('huge.png', huge);
	for (const error of [await failure(decodeImage(source)), await failure(decodeMask(source))]) {
		expect(error.code).toBe('IMAGE_TOO_LARGE');
		expect(error.message).toBe(
			`Expected at most 100 megapixels, found 20000 x 20000 = 400 megapixels in ${source}`,
		);
	}
	expect(MAX_PIXELS).toBe(100_000_000);
	expect(await imageHeader(source)).toEqual({
		format: 'png',
		width: 20_000,
		height: 20_000,
		orientation: 1,
	});
	const small = await encoder(photo(20, 20)).png().toBuffer();
	expect((await failure(decodeImage(small, { maxPixels: 399 }))).message).toContain('0.0004 megapixels');
	expect((await decodeImage(small, { maxPixels: 400 })).width).toBe(20);
});

test.each([1, 2, 4, 8])(
	'a palette mask of %i bits gives indices, even where colours repeat',
	async (bits) => {
		const highest = 2 ** bits - 1;
		const colours = Buffer.alloc(3 * (highest + 1), 90);
		const row = Buffer.from(bits === 8 ? [0, 0, 255] : [0, 255, 0]);
		const width = bits === 8 ? 2 : (8 / bits) * 2;
		const header = [...sideBytes(width, 1), bits, 3, 0, 0, 0];
		const mask = await decodeMask(
			png(header, [
				['PLTE', colours],
				['tRNS', Buffer.from([0])],
				['IDAT', deflateSync(row)],
			]),
		);
		const half = bits === 8 ? 1 : 8 / bits;
		const expected =
			bits === 8 ? [0, 255] : [...Array<number>(half).fill(highest), ...Array<number>(half).fill(0)];
		expect(mask).toEqual({
			data: Uint8Array.from(expected),
			width,
			height: 1,
			channels: 1,
			kind: 'labels',
		});
	},
);

test('a truncated palette mask is refused', async () => {
	const bytes = await encoder(photo(300, 200)).png({ palette: true }).toBuffer();
	const error = await failure(decodeMask(bytes.subarray(0, bytes.length / 2), { name: 'mask.png' }));
	expect(error.message).toContain('cut short or damaged in mask.png');
});

test('a 16-bit mask loses no value above 0', async () => {
	const encode = async (...levels: number[]): Promise<Buffer> =>
		sharp(Uint16Array.from(levels), { raw: { width: levels.length, height: 1, channels: 1 } })
			.toColourspace('grey16')
			.png()
			.toBuffer();
	expect(await decodeMask(await encode(0, 1, 255))).toMatchObject({
		data: Uint8Array.of(0, 1, 255),
		channels: 1,
		kind: 'levels',
	});
	expect((await decodeMask(await encode(0, 1, 256, 65_535))).data).toEqual(Uint8Array.of(0, 1, 1, 255));
});

test('encoded PNGs decode to the same pixels, gray ones with one channel', async () => {
	const image = photo(33, 21);
	expect((await decodeImage(await encodePng(image))).data).toEqual(image.data);
	const gray = { data: Uint8Array.of(0, 255, 255, 0), width: 2, height: 2, channels: 1 } as const;
	const bytes = await encodePng(gray);
	expect(await decodeMask(bytes)).toMatchObject({ data: gray.data, channels: 1 });
});

test('a sharp that does not load is diagnosed with the platform and what to do', async () => {
	jest.resetModules();
	jest.doMock('sharp', () => {
		throw new Error(
			'Could not load the "sharp" module using the linux-x64 runtime\nPossible solutions:\n- many lines',
		);
	});
	const fresh = jest.requireActual<typeof Images>('../../src/runtime/images');
	const error = (await fresh
		.decodeImage(await encodePng(photo(4, 4)))
		.catch((reason: unknown) => reason)) as DinomalyError;
	expect(error.code).toBe('RUNTIME_MISSING');
	expect(error.message).toContain(`${process.platform}-${process.arch}`);
	expect(error.message).toContain(process.version);
	expect(error.message).not.toContain('\n');
	expect(error.hint).toBeDefined();
	jest.dontMock('sharp');
});

import { decodeBmp, decodeBmpIndices, hasGrayRamp, readBmpHeader } from '../../src/imaging/bmp';

interface Parts {
	readonly width: number;
	readonly height: number;
	readonly bits: number;
	readonly rows: readonly (readonly number[])[];
	readonly palette?: readonly (readonly number[])[];
	readonly compression?: number;
	readonly masks?: readonly number[];
}

/** A BMP by the book: file header, 40-byte information header, masks, palette, rows as given (bottom one first). */
function bmp({ width, height, bits, rows, palette = [], compression = 0, masks = [] }: Parts): Uint8Array {
	const start = 54 + masks.length * 4 + palette.length * 4;
	const header = Buffer.alloc(start);
	header.write('BM', 0, 'latin1');
	header.writeUInt32LE(start, 10);
	header.writeUInt32LE(40, 14);
	header.writeInt32LE(width, 18);
	header.writeInt32LE(height, 22);
	header.writeUInt16LE(1, 26);
	header.writeUInt16LE(bits, 28);
	header.writeUInt32LE(compression, 30);
	header.writeUInt32LE(palette.length, 46);
	masks.forEach((mask, i) => header.writeUInt32LE(mask, 54 + i * 4));
	palette.forEach(([red, green, blue], i) => {
		Buffer.from([blue, green, red, 0]).copy(header, 54 + masks.length * 4 + i * 4);
	});
	return Buffer.concat([header, ...rows.map((row) => Buffer.from(row))]);
}

test('24 bits: rows come from the bottom, blue first, filled up to 4 bytes', () => {
	const bytes = bmp({
		width: 1,
		height: 2,
		bits: 24,
		rows: [
			[3, 2, 1, 0],
			[30, 20, 10, 0],
		],
	});
	expect(decodeBmp(bytes)).toEqual({
		data: Uint8Array.of(10, 20, 30, 1, 2, 3),
		width: 1,
		height: 2,
		channels: 3,
	});
});

test('a negative height means that rows come from the top', () => {
	const bytes = bmp({
		width: 1,
		height: -2,
		bits: 24,
		rows: [
			[3, 2, 1, 0],
			[30, 20, 10, 0],
		],
	});
	expect(Array.from(decodeBmp(bytes).data)).toEqual([1, 2, 3, 10, 20, 30]);
});

test('32 bits: the fourth byte is dropped', () => {
	const bytes = bmp({ width: 2, height: 1, bits: 32, rows: [[3, 2, 1, 0, 6, 5, 4, 128]] });
	expect(Array.from(decodeBmp(bytes).data)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('32 bits with fields of another order', () => {
	const bytes = bmp({
		width: 1,
		height: 1,
		bits: 32,
		compression: 3,
		masks: [0xff, 0xff00, 0xff0000],
		rows: [[9, 8, 7, 0]],
	});
	expect(Array.from(decodeBmp(bytes).data)).toEqual([9, 8, 7]);
});

test('16 bits: five bits a colour spread over 0..255, and six for green where the fields say so', () => {
	expect(
		Array.from(decodeBmp(bmp({ width: 1, height: 1, bits: 16, rows: [[0x1f, 0x7c, 0, 0]] })).data),
	).toEqual([255, 0, 255]);
	const bytes = bmp({
		width: 1,
		height: 1,
		bits: 16,
		compression: 3,
		masks: [0xf800, 0x7e0, 0x1f],
		rows: [[0xe0, 0x07, 0, 0]],
	});
	expect(Array.from(decodeBmp(bytes).data)).toEqual([0, 255, 0]);
});

test.each([
	{ bits: 8, row: [0, 1, 1, 0] },
	{ bits: 4, row: [0x01, 0x10, 0, 0] },
	{ bits: 1, row: [0b01100000, 0, 0, 0] },
])('$bits bits: indices and their colours', ({ bits, row }) => {
	const bytes = bmp({
		width: 4,
		height: 1,
		bits,
		rows: [row],
		palette: [
			[1, 2, 3],
			[200, 100, 50],
		],
	});
	expect(Array.from(decodeBmpIndices(bytes).data)).toEqual([0, 1, 1, 0]);
	expect(Array.from(decodeBmp(bytes).data)).toEqual([1, 2, 3, 200, 100, 50, 200, 100, 50, 1, 2, 3]);
	expect(hasGrayRamp(readBmpHeader(bytes))).toBe(false);
});

test('a palette from black to white is a gray ramp', () => {
	const ramp = Array.from({ length: 256 }, (_, i) => [i, i, i]);
	const parts = { width: 1, height: 1, rows: [[0, 0, 0, 0]] };
	expect(hasGrayRamp(readBmpHeader(bmp({ ...parts, bits: 8, palette: ramp })))).toBe(true);
	expect(
		hasGrayRamp(
			readBmpHeader(
				bmp({
					...parts,
					bits: 1,
					palette: [
						[0, 0, 0],
						[255, 255, 255],
					],
				}),
			),
		),
	).toBe(true);
	expect(hasGrayRamp(readBmpHeader(bmp({ ...parts, bits: 8, palette: [...ramp].reverse() })))).toBe(false);
});

test('damaged, compressed and cut files are refused in words', () => {
	const whole = bmp({
		width: 2,
		height: 2,
		bits: 24,
		rows: [
			[1, 2, 3, 4, 5, 6, 0, 0],
			[1, 2, 3, 4, 5, 6, 0, 0],
		],
	});
	expect(() => decodeBmp(whole.subarray(0, -4))).toThrow('one that is cut short');
	expect(() => decodeBmp(whole.subarray(0, 30))).toThrow('one that is cut short');
	expect(() => readBmpHeader(bmp({ width: 0, height: 2, bits: 24, rows: [] }))).toThrow(
		'one that is damaged',
	);
	expect(() => readBmpHeader(bmp({ width: 2, height: 2, bits: 7, rows: [] }))).toThrow(
		'one that is damaged',
	);
	expect(() => readBmpHeader(bmp({ width: 2, height: 2, bits: 8, compression: 1, rows: [] }))).toThrow(
		'a compressed one',
	);
});

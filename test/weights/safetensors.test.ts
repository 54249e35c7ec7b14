import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import {
	parseSafetensors,
	readSafetensors,
	writeSafetensors,
	type TensorToWrite,
} from '../../src/weights/safetensors';

const GOLDEN = resolve(__dirname, '../../../shared/golden/encoder_tiny.safetensors');
/** Windows would write the 2 GiB of zeros. */
const onSparse = process.platform === 'win32' ? test.skip : test;
const hasGolden = existsSync(GOLDEN);

function goldenTest(title: string, run: () => Promise<void>): void {
	if (hasGolden) test(title, run);
	else test.skip(`${title} (the golden files are not on this machine)`, run);
}

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterEach(async () => {
	await rm(folder, { recursive: true });
});

/** A file as the format's description says: length, JSON, data. */
function encode(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
	const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
	const length = Buffer.alloc(8);
	length.writeBigUInt64LE(BigInt(json.length));
	return new Uint8Array(Buffer.concat([length, json, data]));
}

const entry = (start: number, end: number, shape = [(end - start) / 4], dtype = 'F32') => ({
	dtype,
	shape,
	data_offsets: [start, end],
});

function errorOf(run: () => unknown): unknown {
	try {
		run();
	} catch (error) {
		return error;
	}
	throw new Error('Expected an error, found none');
}

describe('reading', () => {
	test('every dtype comes back in the array that holds it', () => {
		const cases: [string, number, Uint8Array, ArrayLike<unknown>][] = [
			['F64', 8, new Uint8Array(Float64Array.of(Math.PI).buffer), Float64Array.of(Math.PI)],
			['I64', 8, new Uint8Array(BigInt64Array.of(-(2n ** 60n)).buffer), BigInt64Array.of(-(2n ** 60n))],
			['U64', 8, new Uint8Array(BigUint64Array.of(2n ** 63n).buffer), BigUint64Array.of(2n ** 63n)],
			['F32', 4, new Uint8Array(Float32Array.of(1.5).buffer), Float32Array.of(1.5)],
			['I32', 4, new Uint8Array(Int32Array.of(-7).buffer), Int32Array.of(-7)],
			['U32', 4, new Uint8Array(Uint32Array.of(4e9).buffer), Uint32Array.of(4e9)],
			['I16', 2, new Uint8Array(Int16Array.of(-7).buffer), Int16Array.of(-7)],
			['U16', 2, new Uint8Array(Uint16Array.of(65535).buffer), Uint16Array.of(65535)],
			['F16', 2, Uint8Array.of(0, 0x3c), Uint16Array.of(0x3c00)],
			['BF16', 2, Uint8Array.of(0x80, 0x3f), Uint16Array.of(0x3f80)],
			['I8', 1, Uint8Array.of(255), Int8Array.of(-1)],
			['U8', 1, Uint8Array.of(255), Uint8Array.of(255)],
			['BOOL', 1, Uint8Array.of(1), Uint8Array.of(1)],
		];
		for (const [dtype, bytes, data, expected] of cases) {
			const file = parseSafetensors(encode({ x: entry(0, bytes, [1], dtype) }, data));
			expect(file.info('x')).toEqual({ dtype, shape: [1] });
			expect(file.read('x')).toEqual(expected);
		}
	});

	test('float dtypes convert to float32, others are refused', () => {
		const data = Buffer.concat([
			new Uint8Array(Float64Array.of(0.1).buffer),
			new Uint8Array(Float32Array.of(-2).buffer),
			Uint8Array.of(0, 0x3c, 0x80, 0x3f, 1, 1),
		]);
		const header = {
			d: entry(0, 8, [], 'F64'),
			s: entry(8, 12, [], 'F32'),
			h: entry(12, 14, [], 'F16'),
			b: entry(14, 16, [], 'BF16'),
			i: entry(16, 18, [], 'I16'),
		};
		const file = parseSafetensors(encode(header, data), 'mix.safetensors');
		const read = (name: string): number[] => [...file.readFloat32(name)];
		expect([read('d'), read('s'), read('h'), read('b')]).toEqual([[Math.fround(0.1)], [-2], [1], [1]]);
		expect(() => file.readFloat32('i')).toThrow(
			'tensor "i" of mix.safetensors to be F32, F16, BF16 or F64, found I16',
		);
	});

	test('tensors are copies that may lie at any byte', () => {
		const bytes = encode(
			{ a: entry(0, 1, [1], 'U8'), b: entry(1, 5) },
			new Uint8Array([9, ...new Uint8Array(Float32Array.of(2.5).buffer)]),
		);
		const shifted = new Uint8Array(bytes.length + 3).subarray(3);
		shifted.set(bytes);
		const file = parseSafetensors(shifted);
		file.readFloat32('b')[0] = 7;
		expect(file.readFloat32('b')[0]).toBe(2.5);
	});

	goldenTest('a file written by another program reads the same from disk and from memory', async () => {
		const onDisk = await readSafetensors(GOLDEN);
		const inMemory = parseSafetensors(new Uint8Array(await readFile(GOLDEN)));
		expect(onDisk.names).toContain('blocks.11.mlp.fc2.bias');
		expect(JSON.parse(onDisk.metadata.config)).toMatchObject({ dim: 32, heads: 2 });
		for (const name of onDisk.names) expect(onDisk.read(name)).toEqual(inMemory.read(name));
	});

	onSparse('a tensor behind 2 GiB is read from its place in a sparse file', async () => {
		const path = join(folder, 'large.safetensors');
		const large = 2 ** 31 + 64;
		const opening = encode({ big: entry(0, large), last: entry(large, large + 4) });
		await writeFile(path, opening);
		await truncate(path, opening.length + large);
		const file = await open(path, 'r+');
		await file.write(new Uint8Array(Float32Array.of(42).buffer), 0, 4, opening.length + large);
		await file.close();
		expect((await readSafetensors(path)).readFloat32('last')[0]).toBe(42);
	});

	test('a file that changes after it was opened is refused', async () => {
		const path = join(folder, 'x.safetensors');
		await writeFile(path, encode({ x: entry(0, 4) }, new Uint8Array(4)));
		const file = await readSafetensors(path);
		await utimes(path, 1, 1);
		expect(() => file.read('x')).toThrow('has changed since');
		await rm(path);
		expect(errorOf(() => file.read('x'))).toMatchObject({ code: 'INPUT_MISSING' });
	});

	test('a missing file and a missing tensor are named', async () => {
		const path = join(folder, 'none.safetensors');
		await expect(readSafetensors(path)).rejects.toMatchObject({
			code: 'INPUT_MISSING',
			message: expect.stringContaining(path),
		});
		await expect(readSafetensors(folder)).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
		expect(() => parseSafetensors(encode({})).info('cls_token')).toThrow('"cls_token"');
	});
});

describe('hostile files', () => {
	const data = new Uint8Array(8);
	const faults: [string, Uint8Array, string][] = [
		['no bytes at all', new Uint8Array(0), 'found 0 bytes in all'],
		['a length beyond the limit', new Uint8Array(16).fill(255), 'at most 100000000 bytes'],
		[
			'a header that is cut off',
			encode({ x: entry(0, 8) }, data).subarray(0, 20),
			'found 20 bytes in all',
		],
		['a header that is no JSON', encode('{"x": '), 'to be JSON'],
		['a header that is no UTF-8', encode('"').fill(0xff, 8), 'to be JSON in UTF-8'],
		['a list as header', encode('[]'), 'to be a JSON object'],
		[
			'a repeated name',
			encode(
				'{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
			),
			'found 1 repeated',
		],
		[
			'a repeated name in disguise',
			encode(
				'{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0078":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
			),
			'found 1 repeated',
		],
		['an empty name', encode({ '': entry(0, 8) }, data), 'found an empty one'],
		['a control character in a name', encode({ 'a\u001b[2J': entry(0, 8) }, data), 'found "a\\u001b[2J"'],
		['a tensor that is no object', encode({ x: 3 }), 'tensor "x" of bad.safetensors, found 3'],
		[
			'an unknown dtype',
			encode({ x: entry(0, 8, [2], 'F4') }, data),
			'a known dtype for tensor "x" of bad.safetensors, found "F4"',
		],
		['a dtype named after a method', encode({ x: entry(0, 8, [2], 'toString') }, data), 'a known dtype'],
		['a negative side', encode({ x: entry(0, 8, [-2]) }, data), 'list of whole numbers, found [-2]'],
		[
			'a side that is no whole number',
			encode({ x: entry(0, 8, [0.5, 4]) }, data),
			'list of whole numbers',
		],
		[
			'offsets that run backwards',
			encode({ x: { dtype: 'F32', shape: [0], data_offsets: [8, 0] } }, data),
			'a start and an end',
		],
		[
			'three offsets',
			encode({ x: { dtype: 'F32', shape: [0], data_offsets: [0, 0, 0] } }),
			'a start and an end',
		],
		['a tensor beyond the end', encode({ x: entry(0, 16) }, data), 'found only'],
		[
			'a shape that does not fit its bytes',
			encode({ x: entry(0, 8, [3]) }, data),
			'Expected 12 bytes for tensor "x" of bad.safetensors (F32, shape [3]), found 8',
		],
		[
			'a product that overflows',
			encode({ x: entry(0, 8, [2 ** 33, 2 ** 31]) }, data),
			`Expected ${2n ** 66n} bytes`,
		],
		[
			'overlapping tensors',
			encode({ x: entry(0, 8), y: entry(4, 8) }, data),
			'tensor "y" of bad.safetensors to start at byte',
		],
		['a hole between tensors', encode({ x: entry(0, 0), y: entry(4, 8) }, data), 'found a hole'],
		['bytes after the last tensor', encode({ x: entry(0, 4) }, data), 'to end after its last tensor'],
		[
			'metadata that is no text',
			encode({ __metadata__: { a: 1 } }),
			'"a" of bad.safetensors to be a text, found 1',
		],
		['metadata that is no object', encode({ __metadata__: 'a' }), '__metadata__ of bad.safetensors'],
	];

	test.each(faults)('%s: one sentence', (_, bytes, message) => {
		expect(errorOf(() => parseSafetensors(bytes, 'bad.safetensors'))).toMatchObject({
			code: 'WEIGHTS_INVALID',
			message: expect.stringContaining(message),
			hint: expect.any(String),
		});
	});

	test('every truncation of a good file is refused', async () => {
		const path = join(folder, 'cut.safetensors');
		const whole = encode({ x: entry(0, 4), y: entry(4, 8) }, data);
		for (let length = 0; length < whole.length; length += 7) {
			await writeFile(path, whole.subarray(0, length));
			await expect(readSafetensors(path)).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
		}
	});

	test('random bytes never fail in another way', () => {
		const headers = fc.oneof(
			fc.json(),
			fc.string(),
			fc.object().map((value) => JSON.stringify({ x: value })),
		);
		fc.assert(
			fc.property(headers, fc.uint8Array({ maxLength: 16 }), (header, rest) => {
				try {
					parseSafetensors(encode(header, rest));
				} catch (error) {
					expect(error).toMatchObject({ code: 'WEIGHTS_INVALID' });
				}
			}),
		);
	});
});

describe('writing', () => {
	const tensors: TensorToWrite[] = [
		{ name: 'b', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
		{ name: 'a', dtype: 'F32', shape: [2, 1], data: Float32Array.of(0.1, -5) },
		{ name: 'h', dtype: 'F16', shape: [2], data: Float32Array.of(1, 2 ** -24) },
		{ name: 'i', dtype: 'I64', shape: [], data: BigInt64Array.of(-1n) },
		{ name: 'none', dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
		{ name: 'w', dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) },
	];

	test('what is written reads back, aligned to its item size', async () => {
		const path = join(folder, 'x.safetensors');
		await writeSafetensors(path, tensors, { format: 'pt', author: 'ours' });
		const file = await readSafetensors(path);
		expect(file.metadata).toEqual({ author: 'ours', format: 'pt' });
		expect(file.names).toEqual(['i', 'a', 'none', 'h', 'w', 'b']);
		for (const { name, dtype, shape, data } of tensors) {
			expect(file.info(name)).toEqual({ dtype, shape });
			if (name !== 'h') expect(file.read(name)).toEqual(data);
		}
		expect(file.read('h')).toEqual(Uint16Array.of(0x3c00, 1));
		expect((await readFile(path)).readBigUInt64LE() % 8n).toBe(0n);
		expect(await readdir(folder)).toEqual(['x.safetensors']);
	});

	test('the same tensors in another order give the same bytes', async () => {
		await writeSafetensors(join(folder, 'x'), tensors, { b: '2', a: '1' });
		await writeSafetensors(join(folder, 'y'), [...tensors].reverse(), { a: '1', b: '2' });
		expect(await readFile(join(folder, 'y'))).toEqual(await readFile(join(folder, 'x')));
	});

	test('a view into a larger array writes only its part', async () => {
		const path = join(folder, 'x');
		const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
		await writeSafetensors(path, [{ name: 'x', dtype: 'F32', shape: [2], data }]);
		expect((await readSafetensors(path)).read('x')).toEqual(Float32Array.of(2, 3));
	});

	test('contradictory tensors are refused and leave the former file', async () => {
		const path = join(folder, 'x');
		await writeSafetensors(path, tensors);
		const before = await readFile(path);
		const bad: [TensorToWrite[], string][] = [
			[[tensors[0], tensors[0]], '"b" again'],
			[[{ ...tensors[0], shape: [4] }], 'Expected 4 values'],
			[
				[{ ...tensors[0], dtype: 'I64' }],
				'Expected a BigInt64Array for tensor "b" (I64), found a Uint8Array',
			],
			[[{ ...tensors[1], data: Int32Array.of(1, 2) }], 'Expected a Float32Array'],
			[[{ ...tensors[0], name: 'a\n' }], 'control characters'],
		];
		for (const [input, message] of bad) {
			await expect(writeSafetensors(path, input)).rejects.toMatchObject({
				code: 'WEIGHTS_INVALID',
				message: expect.stringContaining(message),
			});
		}
		expect(await readFile(path)).toEqual(before);
		expect(await readdir(folder)).toEqual(['x']);
	});

	test('any list of float tensors survives the round trip', async () => {
		const path = join(folder, 'x');
		const list = fc.uniqueArray(
			fc.record({
				name: fc.string({ minLength: 1 }).filter((n) => !/\p{Cc}/u.test(n) && n !== '__metadata__'),
				values: fc.array(fc.float()).map((list) => Float32Array.from(list)),
			}),
			{ selector: ({ name }) => name, maxLength: 6 },
		);
		await fc.assert(
			fc.asyncProperty(list, async (items) => {
				await writeSafetensors(
					path,
					items.map(({ name, values }) => ({
						name,
						dtype: 'F32' as const,
						shape: [values.length],
						data: values,
					})),
				);
				const file = await readSafetensors(path);
				for (const { name, values } of items) expect(file.read(name)).toEqual(values);
			}),
			{ numRuns: 30 },
		);
	});
});

import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DinomalyError } from '../errors';
import { flushFolder, renameSafely } from '../files/atomicFile';
import { explainWriteError } from '../files/diskError';
import { float32ToBfloat16, float32ToHalf } from './halfPrecision';
import { ITEM_BYTES, LENGTH_BYTES, type Dtype, type TensorData } from './safetensorsHeader';

export interface TensorToWrite {
	readonly name: string;
	readonly dtype: Dtype;
	/** Row-major; empty for a scalar. */
	readonly shape: readonly number[];
	/** Values in `dtype`; for F16 and BF16 bit patterns or a Float32Array, which is rounded to nearest, ties to even. */
	readonly data: TensorData;
}

/** The array that holds values of a dtype, by its tag: `instanceof` would fail for arrays of another realm. */
const ARRAY_OF: Readonly<Record<Dtype, string>> = {
	BOOL: 'Uint8Array',
	U8: 'Uint8Array',
	I8: 'Int8Array',
	F8_E4M3: 'Uint8Array',
	F8_E5M2: 'Uint8Array',
	U16: 'Uint16Array',
	I16: 'Int16Array',
	F16: 'Uint16Array',
	BF16: 'Uint16Array',
	U32: 'Uint32Array',
	I32: 'Int32Array',
	F32: 'Float32Array',
	U64: 'BigUint64Array',
	I64: 'BigInt64Array',
	F64: 'Float64Array',
};

/** The data section starts at a multiple of this, so that readers can map the file and view it. */
const ALIGNMENT = 8;

/**
 * Writes a safetensors file whole or not at all: a temporary file beside it is written, flushed and renamed. Same tensors and metadata give
 * the same bytes, in whatever order they come: wide dtypes first (which keeps every tensor aligned), then by name.
 * The folder must exist. Throws WEIGHTS_INVALID for contradictory input and DISK_FULL.
 */
export async function writeSafetensors(
	path: string,
	tensors: Iterable<TensorToWrite>,
	metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
	const ordered = [...tensors].sort(
		(a, b) => ITEM_BYTES[b.dtype] - ITEM_BYTES[a.dtype] || compare(a.name, b.name),
	);
	const header = encodeHeader(ordered, metadata);
	const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
	try {
		const file = await open(temporary, 'wx');
		try {
			await writeAll(file, header);
			for (const tensor of ordered) await writeAll(file, encodeData(tensor));
			await file.sync();
		} finally {
			await file.close();
		}
		await renameSafely(temporary, path);
	} catch (error) {
		await rm(temporary, { force: true });
		throw await explainWriteError(error, path);
	}
	await flushFolder(dirname(path));
}

function encodeHeader(
	ordered: readonly TensorToWrite[],
	metadata: Readonly<Record<string, string>>,
): Uint8Array {
	const fields: [string, unknown][] = [];
	if (Object.keys(metadata).length > 0) {
		const entries = Object.entries(metadata).sort(([a], [b]) => compare(a, b));
		fields.push(['__metadata__', Object.fromEntries(entries)]);
	}
	const names = new Set<string>();
	let offset = 0;
	for (const tensor of ordered) {
		checkTensor(tensor, names);
		const end = offset + tensor.data.length * ITEM_BYTES[tensor.dtype];
		fields.push([tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
		offset = end;
	}
	const json = new TextEncoder().encode(
		`{${fields.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
	);
	const length = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
	const header = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
	new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
	header.set(json, LENGTH_BYTES);
	return header;
}

function checkTensor({ name, dtype, shape, data }: TensorToWrite, names: Set<string>): void {
	if (name === '' || name === '__metadata__' || /\p{Cc}/u.test(name)) {
		throw invalid(`Expected a tensor name without control characters, found ${JSON.stringify(name)}`);
	}
	if (names.has(name)) throw invalid(`Expected every tensor name once, found "${name}" again`);
	names.add(name);
	const items = shape.reduce((product, side) => product * side, 1);
	if (items !== data.length) {
		throw invalid(
			`Expected ${items} values for tensor "${name}" of shape [${shape.join(', ')}], found ${data.length}`,
		);
	}
	const found = data[Symbol.toStringTag];
	if (found !== ARRAY_OF[dtype] && !isRounded(dtype, data)) {
		throw invalid(`Expected a ${ARRAY_OF[dtype]} for tensor "${name}" (${dtype}), found a ${found}`);
	}
}

function isRounded(dtype: Dtype, data: TensorData): data is Float32Array {
	return (dtype === 'F16' || dtype === 'BF16') && data[Symbol.toStringTag] === 'Float32Array';
}

function encodeData({ dtype, data }: TensorToWrite): Uint8Array {
	if (!isRounded(dtype, data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	const bits = dtype === 'F16' ? float32ToHalf(data) : float32ToBfloat16(data);
	return new Uint8Array(bits.buffer);
}

/** Writes everything, in as many calls as the system needs: it takes at most 2 GiB at once. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
	for (let done = 0; done < bytes.length;) {
		const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, 1 << 30));
		done += bytesWritten;
	}
}

/** By code unit and not by language, so that every machine writes the same bytes. */
function compare(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}

function invalid(message: string): DinomalyError {
	return new DinomalyError('WEIGHTS_INVALID', message, {
		hint: 'This is a fault of the program that wrote the weights: please report it.',
	});
}

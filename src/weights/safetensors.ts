import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { DinomalyError } from '../errors';
import { bfloat16ToFloat32, halfToFloat32 } from './halfPrecision';
import {
	LENGTH_BYTES,
	parseHeader,
	readHeaderLength,
	type Dtype,
	type Header,
	type TensorData,
	type TensorEntry,
	type TensorInfo,
} from './safetensorsHeader';

export type { Dtype, TensorData, TensorInfo } from './safetensorsHeader';
export { writeSafetensors, type TensorToWrite } from './safetensorsWriter';

export interface SafetensorsFile {
	/** What messages call it: the file's name. */
	readonly source: string;
	/** In the order of the header. */
	readonly names: readonly string[];
	readonly metadata: Readonly<Record<string, string>>;
	has(name: string): boolean;
	/** Throws WEIGHTS_INVALID when there is no such tensor. */
	info(name: string): TensorInfo;
	/** A fresh copy of one tensor's values in its own dtype, row-major; reads only that part of the file. */
	read(name: string): TensorData;
	/** A fresh copy as float32: F32 as is, F16 and BF16 exactly, F64 rounded; throws WEIGHTS_INVALID for other dtypes. */
	readFloat32(name: string): Float32Array;
}

/** Fills `into` from byte `position` of the file; throws when it cannot. */
type ReadBytes = (into: Uint8Array, position: number) => void;

/** One read of the system is limited to 2 GiB; smaller pieces cost nothing. */
const MAX_READ_BYTES = 1 << 30;

/**
 * Opens a safetensors file: reads and checks the header, then reads each tensor when asked for, so that files of any size fit.
 * The file is not held open in between; a file that changes meanwhile is refused. Throws WEIGHTS_INVALID or INPUT_MISSING.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
	const source = basename(path);
	const file = await open(path, 'r').catch((cause: unknown) => {
		throw missing(path, cause);
	});
	try {
		const stats = await file.stat();
		if (!stats.isFile()) throw invalid(`Expected ${source} to be a file, found a folder or device`);
		const opening = new Uint8Array(LENGTH_BYTES);
		const { bytesRead } = await file.read(opening, 0, LENGTH_BYTES, 0);
		const length = readHeaderLength(opening.subarray(0, bytesRead), stats.size, source);
		const json = new Uint8Array(length);
		for (let done = 0; done < length;) {
			const read = await file.read(json, done, length - done, LENGTH_BYTES + done);
			if (read.bytesRead === 0) throw changed(source);
			done += read.bytesRead;
		}
		const header = parseHeader(json, stats.size, source);
		return new Reader(header, source, (into, position) => {
			readFromFile(path, stats, into, position);
		});
	} finally {
		await file.close();
	}
}

/** The same for a file that is in memory; `source` names it in messages. Throws WEIGHTS_INVALID. */
export function parseSafetensors(bytes: Uint8Array, source = 'the safetensors data'): SafetensorsFile {
	const length = readHeaderLength(bytes.subarray(0, LENGTH_BYTES), bytes.length, source);
	const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length), bytes.length, source);
	return new Reader(header, source, (into, position) => {
		into.set(bytes.subarray(position, position + into.length));
	});
}

class Reader implements SafetensorsFile {
	readonly names: readonly string[];
	readonly metadata: Readonly<Record<string, string>>;
	private readonly tensors: ReadonlyMap<string, TensorEntry>;

	constructor(
		header: Header,
		readonly source: string,
		private readonly readBytes: ReadBytes,
	) {
		this.tensors = header.tensors;
		this.names = [...header.tensors.keys()];
		this.metadata = header.metadata;
	}

	has(name: string): boolean {
		return this.tensors.has(name);
	}

	info(name: string): TensorInfo {
		const { dtype, shape } = this.entry(name);
		return { dtype, shape };
	}

	read(name: string): TensorData {
		const { dtype, start, end } = this.entry(name);
		const bytes = new Uint8Array(end - start);
		this.readBytes(bytes, start);
		return view(bytes.buffer, dtype);
	}

	readFloat32(name: string): Float32Array {
		const { dtype } = this.entry(name);
		const data = this.read(name);
		if (dtype === 'F32') return data as Float32Array;
		if (dtype === 'F16') return halfToFloat32(data as Uint16Array);
		if (dtype === 'BF16') return bfloat16ToFloat32(data as Uint16Array);
		if (dtype === 'F64') return Float32Array.from(data as Float64Array);
		throw invalid(
			`Expected tensor "${name}" of ${this.source} to be F32, F16, BF16 or F64, found ${dtype}`,
		);
	}

	private entry(name: string): TensorEntry {
		const entry = this.tensors.get(name);
		if (entry === undefined) throw invalid(`Expected a tensor "${name}" in ${this.source}, found none`);
		return entry;
	}
}

/** The format is little-endian, as is every platform that ONNX Runtime has binaries for, so that views suffice. */
function view(buffer: ArrayBuffer, dtype: Dtype): TensorData {
	switch (dtype) {
		case 'F32':
			return new Float32Array(buffer);
		case 'F64':
			return new Float64Array(buffer);
		case 'I8':
			return new Int8Array(buffer);
		case 'I16':
			return new Int16Array(buffer);
		case 'I32':
			return new Int32Array(buffer);
		case 'I64':
			return new BigInt64Array(buffer);
		case 'F16':
		case 'BF16':
		case 'U16':
			return new Uint16Array(buffer);
		case 'U32':
			return new Uint32Array(buffer);
		case 'U64':
			return new BigUint64Array(buffer);
		case 'U8':
		case 'BOOL':
		case 'F8_E4M3':
		case 'F8_E5M2':
			return new Uint8Array(buffer);
	}
}

function readFromFile(path: string, opened: Stats, into: Uint8Array, position: number): void {
	let descriptor: number;
	try {
		descriptor = openSync(path, 'r');
	} catch (cause) {
		throw missing(path, cause);
	}
	try {
		const now = fstatSync(descriptor);
		if (now.size !== opened.size || now.mtimeMs !== opened.mtimeMs || now.ino !== opened.ino)
			throw changed(basename(path));
		for (let done = 0; done < into.length;) {
			const length = Math.min(into.length - done, MAX_READ_BYTES);
			const read = readSync(descriptor, into, done, length, position + done);
			if (read === 0) throw changed(basename(path));
			done += read;
		}
	} finally {
		closeSync(descriptor);
	}
}

function changed(source: string): DinomalyError {
	return invalid(
		`Expected ${source} to stay as it was when it was opened, found that it has changed since`,
	);
}

function missing(path: string, cause: unknown): DinomalyError {
	return new DinomalyError('INPUT_MISSING', `Expected a readable safetensors file at ${path}, found none`, {
		hint: 'Check the path, and that the user that runs this process may read the file.',
		cause,
	});
}

function invalid(message: string): DinomalyError {
	return new DinomalyError('WEIGHTS_INVALID', message, {
		hint: 'Check that this is the right file and that nothing else writes to it.',
	});
}

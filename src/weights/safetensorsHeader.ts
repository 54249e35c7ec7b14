import { DinomalyError } from '../errors';
import { shownValue } from '../shownValue';

/** Item size in bytes of every dtype that the format knows and a whole number of bytes holds. */
export const ITEM_BYTES = {
	BOOL: 1,
	U8: 1,
	I8: 1,
	F8_E4M3: 1,
	F8_E5M2: 1,
	U16: 2,
	I16: 2,
	F16: 2,
	BF16: 2,
	U32: 4,
	I32: 4,
	F32: 4,
	U64: 8,
	I64: 8,
	F64: 8,
} as const;

export type Dtype = keyof typeof ITEM_BYTES;

/** F16 and BF16 as bit patterns in Uint16Array, BOOL and 8-bit floats as bytes. */
export type TensorData =
	| Float32Array
	| Float64Array
	| Int8Array
	| Int16Array
	| Int32Array
	| BigInt64Array
	| Uint8Array
	| Uint16Array
	| Uint32Array
	| BigUint64Array;

export interface TensorInfo {
	readonly dtype: Dtype;
	/** Row-major; empty for a scalar. */
	readonly shape: readonly number[];
}

export interface TensorEntry extends TensorInfo {
	/** Bytes [start, end) of the file. */
	readonly start: number;
	readonly end: number;
}

export interface Header {
	readonly tensors: ReadonlyMap<string, TensorEntry>;
	readonly metadata: Readonly<Record<string, string>>;
}

/** Length of the little-endian integer that opens a file and says how long the header is. */
export const LENGTH_BYTES = 8;
/** No tensor of ours, nor of any encoder, has more dimensions. */
const MAX_DIMENSIONS = 16;
/** Names and values that messages quote are cut after this many characters. */
const SHOWN_CHARACTERS = 120;
/** The limit that the reference reader of the format sets, too. */
const MAX_HEADER_BYTES = 100_000_000;
const HINT = 'The file is damaged, incomplete or not a safetensors file: fetch or write it again.';

/** Reads the header's length from the file's first 8 bytes and checks that such a header fits the file; throws WEIGHTS_INVALID. */
export function readHeaderLength(opening: Uint8Array, fileBytes: number, source: string): number {
	if (opening.length < LENGTH_BYTES) {
		throw invalid(
			`Expected ${source} to start with an ${LENGTH_BYTES}-byte header length, found ${opening.length} bytes in all`,
		);
	}
	const length = new DataView(opening.buffer, opening.byteOffset).getBigUint64(0, true);
	if (length > BigInt(MAX_HEADER_BYTES)) {
		throw invalid(
			`Expected a header of at most ${MAX_HEADER_BYTES} bytes in ${source}, found a length of ${length.toString()}`,
		);
	}
	if (LENGTH_BYTES + Number(length) > fileBytes) {
		throw invalid(
			`Expected ${source} to hold a header of ${length.toString()} bytes, found ${fileBytes} bytes in all`,
		);
	}
	return Number(length);
}

/**
 * Checks a header from an untrusted file in full: names, dtypes, shapes, and that the tensors cover the data section exactly once.
 * `fileBytes` is the size of the whole file. Throws WEIGHTS_INVALID naming the file and the tensor.
 */
export function parseHeader(json: Uint8Array, fileBytes: number, source: string): Header {
	const fields = parseObject(json, source);
	const dataStart = LENGTH_BYTES + json.length;
	const tensors = new Map<string, TensorEntry>();
	let metadata: Readonly<Record<string, string>> = {};
	for (const [name, value] of Object.entries(fields)) {
		if (name === '__metadata__') metadata = parseMetadata(value, source);
		else tensors.set(checkName(name, source), parseEntry(value, { name, dataStart, fileBytes, source }));
	}
	checkCoverage(tensors, { dataStart, fileBytes, source });
	return { tensors, metadata };
}

function parseObject(json: Uint8Array, source: string): Record<string, unknown> {
	let text: string;
	let value: unknown;
	try {
		text = new TextDecoder('utf-8', { fatal: true }).decode(json);
		value = JSON.parse(text);
	} catch (cause) {
		throw new DinomalyError(
			'WEIGHTS_INVALID',
			`Expected the header of ${source} to be JSON in UTF-8, found something else`,
			{
				hint: HINT,
				cause,
			},
		);
	}
	if (!isObject(value))
		throw invalid(`Expected the header of ${source} to be a JSON object, found another JSON value`);
	const found = Object.keys(value).length;
	if (countKeys(text) !== found) {
		throw invalid(
			`Expected every tensor name of ${source} once, found ${countKeys(text) - found} repeated`,
		);
	}
	return value;
}

/** Keys of the outermost object as written; parsing alone would silently keep only the last of two equal ones. */
function countKeys(json: string): number {
	let depth = 0;
	let inString = false;
	let keys = 0;
	for (let i = 0; i < json.length; i++) {
		const char = json[i];
		if (inString) {
			if (char === '\\') i++;
			else if (char === '"') inString = false;
		} else if (char === '"') inString = true;
		else if (char === '{' || char === '[') depth++;
		else if (char === '}' || char === ']') depth--;
		else if (char === ':' && depth === 1) keys++;
	}
	return keys;
}

function parseMetadata(value: unknown, source: string): Readonly<Record<string, string>> {
	if (!isObject(value))
		throw invalid(
			`Expected __metadata__ of ${source} to be an object of texts, found another JSON value`,
		);
	const metadata: [string, string][] = [];
	for (const [key, text] of Object.entries(value)) {
		if (typeof text !== 'string') {
			throw invalid(
				`Expected __metadata__ entry ${quote(key)} of ${source} to be a text, found ${describe(text)}`,
			);
		}
		metadata.push([key, text]);
	}
	return Object.fromEntries(metadata);
}

function checkName(name: string, source: string): string {
	if (name === '') throw invalid(`Expected every tensor of ${source} to have a name, found an empty one`);
	if (/\p{Cc}/u.test(name)) {
		throw invalid(`Expected tensor names of ${source} without control characters, found ${quote(name)}`);
	}
	return name;
}

interface EntryContext {
	readonly name: string;
	readonly dataStart: number;
	readonly fileBytes: number;
	readonly source: string;
}

function parseEntry(value: unknown, { name, dataStart, fileBytes, source }: EntryContext): TensorEntry {
	const tensor = `tensor ${quote(name)} of ${source}`;
	if (!isObject(value)) throw invalid(`Expected an object describing ${tensor}, found ${describe(value)}`);
	const { dtype, shape, data_offsets: offsets } = value;
	if (!isDtype(dtype)) throw invalid(`Expected a known dtype for ${tensor}, found ${describe(dtype)}`);
	if (!isCounts(shape))
		throw invalid(
			`Expected the shape of ${tensor} to be a list of whole numbers, found ${describe(shape)}`,
		);
	if (shape.length > MAX_DIMENSIONS)
		throw invalid(`Expected at most ${MAX_DIMENSIONS} dimensions for ${tensor}, found ${shape.length}`);
	if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
		throw invalid(
			`Expected data_offsets of ${tensor} to be a start and an end, found ${describe(offsets)}`,
		);
	}
	const [start, end] = offsets;
	if (dataStart + end > fileBytes) {
		throw invalid(
			`Expected ${tensor} to end at byte ${dataStart + end}, found only ${fileBytes} bytes in the file`,
		);
	}
	// With so few sides the product stays small enough to be computed at once, and is exact.
	const needed = shape.reduce((product, side) => product * BigInt(side), BigInt(ITEM_BYTES[dtype]));
	if (needed !== BigInt(end - start)) {
		throw invalid(
			`Expected ${needed.toString()} bytes for ${tensor} (${dtype}, shape [${shape.join(', ')}]), found ${end - start}`,
		);
	}
	return { dtype, shape, start: dataStart + start, end: dataStart + end };
}

interface CoverageContext {
	readonly dataStart: number;
	readonly fileBytes: number;
	readonly source: string;
}

/** Overlaps and holes are refused as in the reference reader: they would let two programs see different contents in one file. */
function checkCoverage(
	tensors: ReadonlyMap<string, TensorEntry>,
	{ dataStart, fileBytes, source }: CoverageContext,
): void {
	const ordered = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
	let expected = dataStart;
	for (const [name, { start, end }] of ordered) {
		if (start !== expected) {
			const fault = start < expected ? 'an overlap' : 'a hole';
			throw invalid(
				`Expected tensor ${quote(name)} of ${source} to start at byte ${expected}, found ${fault} (${start})`,
			);
		}
		expected = end;
	}
	if (expected !== fileBytes) {
		throw invalid(
			`Expected ${source} to end after its last tensor at byte ${expected}, found ${fileBytes} bytes`,
		);
	}
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is Dtype {
	return typeof value === 'string' && Object.hasOwn(ITEM_BYTES, value);
}

function isCounts(value: unknown): value is number[] {
	return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0);
}

/** Names and values from the file, short and without characters that could garble a terminal or a log. */
function describe(value: unknown): string {
	return shownValue(value, SHOWN_CHARACTERS);
}

function quote(name: string): string {
	return shownValue(name, SHOWN_CHARACTERS);
}

function invalid(message: string): DinomalyError {
	return new DinomalyError('WEIGHTS_INVALID', message, { hint: HINT });
}

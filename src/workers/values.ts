import { DinomalyError } from '../errors';

/** Bytes that a message is too small for; they travel beside it. */
export interface Parcel {
	readonly bytes: Uint8Array;
}

/** A value as text, and the bytes that it refers to by their place in the list. */
export interface Packed {
	readonly text: string;
	readonly parcels: readonly Uint8Array[];
}

/** Marks what JSON cannot say; an object that has this key by itself is wrapped. */
const MARK = '$dinomaly';
/** Larger arrays travel as parcels, so that Redis, which keeps everything in memory, holds small messages only. */
export const INLINE_BYTES = 256 * 1024;

const ARRAYS = {
	Uint8Array,
	Uint16Array,
	Int32Array,
	Float32Array,
	Float64Array,
} as const;

type ArrayName = keyof typeof ARRAYS;
type TypedArray = InstanceType<(typeof ARRAYS)[ArrayName]>;

/** Numbers that JSON would turn into null or 0. */
const NUMBERS = new Map<string, number>([
	['NaN', NaN],
	['Infinity', Infinity],
	['-Infinity', -Infinity],
	['-0', -0],
]);

/**
 * Writes plain data with typed arrays as text, every number to the last bit. Arrays are in this machine's byte order, which is little-endian on
 * all that the engine runs on.
 */
export function packValue(value: unknown, inlineBytes = INLINE_BYTES): Packed {
	const parcels: Uint8Array[] = [];
	const text = JSON.stringify(toPlain(value, inlineBytes, parcels));
	return { text, parcels };
}

/** Reads what `packValue` wrote; throws CONFIG_INVALID for anything else. */
export function unpackValue({ text, parcels }: Packed): unknown {
	let plain: unknown;
	try {
		plain = JSON.parse(text);
	} catch {
		throw damaged();
	}
	return fromPlain(plain, parcels);
}

function toPlain(value: unknown, inlineBytes: number, parcels: Uint8Array[]): unknown {
	if (typeof value === 'number') {
		const name = Object.is(value, -0) ? '-0' : String(value);
		return NUMBERS.has(name) ? { [MARK]: 'number', value: name } : value;
	}
	if (typeof value !== 'object' || value === null) return value;
	if (Array.isArray(value)) return value.map((part) => toPlain(part, inlineBytes, parcels));
	if (ArrayBuffer.isView(value)) return arrayToPlain(value as TypedArray, inlineBytes, parcels);
	const entries = Object.entries(value).map(([key, part]) => [key, toPlain(part, inlineBytes, parcels)]);
	const plain: unknown = Object.fromEntries(entries);
	return Object.hasOwn(value, MARK) ? { [MARK]: 'object', value: plain } : plain;
}

function arrayToPlain(array: TypedArray, inlineBytes: number, parcels: Uint8Array[]): unknown {
	const found = Object.prototype.toString.call(array).slice('[object '.length, -1); // a Buffer is a Uint8Array
	if (!(found in ARRAYS)) throw new Error(`Expected a typed array that can travel, found ${found}`);
	const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
	if (bytes.length > inlineBytes) return { [MARK]: found, parcel: parcels.push(bytes) - 1 };
	return { [MARK]: found, base64: Buffer.from(bytes).toString('base64') };
}

function fromPlain(plain: unknown, parcels: readonly Uint8Array[]): unknown {
	if (typeof plain !== 'object' || plain === null) return plain;
	if (Array.isArray(plain)) return plain.map((part) => fromPlain(part, parcels));
	if (Object.hasOwn(plain, MARK)) return fromMarked(plain as Record<string, unknown>, parcels);
	return partsFromPlain(plain, parcels);
}

function partsFromPlain(plain: object, parcels: readonly Uint8Array[]): unknown {
	return Object.fromEntries(Object.entries(plain).map(([key, part]) => [key, fromPlain(part, parcels)]));
}

function fromMarked(marked: Record<string, unknown>, parcels: readonly Uint8Array[]): unknown {
	const { [MARK]: kind, value, base64, parcel } = marked;
	if (kind === 'object' && typeof value === 'object' && value !== null)
		return partsFromPlain(value, parcels);
	if (kind === 'number' && typeof value === 'string') {
		const number = NUMBERS.get(value);
		if (number !== undefined) return number;
	}
	if (typeof kind === 'string' && kind in ARRAYS) {
		if (typeof base64 === 'string') return toArray(kind as ArrayName, Buffer.from(base64, 'base64'));
		const bytes = typeof parcel === 'number' ? parcels.at(parcel) : undefined;
		if (bytes !== undefined) return toArray(kind as ArrayName, bytes);
	}
	throw damaged();
}

/** Copied: the bytes may lie anywhere in a shared buffer, and the elements want their place. */
function toArray(kind: ArrayName, bytes: Uint8Array): TypedArray {
	const { buffer } = new Uint8Array(bytes);
	if (buffer.byteLength % ARRAYS[kind].BYTES_PER_ELEMENT !== 0) throw damaged();
	return new ARRAYS[kind](buffer);
}

function damaged(): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		'Expected a message of n8n-nodes-dinomaly in the queue of the engine workers, found something else',
		{ hint: 'Give the engine workers a prefix of their own in Redis.' },
	);
}

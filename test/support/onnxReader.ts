/** A reader of ONNX models that shares no code with the writer: generic protobuf wire format, then onnx.proto's field numbers. */

/** A varint as an integer; anything else as its bytes. */
type Field = bigint | Uint8Array;
type Message = ReadonlyMap<number, Field[]>;

export interface ParsedAttribute {
	readonly type: string;
	/** That of a graph is its operators' names. */
	readonly value: number | string | readonly number[] | readonly string[];
}

export interface ParsedNode {
	readonly name: string;
	readonly opType: string;
	readonly domain: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes: Readonly<Record<string, ParsedAttribute>>;
}

export interface ParsedTensor {
	readonly name: string;
	readonly elementType: number;
	readonly shape: readonly number[];
	/** Absent in the description of an input or output, and empty when the data is external. */
	readonly raw?: Uint8Array;
	readonly external?: Readonly<Record<string, string>>;
	readonly dataLocation?: number;
}

export interface ParsedModel {
	readonly irVersion: number;
	readonly producerName: string;
	readonly producerVersion: string;
	readonly graphName: string;
	readonly opsets: Readonly<Record<string, number>>;
	readonly metadata: Readonly<Record<string, string>>;
	readonly nodes: readonly ParsedNode[];
	readonly initialisers: readonly ParsedTensor[];
	readonly inputs: readonly ParsedTensor[];
	readonly outputs: readonly ParsedTensor[];
}

export function parseModel(bytes: Uint8Array): ParsedModel {
	const model = readMessage(bytes, [1, 2, 3, 7, 8, 14]);
	const graph = readMessage(one(model, 7), [1, 2, 5, 11, 12]);
	const opset = (field: Uint8Array): [string, number] => {
		const message = readMessage(field, [1, 2]);
		return [text(message, 1), number(message, 2)];
	};
	return {
		irVersion: number(model, 1),
		producerName: text(model, 2),
		producerVersion: text(model, 3),
		graphName: text(graph, 2),
		opsets: Object.fromEntries(messages(model, 8).map(opset)),
		metadata: pairs(model, 14),
		nodes: messages(graph, 1).map(parseNode),
		initialisers: messages(graph, 5).map(parseTensor),
		inputs: messages(graph, 11).map(parseValueInfo),
		outputs: messages(graph, 12).map(parseValueInfo),
	};
}

function parseNode(bytes: Uint8Array): ParsedNode {
	const node = readMessage(bytes, [1, 2, 3, 4, 5, 7]);
	return {
		inputs: messages(node, 1).map(decode),
		outputs: messages(node, 2).map(decode),
		name: text(node, 3),
		opType: text(node, 4),
		domain: text(node, 7),
		attributes: Object.fromEntries(messages(node, 5).map(parseAttribute)),
	};
}

/** AttributeProto: f = 2, i = 3, s = 4, g = 6, ints = 8; its type in field 20 says which one is meant. */
function parseAttribute(bytes: Uint8Array): [string, ParsedAttribute] {
	const attribute = readMessage(bytes, [1, 2, 3, 4, 6, 8, 20]);
	const type = number(attribute, 20);
	const name = text(attribute, 1);
	if (type === 1) return [name, { type: 'float', value: float(one(attribute, 2)) }];
	if (type === 2) return [name, { type: 'int', value: number(attribute, 3) }];
	if (type === 3) return [name, { type: 'string', value: text(attribute, 4) }];
	if (type === 5) {
		const graph = readMessage(one(attribute, 6), [1, 2, 5, 11, 12]);
		return [name, { type: 'graph', value: messages(graph, 1).map((node) => parseNode(node).opType) }];
	}
	if (type === 7) return [name, { type: 'ints', value: (attribute.get(8) ?? []).map(signed) }];
	throw new Error(`Attribute ${name} has the type ${type}`);
}

function parseTensor(bytes: Uint8Array): ParsedTensor {
	const tensor = readMessage(bytes, [1, 2, 8, 9, 13, 14]);
	return {
		shape: (tensor.get(1) ?? []).map(signed),
		elementType: number(tensor, 2),
		name: text(tensor, 8),
		raw: tensor.has(9) ? one(tensor, 9) : new Uint8Array(),
		external: pairs(tensor, 13),
		dataLocation: number(tensor, 14),
	};
}

/** ValueInfoProto { name, type { tensor_type { elem_type, shape { dim { dim_value } } } } }. */
function parseValueInfo(bytes: Uint8Array): ParsedTensor {
	const info = readMessage(bytes, [1, 2]);
	const tensor = readMessage(one(readMessage(one(info, 2), [1]), 1), [1, 2]);
	const shape = messages(readMessage(one(tensor, 2), [1]), 1).map((extent) =>
		number(readMessage(extent, [1]), 1),
	);
	return { name: text(info, 1), elementType: number(tensor, 1), shape };
}

/** Fields by number; a field that is not among `known` is an error. */
function readMessage(bytes: Uint8Array, known: readonly number[]): Message {
	const fields = new Map<number, Field[]>();
	let at = 0;
	const varint = (): bigint => {
		let value = 0n;
		for (let shift = 0n; ; shift += 7n) {
			const byte = bytes[at++];
			value |= BigInt(byte & 127) << shift;
			if (byte < 128) return value;
		}
	};
	const take = (length: number): Uint8Array => {
		if (at + length > bytes.length) throw new Error('A field is longer than its message');
		return bytes.subarray(at, (at += length));
	};
	while (at < bytes.length) {
		const key = Number(varint());
		const [number, wireType] = [key >>> 3, key & 7];
		if (!known.includes(number)) throw new Error(`Field ${number} is not expected here`);
		const value =
			wireType === 0 ? varint() : take(wireType === 2 ? Number(varint()) : fixedLength(wireType));
		fields.set(number, [...(fields.get(number) ?? []), value]);
	}
	return fields;
}

function fixedLength(wireType: number): number {
	if (wireType === 5) return 4;
	if (wireType === 1) return 8;
	throw new Error(`Wire type ${wireType} is not used in proto2 and proto3`);
}

function messages(message: Message, field: number): Uint8Array[] {
	return (message.get(field) ?? []).map((value) => {
		if (typeof value === 'bigint') throw new Error(`Field ${field} is a varint, bytes were expected`);
		return value;
	});
}

function one(message: Message, field: number): Uint8Array {
	const found = messages(message, field);
	if (found.length !== 1) throw new Error(`Field ${field} occurs ${found.length} times instead of once`);
	return found[0];
}

/** proto3's default, the empty string, when the field is absent. */
function text(message: Message, field: number): string {
	return message.has(field) ? decode(one(message, field)) : '';
}

function number(message: Message, field: number): number {
	const [value, ...more] = message.get(field) ?? [0n];
	if (more.length > 0) throw new Error(`Field ${field} occurs more than once`);
	return signed(value);
}

/** Negative int64 values are written as their 64-bit complement. */
function signed(value: Field): number {
	if (typeof value !== 'bigint') throw new Error('A varint was expected');
	return Number(BigInt.asIntN(64, value));
}

/** StringStringEntryProto { key, value }. */
function pairs(message: Message, field: number): Record<string, string> {
	return Object.fromEntries(
		messages(message, field).map((bytes) => {
			const pair = readMessage(bytes, [1, 2]);
			return [text(pair, 1), text(pair, 2)];
		}),
	);
}

function float(bytes: Uint8Array): number {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat32(0, true);
}

function decode(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('utf8');
}

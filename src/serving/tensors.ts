/** Bodies of the Open Inference Protocol v2: a JSON head, and after it the values of float32 tensors as bytes (binary tensor data extension). */

/** A float32 tensor by its name. */
export interface FloatTensor {
	readonly name: string;
	readonly shape: readonly number[];
	readonly data: Float32Array;
}

export interface InferRequest {
	readonly inputs: readonly FloatTensor[];
	/** Names of what is asked for. */
	readonly outputs: readonly string[];
}

/** Says how many bytes of a body are JSON. */
export const HEAD_LENGTH = 'inference-header-content-length';

const DATATYPE = 'FP32';
const FLOAT_BYTES = 4;

/** A body that a server could not have meant; the message says what was found. */
export class MalformedAnswer extends Error {}

/** The body of a request and how long its JSON head is. */
export function encodeRequest({ inputs, outputs }: InferRequest): { body: Buffer; headLength: number } {
	const head = Buffer.from(
		JSON.stringify({
			inputs: inputs.map(({ name, shape, data }) => ({
				name,
				shape,
				datatype: DATATYPE,
				parameters: { binary_data_size: data.length * FLOAT_BYTES },
			})),
			outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })),
		}),
	);
	return {
		body: Buffer.concat([head, ...inputs.map(({ data }) => littleEndian(data))]),
		headLength: head.length,
	};
}

/** The same request with all values in its JSON, for servers without the extension. */
export function encodeJsonRequest({ inputs, outputs }: InferRequest): Buffer {
	return Buffer.from(
		JSON.stringify({
			inputs: inputs.map(({ name, shape, data }) => ({
				...{ name, shape, datatype: DATATYPE },
				data: Array.from(data),
			})),
			outputs: outputs.map((name) => ({ name })),
		}),
	);
}

/**
 * The tensors of an answer, with their values as bytes or, from servers without the extension, as numbers in JSON.
 *
 * @param headLength bytes of JSON; null when all of it is
 * @throws MalformedAnswer
 */
export function decodeAnswer(body: Buffer, headLength: number | null): Map<string, FloatTensor> {
	const length = headLength ?? body.length;
	if (!Number.isInteger(length) || length < 0 || length > body.length)
		throw new MalformedAnswer(`a head of ${length} bytes in an answer of ${body.length}`);
	const head = parseObject(body.subarray(0, length));
	if (!Array.isArray(head.outputs)) throw new MalformedAnswer('no list of outputs');
	const tensors = new Map<string, FloatTensor>();
	let offset = length;
	for (const output of head.outputs as unknown[]) {
		const { name, shape, datatype, bytes, values } = readOutput(output);
		if (bytes !== undefined && offset + bytes > body.length)
			throw new MalformedAnswer(`an answer that ends before output "${name}" does`);
		const raw = bytes === undefined ? undefined : body.subarray(offset, offset + bytes);
		offset += bytes ?? 0;
		if (datatype !== DATATYPE) continue; // none of ours: nobody asks for it
		const data = raw === undefined ? numbers(values, name) : floats(raw, name);
		if (data.length !== shape.reduce((product, extent) => product * extent, 1))
			throw new MalformedAnswer(
				`${data.length} values for output "${name}" of shape ${shape.join(' x ')}`,
			);
		tensors.set(name, { name, shape, data });
	}
	return tensors;
}

interface Output {
	readonly name: string;
	readonly shape: readonly number[];
	readonly datatype: string;
	readonly bytes: number | undefined;
	readonly values: unknown;
}

function readOutput(output: unknown): Output {
	const { name, shape, datatype, parameters, data } = asObject(output);
	if (typeof name !== 'string' || !isShape(shape))
		throw new MalformedAnswer('an output without name or shape');
	const bytes = asObject(parameters).binary_data_size;
	if (bytes !== undefined && !isCount(bytes))
		throw new MalformedAnswer(`an impossible size of output "${name.slice(0, 40)}"`);
	return { name, shape, datatype: typeof datatype === 'string' ? datatype : '', bytes, values: data };
}

/** The values of a list that may be nested, row by row. */
function numbers(values: unknown, name: string): Float32Array {
	const flat: unknown[] = Array.isArray(values) ? (values as unknown[]).flat(8) : [];
	if (!Array.isArray(values) || !flat.every((value) => typeof value === 'number'))
		throw new MalformedAnswer(`no values for output "${name}"`);
	return Float32Array.from(flat);
}

function floats(raw: Buffer, name: string): Float32Array {
	if (raw.length % FLOAT_BYTES !== 0)
		throw new MalformedAnswer(`${raw.length} bytes of float32 values for output "${name}"`);
	const data = new Float32Array(raw.length / FLOAT_BYTES);
	for (let i = 0; i < data.length; i++) data[i] = raw.readFloatLE(i * FLOAT_BYTES);
	return data;
}

function littleEndian(data: Float32Array): Buffer {
	const bytes = Buffer.alloc(data.length * FLOAT_BYTES);
	for (let i = 0; i < data.length; i++) bytes.writeFloatLE(data[i], i * FLOAT_BYTES);
	return bytes;
}

/** @throws MalformedAnswer when the bytes are no JSON object */
export function parseObject(bytes: Buffer): Record<string, unknown> {
	try {
		const parsed: unknown = JSON.parse(bytes.toString('utf8'));
		if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
			return parsed as Record<string, unknown>;
	} catch {
		// said below
	}
	throw new MalformedAnswer('something that is no JSON object');
}

/** Whatever it is as an object; one without fields when it is none. */
export function asObject(value: unknown): Record<string, unknown> {
	return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function isShape(value: unknown): value is number[] {
	return Array.isArray(value) && value.every(Number.isSafeInteger);
}

function isCount(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

import { decodeAnswer, encodeRequest, MalformedAnswer } from '../../src/serving/tensors';

/** float32 1.5, -2 and 0.15625, least significant byte first, from IEEE 754 by hand. */
const BYTES = [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0x20, 0x3e];

test('a request is a JSON head and then the values, least significant byte first', () => {
	const data = Float32Array.of(1.5, -2, 0.15625);
	const { body, headLength } = encodeRequest({
		inputs: [{ name: 'image', shape: [1, 3], data }],
		outputs: ['map', 'score'],
	});
	expect(JSON.parse(body.subarray(0, headLength).toString())).toEqual({
		inputs: [{ name: 'image', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: 12 } }],
		outputs: [
			{ name: 'map', parameters: { binary_data: true } },
			{ name: 'score', parameters: { binary_data: true } },
		],
	});
	expect([...body.subarray(headLength)]).toEqual(BYTES);
});

function answer(outputs: unknown, bytes: readonly number[] = []): [Buffer, number] {
	const head = Buffer.from(JSON.stringify({ model_name: 'm', outputs }));
	return [Buffer.concat([head, Buffer.from(bytes)]), head.length];
}

const binary = (name: string, shape: number[], size: number, datatype = 'FP32') => ({
	...{ name, shape, datatype },
	parameters: { binary_data_size: size },
});

test('values come as bytes one after the other, those of other types between them are passed over', () => {
	const tensors = decodeAnswer(
		...answer(
			[binary('a', [1], 4), binary('b', [2], 2, 'UINT8'), binary('c', [2], 8)],
			[...BYTES.slice(0, 4), 7, 7, ...BYTES.slice(4)],
		),
	);
	expect([...tensors.keys()]).toEqual(['a', 'c']);
	expect([...tensors.get('a')!.data]).toEqual([1.5]);
	expect(tensors.get('c')).toMatchObject({ shape: [2], data: Float32Array.of(-2, 0.15625) });
});

test('values in JSON, nested or not, are the same', () => {
	const [body] = answer([
		{ name: 'a', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, 4] },
		{ name: 'b', shape: [2, 2], datatype: 'FP32', data: [[1, 2], [3, 4]] }, // prettier-ignore
	]);
	const tensors = decodeAnswer(body, null);
	for (const name of ['a', 'b']) expect([...tensors.get(name)!.data]).toEqual([1, 2, 3, 4]);
});

test.each<[string, [Buffer, number | null], RegExp]>([
	['text', [Buffer.from('<html>'), null], /no JSON object/],
	['a head beyond the end', [Buffer.from('{}'), 9], /a head of 9 bytes in an answer of 2/],
	['a head of no number', [Buffer.from('{}'), Number.NaN], /a head of NaN bytes/],
	['no outputs', [Buffer.from('{}'), null], /no list of outputs/],
	['an output without a name', answer([{ shape: [1] }]), /without name or shape/],
	['too few bytes', answer([binary('a', [2], 8)], [1, 2, 3]), /ends before output "a" does/],
	['a size that is none', answer([binary('a', [1], -4)]), /impossible size/],
	['bytes that are no floats', answer([binary('a', [1], 3)], [1, 2, 3]), /3 bytes of float32/],
	[
		'another number of values',
		answer([binary('a', [3], 8)], [...BYTES.slice(0, 8)]),
		/2 values for output "a" of shape 3/,
	],
	['no values', answer([{ name: 'a', shape: [1], datatype: 'FP32' }]), /no values for output "a"/],
	['values that are text', answer([{ name: 'a', shape: [1], datatype: 'FP32', data: ['1'] }]), /no values/],
])('an answer with %s is malformed', (_, [body, length], message) => {
	expect(() => decodeAnswer(body, length)).toThrow(MalformedAnswer);
	expect(() => decodeAnswer(body, length)).toThrow(message);
});

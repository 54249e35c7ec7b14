import * as fc from 'fast-check';
import { packValue, unpackValue } from '../../src/workers/values';

const there = (value: unknown, inlineBytes?: number): unknown => unpackValue(packValue(value, inlineBytes));

test('every number arrives to the last bit', () => {
	const arrived = there([NaN, -0, 0, Infinity, -Infinity, 5e-324, 0.1 + 0.2]) as number[];
	expect(arrived.map((one) => Object.is(one, -0))).toEqual([
		false,
		true,
		false,
		false,
		false,
		false,
		false,
	]);
	expect(arrived).toEqual([NaN, -0, 0, Infinity, -Infinity, 5e-324, 0.30000000000000004]);
});

test('any data that JSON can say arrives as it was', () => {
	const key = fc.oneof(fc.string(), fc.constant('$dinomaly'));
	const values = [fc.string(), fc.boolean(), fc.double(), fc.constant(null)];
	fc.assert(
		fc.property(fc.object({ key, values }), (value) => {
			expect(there(value)).toEqual(value);
		}),
		{ numRuns: 200, seed: 7 },
	);
});

test('typed arrays arrive as what they were, whatever buffer they lay in', () => {
	const shared = new Uint8Array([9, 9, 9, 0, 0, 128, 63, 0, 0, 192, 127, 9]); // 1 and NaN from the fourth byte on
	const map = new Float32Array(shared.slice(3, 11).buffer);
	const arrived = there({ map, part: shared.subarray(3, 7), buffer: Buffer.from('png') }) as Record<
		string,
		unknown
	>;
	expect(arrived.map).toEqual(new Float32Array([1, NaN]));
	expect(arrived.part).toEqual(new Uint8Array([0, 0, 128, 63]));
	expect(arrived.buffer).toEqual(new Uint8Array([112, 110, 103]));
});

test('large arrays travel beside the message', () => {
	const image = new Uint8Array(1000).fill(7);
	const { text, parcels } = packValue({ name: 'a.png', image }, 999);
	expect(text).toBe('{"name":"a.png","image":{"$dinomaly":"Uint8Array","parcel":0}}');
	expect(parcels).toEqual([image]);
	expect(unpackValue({ text, parcels })).toEqual({ name: 'a.png', image });
});

test.each([
	['no JSON', 'what'],
	['an unknown kind', '{"$dinomaly":"Function","base64":""}'],
	['a parcel that did not come', '{"$dinomaly":"Uint8Array","parcel":3}'],
	['half a float', '{"$dinomaly":"Float32Array","base64":"AAA="}'],
	['a number that is none', '{"$dinomaly":"number","value":"1"}'],
])('%s is refused in one sentence', (_, text) => {
	expect(() => unpackValue({ text, parcels: [] })).toThrow(
		/^Expected a message of .*, found something else$/,
	);
});

import fc from 'fast-check';
import {
	bfloat16ToFloat32,
	float32ToBfloat16,
	float32ToHalf,
	halfToFloat32,
} from '../../src/weights/halfPrecision';

/** IEEE 754 binary16 by its definition, in doubles, which hold every value exactly. */
function halfValue(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 31;
	const fraction = bits & 1023;
	if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
	return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The even one of the nearest patterns by search over all of them; the step after the largest one counts as infinity. */
function nearestHalf(value: number): number {
	let low = 0;
	let high = 0x7c00;
	const magnitude = Math.abs(value);
	const at = (bits: number): number => (bits === 0x7c00 ? 65536 : halfValue(bits));
	while (high - low > 1) {
		const middle = (low + high) >> 1;
		if (at(middle) <= magnitude) low = middle;
		else high = middle;
	}
	const [below, above] = [magnitude - at(low), at(high) - magnitude];
	const bits = below < above || (below === above && low % 2 === 0) ? low : high;
	return (Object.is(Math.sign(value), -0) || value < 0 ? 0x8000 : 0) | bits;
}

test('every float16 pattern converts to its exact value', () => {
	const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
	const values = halfToFloat32(bits);
	for (let i = 0; i < bits.length; i++) {
		if (!Object.is(values[i], halfValue(i)))
			throw new Error(`${i}: ${values[i]} instead of ${halfValue(i)}`);
	}
});

test('every float16 value survives the way to float32 and back', () => {
	const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i).filter(
		(i) => !Number.isNaN(halfValue(i)),
	);
	expect(float32ToHalf(halfToFloat32(bits))).toEqual(bits);
});

test('float32 rounds to the nearest float16, ties to even', () => {
	const value = fc.oneof(
		fc.float({ noNaN: true }),
		fc.float({ noNaN: true, min: Math.fround(-7e4), max: Math.fround(7e4) }),
		fc.float({ noNaN: true, min: Math.fround(-1e-4), max: Math.fround(1e-4) }),
		// Halfway between two neighbours, where the tie has to be broken.
		fc.integer({ min: 0, max: 0x7bfe }).map((i) => (halfValue(i) + halfValue(i + 1)) / 2),
	);
	fc.assert(
		fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (list) => {
			const values = Float32Array.from(list);
			expect([...float32ToHalf(values)]).toEqual([...values].map(nearestHalf));
		}),
		{ numRuns: 500 },
	);
});

test('the edges of float16 round as IEEE 754 says', () => {
	const edges = Float32Array.of(
		65504,
		65519.996,
		65520,
		-65520,
		2 ** -24,
		2 ** -25,
		2 ** -25 * 1.0001,
		2 ** -14,
		-0,
		Infinity,
	);
	const expected = [0x7bff, 0x7bff, 0x7c00, 0xfc00, 1, 0, 1, 0x400, 0x8000, 0x7c00];
	expect([...float32ToHalf(edges)]).toEqual(expected);
	expect(halfToFloat32(float32ToHalf(Float32Array.of(NaN)))[0]).toBeNaN();
});

test('bfloat16 is the upper half of float32, rounded to even on the way back', () => {
	expect([...bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc040, 0x0001, 0x7f80, 0x8000))]).toEqual([
		1,
		-3,
		2 ** -133,
		Infinity,
		-0,
	]);
	// 1 + 2^-8 lies halfway between 1 and 1 + 2^-7, 1 + 3 * 2^-8 halfway between odd and even.
	const values = Float32Array.of(
		1 + 2 ** -8,
		1 + 3 * 2 ** -8,
		1 + 2 ** -8 + 2 ** -20,
		3.4028235e38,
		-Infinity,
	);
	expect([...float32ToBfloat16(values)]).toEqual([0x3f80, 0x3f82, 0x3f81, 0x7f80, 0xff80]);
	expect(bfloat16ToFloat32(float32ToBfloat16(Float32Array.of(NaN)))[0]).toBeNaN();
});

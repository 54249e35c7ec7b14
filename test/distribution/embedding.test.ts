import { addPatches, distanceBetween, unitEmbedding } from '../../src/distribution/embedding';

test('sums leave class and register tokens out, keep groups apart and count every patch the same', () => {
	// Two groups of four tokens of width 2; the first two tokens are class and register.
	const features = Float32Array.of(9, 9, 8, 8, 3, 4, 0, 700, 7, 7, 6, 6, 10, 0, -8, 6);
	const sums = new Float64Array(4);
	addPatches(sums, features, { groups: 2, prefix: 2, width: 2 });
	expect([...sums].map((sum) => Number(sum.toFixed(9)))).toEqual([0.6, 1.8, 0.2, 0.6]);
	addPatches(sums, features, { groups: 2, prefix: 2, width: 2 });
	expect([...sums].map((sum) => Number(sum.toFixed(9)))).toEqual([1.2, 3.6, 0.4, 1.2]);
});

test('a token of zeros counts nothing', () => {
	const sums = new Float64Array(2);
	addPatches(sums, Float32Array.of(5, 5, 0, 0, 0, 2), { groups: 1, prefix: 1, width: 2 });
	expect([...sums]).toEqual([0, 1]);
});

test('an embedding has length 1, and every group the same share of it, whatever the size of its sums', () => {
	const unit = unitEmbedding([3, 4, 0, 500], 2);
	expect([...unit].map((value) => value * Math.SQRT2)).toEqual([
		expect.closeTo(0.6, 6),
		expect.closeTo(0.8, 6),
		0,
		expect.closeTo(1, 6),
	]);
});

test('distances are 0 for the same direction, the root of 2 for nothing in common, 2 for opposites', () => {
	const at = (...sums: number[]): Float32Array => unitEmbedding(sums, 1);
	expect(distanceBetween(at(1, 2), at(10, 20))).toBeCloseTo(0, 6);
	expect(distanceBetween(at(1, 0), at(0, 5))).toBeCloseTo(Math.SQRT2, 6);
	expect(distanceBetween(at(1, 1), at(-1, -1))).toBeCloseTo(2, 6);
});

test('a group of zeros stays zeros', () => {
	expect([...unitEmbedding([0, 0, 0, 2], 2)]).toEqual([0, 0, 0, expect.closeTo(Math.SQRT1_2, 6)]);
});

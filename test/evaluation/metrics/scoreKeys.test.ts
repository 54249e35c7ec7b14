import fc from 'fast-check';

import { keyOf, requireFinite, scoreOf } from '../../../src/evaluation/metrics/scoreKeys';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

test('keys order exactly as the scores do', () => {
	fc.assert(
		fc.property(finite, finite, (a, b) => {
			expect(Math.sign(keyOf(a) - keyOf(b))).toBe(Math.sign(a - b) + 0);
		}),
		{ numRuns: 2000, seed: 3 },
	);
});

test('neighbouring floats, subnormals and the two zeros keep their order', () => {
	const ascending = [
		-3.4e38, -1, -1.401298464324817e-45, 0, 1.401298464324817e-45, 0.1, 0.10000000894069672, 3.4e38,
	];
	const keys = ascending.map(keyOf);
	expect([...keys].sort((a, b) => a - b)).toEqual(keys);
	expect(new Set(keys).size).toBe(keys.length);
	expect(keyOf(-0)).toBe(keyOf(0));
});

test('a key gives its score back', () => {
	fc.assert(
		fc.property(finite, (score) => scoreOf(keyOf(score)) === score),
		{ numRuns: 1000, seed: 4 },
	);
});

test.each([NaN, Infinity, -Infinity])('%d is refused with its index', (bad) => {
	expect(() => {
		requireFinite(Float32Array.of(0.5, bad));
	}).toThrow(
		expect.objectContaining({
			code: 'SCORE_NOT_FINITE',
			message: `Expected finite scores, found ${bad} at index 1`,
		}) as Error,
	);
});

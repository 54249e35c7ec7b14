import fc from 'fast-check';

import {
	keyOf,
	requireFinite,
	scoreOf,
	sortKeys,
	sortTaggedKeys,
} from '../../../src/evaluation/metrics/scoreKeys';

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

test('keys sort as numbers, whichever digits they share', () => {
	const digits = fc.constantFrom(0, 1, 0x7ff, 0x800, 0x3fffff, 0x400000, 0x80000000, 0xffffffff);
	const lists = fc.oneof(
		fc.uint32Array({ maxLength: 300 }),
		fc.array(digits).map((list) => Uint32Array.from(list)),
	);
	fc.assert(
		fc.property(lists, (keys) => {
			const expected = [...keys].sort((a, b) => a - b);
			expect([...sortKeys(keys.slice())]).toEqual(expected);
			const tagged = sortTaggedKeys(
				keys.slice(),
				Int32Array.from(keys, (_, i) => i),
			);
			expect([...tagged.keys]).toEqual(expected);
			expect([...tagged.tags].map((i) => keys[i])).toEqual(expected);
			expect(new Set(tagged.tags).size).toBe(keys.length);
		}),
		{ numRuns: 300, seed: 5 },
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

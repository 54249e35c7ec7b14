import fc from 'fast-check';

import { KeyCollection, sortTaggedKeys } from '../../../src/evaluation/metrics/radixSort';

/** Keys that differ in all digits, and keys that differ at the digits' edges only. */
const keyLists = fc.oneof(
	fc.uint32Array({ maxLength: 300 }),
	fc
		.array(fc.constantFrom(0, 1, 0x7ff, 0x800, 0x3fffff, 0x400000, 0x80000000, 0xffffffff))
		.map((list) => Uint32Array.from(list)),
);

test('collected keys sort as numbers, also when more are added after sorting', () => {
	fc.assert(
		fc.property(fc.array(keyLists, { maxLength: 4 }), (lists) => {
			const collection = new KeyCollection();
			const all: number[] = [];
			for (const keys of lists) {
				collection.add(keys);
				all.push(...keys);
				expect([...collection.sorted()]).toEqual(all.sort((a, b) => a - b));
			}
			expect(collection.sorted()).toHaveLength(all.length);
		}),
		{ numRuns: 200, seed: 5 },
	);
});

test('a collection spans several blocks, whether they are filled exactly or not', () => {
	for (const sizes of [
		[65_536, 65_536],
		[100_000, 7, 60_000],
		[65_535, 1, 1],
		[0, 200_000],
	]) {
		const collection = new KeyCollection();
		const expected: number[] = [];
		for (const [part, size] of sizes.entries()) {
			const keys = new Uint32Array(size).map((_, i) => Math.imul(i + 1, 2654435761) + part);
			collection.add(keys);
			for (const key of keys) expected.push(key);
		}
		expect(collection.sorted()).toEqual(Uint32Array.from(expected).sort());
	}
});

test('tags go with their keys, equal keys keep their order, and the inputs stay as they are', () => {
	fc.assert(
		fc.property(keyLists, (keys) => {
			const given = { keys: keys.slice(), tags: Int32Array.from(keys.keys()) };
			const sorted = sortTaggedKeys(given);
			const order = [...keys.keys()].sort((a, b) => keys[a] - keys[b] || a - b);
			expect([...sorted.tags]).toEqual(order);
			expect([...sorted.keys]).toEqual(order.map((i) => keys[i]));
			expect(given).toEqual({ keys, tags: Int32Array.from(keys.keys()) });
		}),
		{ numRuns: 200, seed: 6 },
	);
});

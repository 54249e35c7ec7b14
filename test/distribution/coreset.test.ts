import { chooseCoreset, distancesToOthers } from '../../src/distribution/coreset';
import { createRandom } from '../../src/random';

function randomVectors(count: number, width: number, seed: number): Float32Array[] {
	const random = createRandom(seed);
	return Array.from({ length: count }, () => Float32Array.from({ length: width }, () => random.next()));
}

function distance(a: Float32Array, b: Float32Array): number {
	return Math.hypot(...a.map((value, i) => value - b[i]));
}

/** How far the vector that is served worst lies from the nearest chosen one. */
function radius(vectors: readonly Float32Array[], chosen: readonly number[]): number {
	return Math.max(...vectors.map((one) => Math.min(...chosen.map((i) => distance(one, vectors[i])))));
}

function subsets(count: number, size: number, from = 0): number[][] {
	if (size === 0) return [[]];
	return Array.from({ length: count - from }, (_, i) => from + i).flatMap((first) =>
		subsets(count, size - 1, first + 1).map((rest) => [first, ...rest]),
	);
}

test.each([1, 2, 3, 4])('%i vectors serve all within twice the least radius of any choice', (size) => {
	for (let seed = 1; seed <= 6; seed++) {
		const vectors = randomVectors(11, 3, seed);
		const chosen = chooseCoreset(vectors, size);
		expect(new Set(chosen).size).toBe(size);
		const best = Math.min(...subsets(vectors.length, size).map((one) => radius(vectors, one)));
		expect(radius(vectors, chosen)).toBeLessThanOrEqual(2 * best + 1e-6);
	}
});

test('each next vector is the one furthest from all before', () => {
	const vectors = randomVectors(60, 8, 9);
	const chosen = chooseCoreset(vectors, 12);
	for (let k = 1; k < chosen.length; k++) {
		const before = chosen.slice(0, k);
		expect(Math.min(...before.map((i) => distance(vectors[chosen[k]], vectors[i])))).toBeCloseTo(
			radius(vectors, before),
			5,
		);
	}
});

test('as many as there are different vectors are chosen at most', () => {
	const one = Float32Array.of(1, 0);
	const other = Float32Array.of(0, 1);
	expect(chooseCoreset([one, one, other, one], 10)).toHaveLength(2);
	expect(chooseCoreset([], 10)).toEqual([]);
	expect(chooseCoreset([one], 10)).toEqual([0]);
});

test('distances leave the vector itself out', () => {
	const vectors = randomVectors(40, 5, 3);
	const chosen = chooseCoreset(vectors, 7);
	const expected = vectors.map((one, i) =>
		Math.min(...chosen.filter((c) => c !== i).map((c) => distance(one, vectors[c]))),
	);
	distancesToOthers(vectors, chosen).forEach((found, i) => {
		expect(found).toBeCloseTo(expected[i], 5);
	});
	expect(distancesToOthers([Float32Array.of(1)], [0])[0]).toBe(Infinity);
});

import { evaluationMatrix } from '../../src/model/anomalyMap';
import { PartialMapper } from '../../src/model/partialMap';
import { createRandom } from '../../src/random';

const GRID = 7;
const CROP = 98;
const SIDE = 256;

function random(length: number, seed: number): Float32Array {
	const generator = createRandom(seed);
	return Float32Array.from({ length }, () => generator.next());
}

/** M x M^T, every product of it. */
function dense(patches: ArrayLike<number>): Float64Array {
	const { data } = evaluationMatrix(GRID, CROP);
	const result = new Float64Array(SIDE * SIDE);
	for (let y = 0; y < SIDE; y++)
		for (let x = 0; x < SIDE; x++)
			for (let j = 0; j < GRID; j++)
				for (let i = 0; i < GRID; i++)
					result[y * SIDE + x] += data[y * GRID + j] * data[x * GRID + i] * patches[j * GRID + i];
	return result;
}

function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
	let worst = 0;
	for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
	return worst;
}

const mapper = new PartialMapper(GRID, CROP);
const used = Uint8Array.from({ length: GRID * GRID }, (_, i) => Number(i % 3 !== 0 && i < 40));

test('with all patches it is the whole map', () => {
	const distances = random(GRID * GRID, 1);
	const { map, reach } = mapper.map(distances, new Uint8Array(GRID * GRID).fill(1));
	const expected = dense(distances);
	expect(farthest(map, expected)).toBeLessThan(1e-6);
	expect(Math.min(...reach.subarray(0, 1000))).toBeCloseTo(1, 6);
});

test('of some patches each value is their weighted mean, darkened at the edges as the whole map is', () => {
	const distances = random(GRID * GRID, 2);
	const { map, reach } = mapper.map(distances, used);
	const values = dense(distances.map((distance, i) => distance * used[i]));
	const weights = dense(used);
	const full = dense(new Uint8Array(GRID * GRID).fill(1));
	const expected = values.map((value, i) => (weights[i] === 0 ? 0 : (value / weights[i]) * full[i]));
	expect(farthest(map, expected)).toBeLessThan(1e-5);
	expect(
		farthest(
			reach,
			weights.map((weight, i) => weight / full[i]),
		),
	).toBeLessThan(1e-6);
});

test('patches that do not count have no part in any value', () => {
	const distances = random(GRID * GRID, 3);
	const changed = distances.map((distance, i) => (used[i] === 0 ? 1e6 : distance));
	expect(mapper.map(changed, used)).toEqual(mapper.map(distances, used));
});

test('where no patch that counts is near the map is 0', () => {
	const { map, reach } = mapper.map(random(GRID * GRID, 4), used);
	expect([map[SIDE * SIDE - 1], reach[SIDE * SIDE - 1]]).toEqual([0, 0]);
	expect(map.every(Number.isFinite)).toBe(true);
});

import { mapScore } from '../../src/imaging/mapScore';
import type { MapBox } from '../../src/imaging/tileMerger';
import { createRandom } from '../../src/random';

const WIDTH = 60;
const HEIGHT = 40;

function noise(seed: number): Float32Array {
	const random = createRandom(seed);
	return Float32Array.from({ length: WIDTH * HEIGHT }, () => random.next());
}

/** By the words of the definition: sort the values that count, average the top hundredth, take the largest part. */
function bruteForce(data: Float32Array, parts: readonly MapBox[], inspected?: Uint8Array): number {
	const scores = parts.map(([left, top, width, height]) => {
		const values: number[] = [];
		for (let y = top; y < top + height; y++)
			for (let x = left; x < left + width; x++)
				if (!inspected || inspected[y * WIDTH + x]) values.push(data[y * WIDTH + x]);
		const count = Math.max(1, Math.trunc(values.length / 100));
		const top1 = values.sort((a, b) => b - a).slice(0, count);
		return values.length === 0 ? -Infinity : top1.reduce((a, b) => a + b, 0) / count;
	});
	return Math.max(...scores);
}

const PARTS: MapBox[] = [
	[0, 0, 30, 40],
	[20, 0, 40, 40],
	[0, 10, 60, 20],
	[50, 30, 4, 4],
];

test('the score is the largest top-1-% mean of the parts, whatever their order', () => {
	for (let seed = 1; seed < 20; seed++) {
		const map = { data: noise(seed), width: WIDTH, height: HEIGHT };
		const expected = bruteForce(map.data, PARTS);
		expect(mapScore(map, PARTS)).toBeCloseTo(expected, 6);
		expect(mapScore(map, [...PARTS].reverse())).toBeCloseTo(expected, 6);
	}
});

test('values that are not inspected do not count, neither as values nor in the hundredth', () => {
	const data = noise(3);
	const inspected = Uint8Array.from(data, (_, i) => (i % 3 === 0 ? 0 : 1));
	data[0] = 50;
	const map = { data, width: WIDTH, height: HEIGHT };
	expect(mapScore(map, PARTS, inspected)).toBeCloseTo(bruteForce(data, PARTS, inspected), 6);
	expect(mapScore(map, PARTS, inspected)).toBeLessThan(1);
});

test('a score of nothing is not a number', () => {
	const map = { data: noise(1), width: WIDTH, height: HEIGHT };
	expect(mapScore(map, PARTS, new Uint8Array(WIDTH * HEIGHT))).toBeNaN();
});

test('a spot that the whole map would average away counts in full in its tile', () => {
	const data = new Float32Array(WIDTH * HEIGHT);
	data[5] = 1;
	const map = { data, width: WIDTH, height: HEIGHT };
	expect(mapScore(map, [[0, 0, 10, 10]])).toBe(1);
	expect(mapScore(map, [[0, 0, WIDTH, HEIGHT]])).toBeCloseTo(1 / 24, 6);
});

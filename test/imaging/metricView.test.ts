import { coverMask, metricMap, metricSize } from '../../src/imaging/metricView';
import { createRandom } from '../../src/random';

test('maps of at most 2^18 values are taken as they are, larger ones at that many in the same proportions', () => {
	expect(metricSize({ width: 512, height: 512 })).toEqual({ width: 512, height: 512 });
	const { width, height } = metricSize({ width: 1920, height: 1280 });
	expect(width * height).toBeLessThanOrEqual(1 << 18);
	expect(width * height).toBeGreaterThan(0.99 * (1 << 18));
	expect(width / height).toBeCloseTo(1.5, 2);
});

test('a reduced map keeps the mean of what it is made of', () => {
	const random = createRandom(4);
	const map = { width: 1024, height: 1024, data: new Float32Array(1024 * 1024) };
	for (let i = 0; i < map.data.length; i++) map.data[i] = random.next();
	const reduced = metricMap(map);
	expect([reduced.width, reduced.height]).toEqual([512, 512]);
	const at = (x: number, y: number): number => map.data[y * 1024 + x];
	for (const [x, y] of [
		[0, 0],
		[100, 37],
		[511, 511],
	]) {
		const mean =
			(at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1)) / 4;
		expect(reduced.data[y * 512 + x]).toBeCloseTo(mean, 6);
	}
});

test('of a map that was inspected in part a value is the mean of what was, and counts when at least half was', () => {
	const map = { width: 1024, height: 1024, data: new Float32Array(1024 * 1024).fill(7) };
	const inspected = new Uint8Array(1024 * 1024).fill(1);
	// Of the four pixels of each value: all, three, two, one and none of the first five of the top row.
	for (const i of [1024 + 2, 4, 5, 6, 7, 1024 + 6, 8, 9, 1024 + 8, 1024 + 9]) {
		inspected[i] = 0;
		map.data[i] = 1000;
	}
	const reduced = metricMap({ ...map, inspected });
	expect([...reduced.inspected!.subarray(0, 6)]).toEqual([1, 1, 1, 0, 0, 1]);
	expect([...reduced.data.subarray(0, 6)]).toEqual([7, 7, 7, 7, 0, 7]);
});

test('by "nonzero" a pixel counts that a defect touches at all, by "half" one that it covers by more than half', () => {
	// 8 x 4 to 4 x 2: a hair of one pixel, and a block of 2 x 2 and one of 1 x 2.
	const data = new Uint8Array(32);
	data[0] = 1;
	for (const i of [4, 5, 12, 13]) data[i] = 255;
	for (const i of [22, 23, 30]) data[i] = 255;
	const mask = { data, width: 8, height: 4, channels: 1, kind: 'levels' as const };
	const size = { width: 4, height: 2 };
	expect([...coverMask(mask, size, 'nonzero')]).toEqual([1, 0, 1, 0, 0, 0, 0, 1]);
	expect([...coverMask(mask, size, 'half')]).toEqual([0, 0, 1, 0, 0, 0, 0, 1]);
});

test('a mask smaller than the map is enlarged, and the largest of its channels counts', () => {
	const data = Uint8Array.of(0, 0, 0, 0, 0, 9);
	const mask = { data, width: 2, height: 1, channels: 3, kind: 'levels' as const };
	expect([...coverMask(mask, { width: 4, height: 2 })]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
});

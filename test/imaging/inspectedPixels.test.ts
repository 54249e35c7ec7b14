import type { MapGeometry } from '../../src/imaging/geometry';
import { renderHeatmap } from '../../src/imaging/heatmap';
import type { RgbImage } from '../../src/imaging/image';
import type { InspectedPixels } from '../../src/imaging/inspectedPixels';
import { segmentMap } from '../../src/imaging/regions';
import { imageStatistics } from '../../src/imaging/statistics';
import { createRandom } from '../../src/random';

const WIDTH = 48;
const HEIGHT = 32;
const GEOMETRY: MapGeometry = {
	imageSize: 64,
	cropSize: 64,
	mapWidth: 16,
	mapHeight: 16,
	width: WIDTH,
	height: HEIGHT,
};

/** All but a box. */
const inside = (x: number, y: number): boolean => x >= 20 && x < 32 && y >= 8 && y < 20;
const inspected: InspectedPixels = {
	writeRow: (y, target) => {
		for (let x = 0; x < target.length; x++) target[x] = inside(x, y) ? 0 : 1;
	},
};

function noise(seed: number): RgbImage {
	const random = createRandom(seed);
	const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, () => Math.floor(256 * random.next()));
	return { data, width: WIDTH, height: HEIGHT, channels: 3 };
}

test('masks and regions have no pixel where nothing is inspected, and the rest as before', () => {
	const map = Float32Array.from({ length: 256 }, () => 1);
	const { mask, regions } = segmentMap(map, { geometry: GEOMETRY, threshold: 0.5, inspected });
	for (let i = 0; i < mask.data.length; i++)
		expect(mask.data[i]).toBe(inside(i % WIDTH, Math.floor(i / WIDTH)) ? 0 : 255);
	expect(regions).toEqual([{ box: [0, 0, WIDTH, HEIGHT], areaPx: WIDTH * HEIGHT - 144, peak: 1 }]);
	const elsewhere = map.map((_, i) => (Math.floor(i / 16) < 2 ? 1 : 0));
	const whole = segmentMap(elsewhere, { geometry: GEOMETRY, threshold: 0.5 });
	expect(segmentMap(elsewhere, { geometry: GEOMETRY, threshold: 0.5, inspected })).toEqual(whole);
});

test('a heat map is gray and calm where nothing is inspected, and as before elsewhere', () => {
	const image = noise(1);
	const map = Float32Array.from({ length: 256 }, () => 1);
	const options = { geometry: GEOMETRY, anchor: { threshold: 0.5 } };
	const whole = renderHeatmap(map, image, options);
	const partly = renderHeatmap(map, image, { ...options, inspected });
	for (let i = 0; i < WIDTH * HEIGHT; i++) {
		const [r, g, b] = partly.data.subarray(3 * i, 3 * i + 3);
		if (!inside(i % WIDTH, Math.floor(i / WIDTH))) {
			expect([r, g, b]).toEqual([...whole.data.subarray(3 * i, 3 * i + 3)]);
			continue;
		}
		const [red, green, blue] = image.data.subarray(3 * i, 3 * i + 3);
		const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
		expect([r, g]).toEqual([g, b]);
		expect(Math.abs(r - (128 + 0.4 * (luma - 128)))).toBeLessThanOrEqual(1);
	}
});

test('statistics of an image do not see what is not inspected', () => {
	const image = noise(2);
	const other = { ...image, data: image.data.slice() };
	for (let y = 0; y < HEIGHT; y++)
		for (let x = 0; x < WIDTH; x++)
			if (inside(x, y)) other.data.fill(255, (y * WIDTH + x) * 3, (y * WIDTH + x) * 3 + 3);
	expect(imageStatistics(other, inspected)).toEqual(imageStatistics(image, inspected));
	expect(imageStatistics(other)).not.toEqual(imageStatistics(image));
	const all: InspectedPixels = { writeRow: (_, target) => target.fill(1) };
	expect(imageStatistics(image, all)).toEqual(imageStatistics(image));
});

test('brightness is the mean of the inspected pixels', () => {
	const image = noise(3);
	let sum = 0;
	let count = 0;
	for (let i = 0; i < WIDTH * HEIGHT; i++) {
		if (inside(i % WIDTH, Math.floor(i / WIDTH))) continue;
		const [r, g, b] = image.data.subarray(3 * i, 3 * i + 3);
		sum += (0.299 * r + 0.587 * g + 0.114 * b) / 255;
		count++;
	}
	expect(imageStatistics(image, inspected).brightness).toBeCloseTo(sum / count, 12);
});

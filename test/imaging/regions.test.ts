import fc from 'fast-check';

import { labelComponents } from '../../src/imaging/components';
import type { MapGeometry } from '../../src/imaging/geometry';
import { findRegions, renderMask, segmentMap } from '../../src/imaging/regions';
import { MapUpsampler } from '../../src/imaging/upsample';
import { createRandom } from '../../src/random';

/** Each map pixel is 4 x 2 pixels of the original, without a crop. */
const PLAIN: MapGeometry = {
	imageSize: 64,
	cropSize: 64,
	mapWidth: 16,
	mapHeight: 16,
	width: 64,
	height: 32,
};

function mapOf(
	side: number,
	...peaks: readonly (readonly [x: number, y: number, value: number])[]
): Float32Array {
	const map = new Float32Array(side * side);
	for (const [x, y, value] of peaks) map[y * side + x] = value;
	return map;
}

test('a peak becomes a box around the place it came from, in original pixels', () => {
	const [region] = findRegions(mapOf(16, [8, 4, 1]), { geometry: PLAIN, threshold: 0.5 });
	// The peak's centre is (34, 9). Columns 33 and 34 keep 7/8 of it, 32 and 35 keep 5/8; rows 8 and 9 keep 3/4.
	expect(region).toEqual({ box: [33, 8, 2, 2], areaPx: 4, peak: 1 });
});

test('the crop shifts and stretches boxes as it did the image', () => {
	const geometry: MapGeometry = {
		imageSize: 80,
		cropSize: 64,
		mapWidth: 16,
		mapHeight: 16,
		width: 160,
		height: 320,
	};
	const map = new Float32Array(256).fill(0);
	for (let y = 0; y < 16; y++) map.fill(1, y * 16, y * 16 + 16);
	const [region] = findRegions(map, { geometry, threshold: 0.5 });
	// The crop is pixels 8 to 72 of 80: a tenth of the image is cut off on each side.
	expect(region.box).toEqual([16, 32, 128, 256]);
	expect(region.areaPx).toBe(128 * 256);
});

test('regions come by peak, the largest first, with the exact value of the map', () => {
	const map = mapOf(16, [2, 2, 0.7], [12, 2, 0.9], [7, 12, 0.8]);
	const peaks = findRegions(map, { geometry: PLAIN, threshold: 0.3 }).map(({ peak }) => peak);
	expect(peaks).toEqual([Math.fround(0.9), Math.fround(0.8), Math.fround(0.7)]);
});

test('a value at the threshold is not above it', () => {
	const map = new Float32Array(256).fill(0.5);
	const { regions, mask } = segmentMap(map, { geometry: PLAIN, threshold: 0.5 });
	expect(regions).toEqual([]);
	expect(mask.data.some((value) => value !== 0)).toBe(false);
	expect([mask.width, mask.height, mask.channels]).toEqual([64, 32, 1]);
});

test('regions below the smallest area are left out of the mask as well', () => {
	const map = mapOf(16, [2, 2, 1], [11, 8, 1], [12, 8, 1], [11, 9, 1], [12, 9, 1]);
	const all = segmentMap(map, { geometry: PLAIN, threshold: 0.5 });
	const [large, small] = [...all.regions].sort((a, b) => b.areaPx - a.areaPx);
	const options = { geometry: PLAIN, threshold: 0.5, minAreaPx: small.areaPx + 1 };
	expect(findRegions(map, options)).toEqual([large]);
	expect(renderMask(map, options).data.filter((value) => value === 255)).toHaveLength(large.areaPx);
});

test('boxes and areas are those of the components of the rendered mask', () => {
	const geometry = fc.record({
		imageSize: fc.integer({ min: 20, max: 60 }),
		cropSize: fc.integer({ min: 20, max: 60 }),
		mapWidth: fc.constant(8),
		mapHeight: fc.constant(8),
		width: fc.integer({ min: 1, max: 90 }),
		height: fc.integer({ min: 1, max: 90 }),
	});
	const maps = fc.float32Array({ minLength: 64, maxLength: 64, min: 0, max: 1, noNaN: true });
	fc.assert(
		fc.property(geometry, maps, fc.integer({ min: 1, max: 20 }), (found, map, minAreaPx) => {
			const { regions, mask } = segmentMap(map, { geometry: found, threshold: 0.5, minAreaPx });
			expect(regions.map(({ box, areaPx }) => [...box, areaPx].join(' ')).sort()).toEqual(
				componentsOf(mask).sort(),
			);
			const largest = Math.max(...map);
			for (const { peak } of regions) {
				expect(peak).toBeGreaterThan(0.5);
				expect(peak).toBeLessThanOrEqual(largest);
			}
		}),
		{ numRuns: 150 },
	);
});

/** "x y width height area" of each component, by looking at each pixel of each. */
function componentsOf({
	data,
	width,
	height,
}: {
	data: Uint8Array;
	width: number;
	height: number;
}): string[] {
	const { labels, count } = labelComponents(data, width, height);
	return Array.from({ length: count }, (_, i) => {
		const pixels = Array.from(labels.keys()).filter((p) => labels[p] === i + 1);
		const xs = pixels.map((p) => p % width);
		const ys = pixels.map((p) => Math.floor(p / width));
		const [left, top] = [Math.min(...xs), Math.min(...ys)];
		return [left, top, Math.max(...xs) - left + 1, Math.max(...ys) - top + 1, pixels.length].join(' ');
	});
}

test('the mask has every pixel whose value lies above the threshold, wherever in the map', () => {
	const geometry: MapGeometry = {
		...{ imageSize: 32, cropSize: 28, mapWidth: 7, mapHeight: 7 },
		...{ width: 61, height: 45 },
	};
	const random = createRandom(3);
	for (let draw = 0; draw < 20; draw++) {
		const map = Float32Array.from({ length: 49 }, () => random.next() ** 4);
		const upsampler = new MapUpsampler(map, geometry);
		const [left, top, columns, rows] = upsampler.box;
		const expected = new Uint8Array(61 * 45);
		const values = new Float32Array(columns);
		for (let y = top; y < top + rows; y++) {
			upsampler.sampleRow(y, values);
			for (const [x, value] of values.entries()) expected[y * 61 + left + x] = value > 0.5 ? 255 : 0;
		}
		expect(Buffer.compare(renderMask(map, { geometry, threshold: 0.5 }).data, expected)).toBe(0);
		expect(expected.some((value) => value > 0)).toBe(true);
	}
});

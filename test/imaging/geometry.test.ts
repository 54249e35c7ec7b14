import fc from 'fast-check';

import {
	cropOffset,
	inspectedBox,
	mapToOriginal,
	originalToMap,
	type MapGeometry,
} from '../../src/imaging/geometry';

/** The paper's sizes on a 1130 x 460 photo. */
const PHOTO: MapGeometry = {
	imageSize: 448,
	cropSize: 392,
	mapWidth: 256,
	mapHeight: 256,
	width: 1130,
	height: 460,
};

const geometries = fc.record({
	imageSize: fc.integer({ min: 14, max: 600 }),
	cropSize: fc.integer({ min: 14, max: 600 }),
	mapWidth: fc.integer({ min: 1, max: 300 }),
	mapHeight: fc.integer({ min: 1, max: 300 }),
	width: fc.integer({ min: 1, max: 3000 }),
	height: fc.integer({ min: 1, max: 3000 }),
});

test.each([
	[448, 392, 28],
	// Python: round(3.5) = 4, round(9.5) = 10, round(2.5) = 2, round(0.5) = 0.
	[63, 56, 4],
	[61, 42, 10],
	[47, 42, 2],
	[43, 42, 0],
	[42, 42, 0],
	[56, 70, -7],
	[56, 71, -7],
])('a crop of %i to %i starts at %i', (imageSize, cropSize, offset) => {
	expect(cropOffset(imageSize, cropSize)).toBe(offset);
});

test('the corners and the middle of the map lie where the crop was cut', () => {
	const start = mapToOriginal(PHOTO, { x: 0, y: 0 });
	expect(start.x).toBeCloseTo((28 / 448) * 1130, 10);
	expect(start.y).toBeCloseTo((28 / 448) * 460, 10);
	const end = mapToOriginal(PHOTO, { x: 256, y: 256 });
	expect(end.x).toBeCloseTo((420 / 448) * 1130, 10);
	expect(end.y).toBeCloseTo((420 / 448) * 460, 10);
	expect(mapToOriginal(PHOTO, { x: 128, y: 128 })).toEqual({ x: 565, y: 230 });
});

test('there and back again is the same place', () => {
	const coordinate = fc.double({ min: -10, max: 310, noNaN: true });
	fc.assert(
		fc.property(geometries, coordinate, coordinate, (geometry, x, y) => {
			const back = originalToMap(geometry, mapToOriginal(geometry, { x, y }));
			expect(back.x).toBeCloseTo(x, 6);
			expect(back.y).toBeCloseTo(y, 6);
		}),
	);
});

test('the inspected box holds the pixels whose centres the map covers, and no others', () => {
	fc.assert(
		fc.property(geometries, (geometry) => {
			const [left, , width] = inspectedBox(geometry);
			for (const x of [left - 1, left, left + width - 1, left + width]) {
				if (x < 0 || x >= geometry.width || width === 0) continue;
				const covered = originalToMap(geometry, { x: x + 0.5, y: 0 }).x;
				const inside = x >= left && x < left + width;
				if (inside) {
					expect(covered).toBeGreaterThan(-1e-6);
					expect(covered).toBeLessThan(geometry.mapWidth + 1e-6);
				} else {
					expect(covered < 1e-6 || covered > geometry.mapWidth - 1e-6).toBe(true);
				}
			}
		}),
	);
});

test('without a crop the whole image is inspected, and a padded one no further than its borders', () => {
	expect(inspectedBox({ ...PHOTO, imageSize: 392 })).toEqual([0, 0, 1130, 460]);
	expect(inspectedBox({ ...PHOTO, imageSize: 300 })).toEqual([0, 0, 1130, 460]);
	expect(inspectedBox(PHOTO)).toEqual([71, 29, 988, 402]);
});

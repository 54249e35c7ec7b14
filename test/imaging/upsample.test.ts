import fc from 'fast-check';

import type { MapGeometry } from '../../src/imaging/geometry';
import { MapUpsampler } from '../../src/imaging/upsample';

const GEOMETRY: MapGeometry = {
	imageSize: 50,
	cropSize: 40,
	mapWidth: 10,
	mapHeight: 10,
	width: 230,
	height: 75,
};

function rowOf(upsampler: MapUpsampler, y: number): Float32Array {
	const row = new Float32Array(upsampler.box[2]);
	upsampler.sampleRow(y, row);
	return row;
}

test('a plane stays that plane in original coordinates, except for the flat half pixel at its rim', () => {
	const map = Float32Array.from(
		{ length: 100 },
		(_, i) => (i % 10) + 0.5 + 100 * (Math.floor(i / 10) + 0.5),
	);
	const upsampler = new MapUpsampler(map, GEOMETRY);
	const [left, top, width, height] = upsampler.box;
	for (let y = top; y < top + height; y++) {
		const row = rowOf(upsampler, y);
		const v = (((y + 0.5) * 50) / 75 - 5) / 4;
		for (let x = 0; x < width; x++) {
			const u = (((left + x + 0.5) * 50) / 230 - 5) / 4;
			const expected = Math.min(9.5, Math.max(0.5, u)) + 100 * Math.min(9.5, Math.max(0.5, v));
			expect(Math.abs(row[x] - expected)).toBeLessThan(1e-3);
		}
	}
});

test('rows are the same in whatever order they are asked for', () => {
	const map = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i * i));
	const inOrder = new MapUpsampler(map, GEOMETRY);
	const [, top, , height] = inOrder.box;
	const rows = Array.from({ length: height }, (_, i) => rowOf(inOrder, top + i));
	const jumping = new MapUpsampler(map, GEOMETRY);
	fc.assert(
		fc.property(fc.integer({ min: 0, max: height - 1 }), (i) => {
			expect(rowOf(jumping, top + i)).toEqual(rows[i]);
		}),
		{ numRuns: 200 },
	);
});

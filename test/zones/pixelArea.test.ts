import fc from 'fast-check';
import { PixelArea } from '../../src/zones/pixelArea';
import { inspectedOneByOne, zonesOf, type Drawing } from './bruteForce';
import { drawings } from './drawings';

const SIZE = { width: 37, height: 23 };

function areaOf(drawing: Drawing, size = drawing.size): PixelArea {
	return PixelArea.of(zonesOf(drawing).zones, drawing.size, size);
}

test.each([
	['the size that the zones were drawn on', SIZE],
	['twice that size', { width: 74, height: 46 }],
	['a smaller size of about the same proportions', { width: 20, height: 12 }],
])('is what pixels tell one by one, at %s', (_, size) => {
	fc.assert(
		fc.property(drawings(SIZE), (drawing) => {
			const area = areaOf(drawing, size);
			const row = new Uint8Array(size.width);
			let count = 0;
			const wrong: number[] = [];
			inspectedOneByOne(drawing, size).forEach((expected, i) => {
				const [x, y] = [i % size.width, Math.floor(i / size.width)];
				if (x === 0) area.writeRow(y, row);
				count += row[x];
				const found = row[x] === 1;
				if (area.has(x, y) !== found || (expected ?? found) !== found) wrong.push(i);
			});
			expect(wrong).toEqual([]);
			expect(area.count).toBe(count);
		}),
		{ numRuns: 60 },
	);
});

test('counts the pixels of any box', () => {
	const side = fc.integer({ min: 0, max: 12 });
	fc.assert(
		fc.property(drawings(SIZE), side, side, side, side, (drawing, left, top, width, height) => {
			const area = areaOf(drawing);
			let count = 0;
			for (let y = top; y < top + height && y < SIZE.height; y++)
				for (let x = left; x < left + width; x++) count += Number(area.has(x, y));
			expect(area.countIn([left, top, width, Math.min(height, SIZE.height - top)])).toBe(count);
		}),
		{ numRuns: 60 },
	);
});

test('a rectangle to ignore takes exactly its pixels away', () => {
	const corners = [
		[10, 5],
		[20, 5],
		[20, 15],
		[10, 15],
	] as [number, number][];
	const ignoring = areaOf({ size: SIZE, zones: [{ use: 'ignore', corners }] });
	expect(ignoring.count).toBe(SIZE.width * SIZE.height - 100);
	expect([ignoring.has(9, 5), ignoring.has(10, 5), ignoring.has(19, 14), ignoring.has(20, 14)]).toEqual([
		true,
		false,
		false,
		true,
	]);
	expect(areaOf({ size: SIZE, zones: [{ use: 'inspect', corners }] }).count).toBe(100);
});

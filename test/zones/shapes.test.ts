import fc from 'fast-check';
import {
	boxAround,
	polygonZone,
	rectangleZone,
	shareInZones,
	type Point,
	type Zone,
} from '../../src/zones/shapes';

const square = rectangleZone('square', '10, 10, 20, 20');
const triangle = polygonZone('triangle', '0,0 40,0 0,40');

test.each<[string, Zone[], [number, number, number, number], number]>([
	['all of a box inside', [square], [12, 12, 4, 4], 1],
	['a quarter of it', [square], [5, 5, 10, 10], 0.25],
	['none of it', [square], [30, 10, 4, 4], 0],
	['a box around the zone', [square], [0, 0, 40, 40], 0.25],
	['half a box cut by a diagonal', [triangle], [10, 10, 20, 20], 0.5],
	['two zones side by side', [square, rectangleZone('next', '30 10 20 20')], [25, 12, 10, 4], 1],
	['zones that overlap count once', [square, square], [5, 5, 10, 10], 0.25],
])('%s', (_, zones, box, share) => {
	expect(shareInZones(box, zones)).toBeCloseTo(share, 10);
});

test('against places in random boxes and polygons, one by one', () => {
	const coordinate = fc.integer({ min: 0, max: 40 });
	const corners = fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 5 });
	const side = fc.integer({ min: 5, max: 12 });
	const box = fc.tuple(coordinate, coordinate, side, side);
	const places = 20; // in each pixel of a row, along its middle
	fc.assert(
		fc.property(
			fc.array(corners, { minLength: 1, maxLength: 2 }),
			box,
			(polygons, [x, y, width, height]) => {
				const zones: Zone[] = polygons.map((points, i) => ({ name: String(i), corners: points }));
				let hits = 0;
				for (let row = 0; row < height; row++)
					for (let i = 0; i < places * width; i++)
						if (zones.some((zone) => isInside([x + (i + 0.5) / places, y + row + 0.5], zone)))
							hits++;
				const measured = hits / (places * width * height);
				// Each of up to ten crossings of a row is found to half a step.
				const tolerance = (10 * 0.5) / (places * width);
				expect(Math.abs(shareInZones([x, y, width, height], zones) - measured)).toBeLessThan(
					tolerance,
				);
			},
		),
		{ numRuns: 60 },
	);
});

/** Winding parity by the angle that the polygon turns around the point; another way than crossings. */
function isInside([px, py]: Point, { corners }: Zone): boolean {
	let turned = 0;
	for (let i = 0; i < corners.length; i++) {
		const [ax, ay] = corners[i];
		const [bx, by] = corners[(i + 1) % corners.length];
		turned += Math.atan2(
			(ax - px) * (by - py) - (ay - py) * (bx - px),
			(ax - px) * (bx - px) + (ay - py) * (by - py),
		);
	}
	return Math.abs(Math.round(turned / (2 * Math.PI))) % 2 === 1;
}

test('numbers may be written as people and programs do', () => {
	const corners = [
		[1, 2],
		[3.5, 4],
		[-5, 60],
	];
	for (const text of [
		'1,2 3.5,4 -5,60',
		'1 2 3.5 4 -5 60',
		'[[1, 2], [3.5, 4], [-5, 60]]',
		'(1;2) (3.5;4) (-5;60)',
	])
		expect(polygonZone('any', text).corners).toEqual(corners);
	expect(boxAround(polygonZone('any', '1,2 3.5,4 -5,60'))).toEqual([-5, 2, 8.5, 58]);
});

test.each([
	[
		() => rectangleZone('seal', '1, 2, 3'),
		'Expected zone "seal" to be the four numbers x, y, width and height',
	],
	[() => rectangleZone('seal', '1, 2, 0, 4'), 'found "1, 2, 0, 4"'],
	[() => rectangleZone('seal', ' '), 'found nothing'],
	[() => polygonZone('seal', '1,2 3,4'), 'Expected zone "seal" to be at least three corners'],
	[() => polygonZone('seal', '1,2 3,4 5,6 7'), 'at least three corners'],
	[() => polygonZone('seal', '1,2 3,4 5,x'), 'found "1,2 3,4 5,x"'],
])('what is no zone is refused: %s', (make, message) => {
	expect(make).toThrow(message);
});

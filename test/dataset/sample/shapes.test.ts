import { textDot, textInk, textWidth } from '../../../src/dataset/sample/font';
import { Noise } from '../../../src/dataset/sample/noise';
import {
	coverage,
	curve,
	distanceOf,
	lineLength,
	nearestOnLine,
	roundedBox,
	smoothstep,
} from '../../../src/dataset/sample/shapes';
import { createRandom } from '../../../src/random';

test('a pixel on an edge is half covered', () => {
	expect([coverage(-2), coverage(0), coverage(2), coverage(0.25)]).toEqual([1, 0.5, 0, 0.25]);
});

test('the distance to a box is negative inside and right outside and at the corners', () => {
	expect(roundedBox(0, 0, 3, 2, 0)).toBe(-2);
	expect(roundedBox(5, 0, 3, 2, 0)).toBe(2);
	expect(roundedBox(6, 6, 3, 2, 0)).toBe(5);
	expect(roundedBox(10, 0, 4, 4, 4)).toBe(6);
	expect(roundedBox(3, 4, 2, 2, 2)).toBe(3);
});

test('smoothstep runs from 0 to 1 in either direction', () => {
	expect([smoothstep(2, 4, 1), smoothstep(2, 4, 3), smoothstep(2, 4, 5)]).toEqual([0, 0.5, 1]);
	expect(smoothstep(4, 2, 1)).toBe(1);
});

test('the nearest place on a line has distance, way along and side', () => {
	const line = [
		{ x: 0, y: 0 },
		{ x: 10, y: 0 },
		{ x: 10, y: 10 },
	];
	expect(nearestOnLine(line, 4, 3)).toEqual({ distance: 3, along: 4, side: 1 });
	expect(nearestOnLine(line, 4, -3)).toEqual({ distance: 3, along: 4, side: -1 });
	expect(nearestOnLine(line, 12, 5)).toMatchObject({ distance: 2, along: 15 });
	expect(nearestOnLine(line, -3, -4).distance).toBe(5);
	expect(lineLength(line)).toBe(20);
});

test('a curve without bend is a straight line between its ends', () => {
	const line = curve({ x: 0, y: 0 }, { x: 3, y: 4 }, { x: 6, y: 8 });
	expect(lineLength(line)).toBeCloseTo(10, 10);
	expect(line.at(-1)).toEqual({ x: 6, y: 8 });
});

test('noise is smooth, bounded, and repeats only around a circle', () => {
	const noise = new Noise(createRandom(1));
	const again = new Noise(createRandom(1));
	for (let i = 0; i < 500; i++) {
		const x = i * 0.37 - 90;
		const y = i * 0.61 - 120;
		expect(Math.abs(noise.at(x, y))).toBeLessThanOrEqual(1);
		expect(Math.abs(noise.fractal(x, y, 4))).toBeLessThanOrEqual(1);
		expect(Math.abs(noise.at(x, y) - noise.at(x + 0.001, y))).toBeLessThan(0.01);
		expect(noise.around(x, y, 16)).toBeCloseTo(noise.around(x + 16, y, 16), 8);
		expect(again.at(x, y)).toBe(noise.at(x, y));
	}
});

test('letters are dots; between two dots the ink is soft', () => {
	expect(textWidth('AB')).toBe(11);
	expect(Array.from({ length: 7 }, (_, row) => textDot('T', 2, row))).toEqual(Array(7).fill(true));
	expect([textDot('T', 0, 0), textDot('T', 0, 1), textDot('T', -1, 0), textDot('T', 0, 7)]).toEqual([
		true,
		false,
		false,
		false,
	]);
	expect(textInk('T', 2.5, 3.5)).toBe(1);
	expect(textInk('T', 0.5, 3.5)).toBe(0);
	expect(distanceOf(3, 4)).toBe(5);
});

import { DinomalyError } from '../errors';
import { shownValue } from '../shownValue';

/** [x, y] in pixels of the original image, from its upper left corner. */
export type Point = readonly [x: number, y: number];

/** [x, y, width, height] in pixels of the original image. */
export type Rectangle = readonly [x: number, y: number, width: number, height: number];

/** A part of the image that somebody has marked. */
export interface Zone {
	readonly name: string;
	/** Corners in order, at least three; sides may cross, then what lies in an odd number of loops belongs to the zone. */
	readonly corners: readonly Point[];
}

/** A zone has no more corners than a person draws. */
const MAX_CORNERS = 1000;
/** Far outside of any image; larger ones overflow when they are computed with. */
const MAX_COORDINATE_PX = 1e9;

/** A zone from the four numbers of a rectangle, "x, y, width, height"; throws CONFIG_INVALID. */
export function rectangleZone(name: string, text: string): Zone {
	const numbers = numbersIn(text);
	if (numbers?.length !== 4 || numbers[2] <= 0 || numbers[3] <= 0)
		throw badZone(name, 'the four numbers x, y, width and height, such as "120, 80, 200, 150"', text);
	const [x, y, width, height] = numbers;
	return {
		name,
		corners: [
			[x, y],
			[x + width, y],
			[x + width, y + height],
			[x, y + height],
		],
	};
}

/** A zone from the corners of a polygon, "x,y x,y x,y"; throws CONFIG_INVALID. */
export function polygonZone(name: string, text: string): Zone {
	const numbers = numbersIn(text);
	const count = (numbers?.length ?? 0) / 2;
	if (numbers === undefined || count < 3 || count > MAX_CORNERS || !Number.isInteger(count))
		throw badZone(name, 'at least three corners, such as "10,10 200,20 120,180"', text);
	const corners = Array.from({ length: count }, (_, i): Point => [numbers[2 * i], numbers[2 * i + 1]]);
	return { name, corners };
}

/** Share of a box, in [0, 1], that lies in one zone or several; each row of pixels is measured along its middle. */
export function shareInZones([x, y, width, height]: Rectangle, zones: readonly Zone[]): number {
	if (!(width > 0 && height > 0)) return 0;
	const rows = Math.max(1, Math.round(height));
	let covered = 0;
	for (let row = 0; row < rows; row++) {
		const middle = y + ((row + 0.5) * height) / rows;
		const stretches = zones.flatMap(({ corners }) => stretchesAt(corners, middle));
		covered += lengthWithin(stretches, x, x + width);
	}
	return covered / (rows * width);
}

/** The smallest upright box around a zone. */
export function boxAround({ corners }: Zone): Rectangle {
	const xs = corners.map(([x]) => x);
	const ys = corners.map(([, y]) => y);
	const [left, top] = [Math.min(...xs), Math.min(...ys)];
	return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/** Part of a row from one place to another. */
export type Stretch = readonly [from: number, to: number];

/** Where the line at height `y` runs inside a polygon (even-odd rule): ascending, apart from each other. */
export function stretchesAt(corners: readonly Point[], y: number): Stretch[] {
	const crossings: number[] = [];
	for (let i = 0; i < corners.length; i++) {
		const [x1, y1] = corners[i];
		const [x2, y2] = corners[(i + 1) % corners.length];
		// A corner on the line belongs to the side below it only, so that two sides that meet there count once.
		if (y1 <= y === y2 <= y) continue;
		crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
	}
	crossings.sort((a, b) => a - b);
	return Array.from({ length: crossings.length >> 1 }, (_, i): Stretch => [
		crossings[2 * i],
		crossings[2 * i + 1],
	]);
}

/** Length of the union of stretches between `left` and `right`. */
function lengthWithin(stretches: Stretch[], left: number, right: number): number {
	let length = 0;
	let reached = left;
	for (const [from, to] of stretches.sort((a, b) => a[0] - b[0])) {
		const start = Math.max(from, reached);
		const end = Math.min(to, right);
		if (end <= start) continue;
		length += end - start;
		reached = end;
	}
	return length;
}

/** The numbers of a text, whatever separates them; undefined when there is anything else in it, or a number beyond any image. */
function numbersIn(text: string): number[] | undefined {
	const parts = text.split(/[\s,;()[\]]+/).filter((part) => part !== '');
	const numbers = parts.map(Number);
	return numbers.every((number) => Math.abs(number) <= MAX_COORDINATE_PX) ? numbers : undefined;
}

function badZone(name: string, expected: string, found: string): DinomalyError {
	const shown = found.trim() === '' ? 'nothing' : shownValue(found);
	return new DinomalyError('CONFIG_INVALID', `Expected zone "${name}" to be ${expected}, found ${shown}`, {
		hint: 'Coordinates are pixels of the original image, counted from its upper left corner.',
	});
}

import { distanceOf } from './shapes';

/** Measures of the flange in pixels at the design side, from its axis. */
export const RIM = 127;
export const BORE = 31;
export const HUB = 63;
export const HOLE_CIRCLE = 95;
export const HOLE = 11;
/** Width of the chamfers around the holes. */
export const CHAMFER = 3.2;

const HOLE_COUNT = 6;

/** Axes of the bolt holes; the first lies at the right of the axis. */
export const HOLES = Array.from({ length: HOLE_COUNT }, (_, i) => ({
	x: HOLE_CIRCLE * Math.cos((2 * Math.PI * i) / HOLE_COUNT),
	y: HOLE_CIRCLE * Math.sin((2 * Math.PI * i) / HOLE_COUNT),
}));

/** How far from the circle of holes a place may be and still need to know its distance to one. */
const NEAR = HOLE + 2 * CHAMFER;

/** Pixels from (x, y) to the axis of the nearest bolt hole that was drilled; Infinity well away from all of them. */
export function distanceToHole(x: number, y: number, closedHole: number): number {
	let nearest = Infinity;
	if (Math.abs(distanceOf(x, y) - HOLE_CIRCLE) > NEAR) return nearest;
	for (let i = 0; i < HOLE_COUNT; i++) {
		if (i === closedHole) continue;
		const dx = x - HOLES[i].x;
		const dy = y - HOLES[i].y;
		nearest = Math.min(nearest, dx * dx + dy * dy);
	}
	return Math.sqrt(nearest);
}

/** One point of the surface while its slopes and its light are gathered; one object for all pixels. */
export interface Surface {
	/** Slope of the surface along x and y. */
	slopeX: number;
	slopeY: number;
	/** Factor on the light that comes back. */
	tone: number;
	/** 0 for turned steel, 1 for a rough break that scatters light every way. */
	rough: number;
}

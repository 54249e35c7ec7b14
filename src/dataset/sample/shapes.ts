/**
 * Signed distances in pixels, negative inside, and what to make of them. Every shape and its mask are drawn from the
 * same distance, so that the masks are exact.
 */

export interface Point {
	readonly x: number;
	readonly y: number;
}

/** Share of a pixel that lies inside a shape whose edge is `distance` away: antialiasing over one pixel. */
export function coverage(distance: number): number {
	if (distance >= 0.5) return 0;
	return distance <= -0.5 ? 1 : 0.5 - distance;
}

/** 0 at `from`, 1 at `to`, smooth in between; `from` may be larger than `to`. */
export function smoothstep(from: number, to: number, value: number): number {
	const t = clamp((value - from) / (to - from), 0, 1);
	return t * t * (3 - 2 * t);
}

export function clamp(value: number, low: number, high: number): number {
	if (value < low) return low;
	return value > high ? high : value;
}

export function mix(a: number, b: number, t: number): number {
	return a + (b - a) * t;
}

/** Length of (x, y); `Math.hypot` guards against overflow and takes ten times as long. */
export function distanceOf(x: number, y: number): number {
	return Math.sqrt(x * x + y * y);
}

/** Box of half sides (halfWidth, halfHeight) with rounded corners around the origin. */
export function roundedBox(
	x: number,
	y: number,
	halfWidth: number,
	halfHeight: number,
	radius: number,
): number {
	const dx = Math.abs(x) - halfWidth + radius;
	const dy = Math.abs(y) - halfHeight + radius;
	if (dx <= 0 || dy <= 0) return Math.max(dx, dy) - radius;
	return distanceOf(dx, dy) - radius;
}

/** A place along a line: how far from it, how far along it, and on which side. */
export interface OnLine {
	/** Pixels, never negative. */
	distance: number;
	/** Pixels from the line's start. */
	along: number;
	/** -1 or 1. */
	side: number;
}

/** Where (x, y) lies relative to a line of several points. */
export function nearestOnLine(line: readonly Point[], x: number, y: number): OnLine {
	const nearest: OnLine = { distance: Infinity, along: 0, side: 1 };
	let before = 0;
	for (let i = 0; i + 1 < line.length; i++) {
		const a = line[i];
		const dx = line[i + 1].x - a.x;
		const dy = line[i + 1].y - a.y;
		const length = distanceOf(dx, dy);
		const t = clamp(((x - a.x) * dx + (y - a.y) * dy) / (length * length), 0, 1);
		const distance = distanceOf(x - a.x - t * dx, y - a.y - t * dy);
		if (distance < nearest.distance) {
			nearest.distance = distance;
			nearest.along = before + t * length;
			nearest.side = dx * (y - a.y) - dy * (x - a.x) < 0 ? -1 : 1;
		}
		before += length;
	}
	return nearest;
}

export function lineLength(line: readonly Point[]): number {
	let sum = 0;
	for (let i = 0; i + 1 < line.length; i++)
		sum += distanceOf(line[i + 1].x - line[i].x, line[i + 1].y - line[i].y);
	return sum;
}

/** A curve from `start` to `end` bent towards `control` (quadratic Bezier), as a line of `pieces` pieces. */
export function curve(start: Point, control: Point, end: Point, pieces = 16): Point[] {
	return Array.from({ length: pieces + 1 }, (_, i) => {
		const t = i / pieces;
		const s = 1 - t;
		return {
			x: s * s * start.x + 2 * s * t * control.x + t * t * end.x,
			y: s * s * start.y + 2 * s * t * control.y + t * t * end.y,
		};
	});
}

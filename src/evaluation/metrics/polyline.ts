/** A curve in the unit square, left to right; straight between neighbouring points. */
export interface Curve {
	/** Ascending, in [0, 1]. */
	readonly x: readonly number[];
	/** In [0, 1], as many as `x`. */
	readonly y: readonly number[];
}

/** Points nearer than this to the point before are left out, and so are points this near to the line without them. */
const TOLERANCE = 1 / 1000;
/** Decimals that are kept: far finer than the tolerance. */
const ROUNDING = 1e5;

/**
 * Collects the points of a curve and keeps those that show. Whatever is left out is within 2 * TOLERANCE of the curve that is kept, about
 * half a pixel of a plot; a curve of few steps keeps all its corners.
 */
export class CurveBuilder {
	readonly #x: number[] = [];
	readonly #y: number[] = [];
	#skipped: readonly [number, number] | undefined;

	/** Adds the next point; `x` must not be less than before. */
	add(x: number, y: number): void {
		const last = this.#x.length - 1;
		if (last >= 0 && x - this.#x[last] < TOLERANCE && Math.abs(y - this.#y[last]) < TOLERANCE) {
			this.#skipped = [x, y];
			return;
		}
		this.#skipped = undefined;
		this.#x.push(x);
		this.#y.push(y);
	}

	/** The curve of all points so far; the last one is always kept. */
	result(): Curve {
		const x = [...this.#x, ...(this.#skipped === undefined ? [] : [this.#skipped[0]])];
		const y = [...this.#y, ...(this.#skipped === undefined ? [] : [this.#skipped[1]])];
		const kept = keepCorners(x, y);
		return { x: kept.map((i) => rounded(x[i])), y: kept.map((i) => rounded(y[i])) };
	}
}

/** Indices of the points without which the line would be off by more than the tolerance (Ramer 1972; Douglas and Peucker 1973). */
function keepCorners(x: readonly number[], y: readonly number[]): number[] {
	if (x.length < 3) return [...x.keys()];
	const keep = new Uint8Array(x.length);
	keep[0] = keep[x.length - 1] = 1;
	const open: [number, number][] = [[0, x.length - 1]];
	for (let part = open.pop(); part !== undefined; part = open.pop()) {
		const [from, to] = part;
		let furthest = from;
		let most = TOLERANCE;
		for (let i = from + 1; i < to; i++) {
			const distance = distanceToSegment([x[i], y[i]], [x[from], y[from]], [x[to], y[to]]);
			if (distance > most) [furthest, most] = [i, distance];
		}
		if (furthest === from) continue;
		keep[furthest] = 1;
		open.push([from, furthest], [furthest, to]);
	}
	return [...x.keys()].filter((i) => keep[i] === 1);
}

type Point = readonly [number, number];

function distanceToSegment(point: Point, from: Point, to: Point): number {
	const along: Point = [to[0] - from[0], to[1] - from[1]];
	const offset: Point = [point[0] - from[0], point[1] - from[1]];
	const squared = along[0] ** 2 + along[1] ** 2;
	const share =
		squared === 0 ? 0 : Math.min(1, Math.max(0, (offset[0] * along[0] + offset[1] * along[1]) / squared));
	return Math.hypot(offset[0] - share * along[0], offset[1] - share * along[1]);
}

function rounded(value: number): number {
	return Math.round(value * ROUNDING) / ROUNDING;
}

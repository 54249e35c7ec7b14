import { inspectedBox, originalToMap, type Box, type MapGeometry } from './geometry';

/** For each pixel along one axis of the original: the two map pixels around its centre and the share of the second. */
interface Taps {
	readonly first: Int32Array;
	readonly second: Int32Array;
	readonly share: Float32Array;
}

/**
 * Reads an anomaly map at the pixels of the original image, bilinearly and row by row, so that a large image never
 * needs a map of its own size. Rows in order are fastest: the two map rows at work are stretched only once.
 */
export class MapUpsampler {
	/** The part of the original image that the map covers. */
	readonly box: Box;
	private readonly columns: Taps;
	private readonly rows: Taps;
	private upper: Float32Array;
	private lower: Float32Array;
	private upperRow = -1;
	private lowerRow = -1;
	/** Of each row of the map, once somebody asks. */
	private largest: Float32Array | undefined;

	/** @param map `mapWidth * mapHeight` values, row by row */
	constructor(
		private readonly map: Float32Array,
		private readonly geometry: MapGeometry,
	) {
		this.box = inspectedBox(geometry);
		const [left, top, width, height] = this.box;
		this.columns = tapsAlong('x', geometry, left, width);
		this.rows = tapsAlong('y', geometry, top, height);
		this.upper = new Float32Array(width);
		this.lower = new Float32Array(width);
	}

	/** Largest value of the two map rows around row `y` of the original image, which none of that row's exceeds. */
	largestAround(y: number): number {
		this.largest ??= this.largestOfRows();
		const row = y - this.box[1];
		return Math.max(this.largest[this.rows.first[row]], this.largest[this.rows.second[row]]);
	}

	/** Writes row `y` of the original image, which must lie in the box, to `target`: one value a column of the box. */
	sampleRow(y: number, target: Float32Array): void {
		const row = y - this.box[1];
		this.stretch(this.rows.first[row], this.rows.second[row]);
		const { upper, lower } = this;
		const share = this.rows.share[row];
		for (let x = 0; x < upper.length; x++) target[x] = upper[x] + share * (lower[x] - upper[x]);
	}

	private largestOfRows(): Float32Array {
		const { mapWidth, mapHeight } = this.geometry;
		return Float32Array.from({ length: mapHeight }, (_, row) =>
			this.map
				.subarray(row * mapWidth, (row + 1) * mapWidth)
				.reduce((most, value) => (value > most ? value : most), -Infinity),
		);
	}

	private stretch(first: number, second: number): void {
		if (first !== this.upperRow) {
			if (first === this.lowerRow) {
				[this.upper, this.lower] = [this.lower, this.upper];
				this.lowerRow = this.upperRow;
			} else {
				this.stretchRow(first, this.upper);
			}
			this.upperRow = first;
		}
		if (second === this.lowerRow) return;
		this.stretchRow(second, this.lower);
		this.lowerRow = second;
	}

	private stretchRow(row: number, target: Float32Array): void {
		const { first, second, share } = this.columns;
		const { map } = this;
		const start = row * this.geometry.mapWidth;
		for (let x = 0; x < target.length; x++) {
			const a = map[start + first[x]];
			target[x] = a + share[x] * (map[start + second[x]] - a);
		}
	}
}

function tapsAlong(axis: 'x' | 'y', geometry: MapGeometry, start: number, count: number): Taps {
	const first = new Int32Array(count);
	const second = new Int32Array(count);
	const share = new Float32Array(count);
	const last = (axis === 'x' ? geometry.mapWidth : geometry.mapHeight) - 1;
	for (let i = 0; i < count; i++) {
		const centre = start + i + 0.5;
		// Half a pixel, as values belong to the centres of map pixels; beyond the outermost centres they stay the same.
		const position = originalToMap(geometry, { x: centre, y: centre })[axis] - 0.5;
		const clamped = Math.min(last, Math.max(0, position));
		first[i] = Math.floor(clamped);
		second[i] = Math.min(last, first[i] + 1);
		share[i] = clamped - first[i];
	}
	return { first, second, share };
}

import type { Box } from '../imaging/geometry';
import type { Size } from '../imaging/image';
import type { InspectedPixels } from '../imaging/inspectedPixels';
import type { InspectionZone, ZoneShape } from './inspectionZones';
import { rowsOfRuns } from './maskRuns';
import { stretchesAt, type Stretch } from './shapes';

/** Where a shape lies at a height, in the pixels that it was drawn on. */
type Outline = (y: number) => readonly Stretch[];

/**
 * The pixels of an image that zones leave to inspect: those whose centres lie in one of the zones to inspect, if there are any, and in none to
 * ignore. Kept as stretches of each row, a few bytes each.
 */
export class PixelArea implements InspectedPixels {
	/** Pixels in it. */
	readonly count: number;
	/** The pixels that no zone ignores, whatever zones to inspect say; undefined when that is all of them. */
	readonly visible: PixelArea | undefined;

	private constructor(
		readonly size: Size,
		/** For each row: from, to, from, to and so on, ascending; `to` is no longer in it. */
		private readonly rows: readonly Int32Array[],
		visible?: PixelArea,
	) {
		this.visible = visible;
		this.count = rows.reduce((sum, row) => sum + lengthOf(row), 0);
	}

	/** @param drawnOn size of the image that the zones were drawn on; they are scaled to `size` */
	static of(zones: readonly InspectionZone[], drawnOn: Size, size: Size): PixelArea {
		const outlines = (use: InspectionZone['use']): Outline[] =>
			zones.filter((zone) => zone.use === use).map(({ shape }) => outlineOf(shape, drawnOn));
		const [inspected, ignored] = [outlines('inspect'), outlines('ignore')];
		const scale = { x: size.width / drawnOn.width, y: size.height / drawnOn.height };
		const rows = Array.from({ length: size.height }, (_, y) => {
			const at = (y + 0.5) / scale.y;
			const pixels = (outline: readonly Outline[]): Stretch[] =>
				union(
					outline
						.flatMap((stretches) => stretches(at))
						.map((one) => centresIn(one, scale.x, size.width)),
				);
			const left: Stretch[] = inspected.length === 0 ? [[0, size.width]] : pixels(inspected);
			return Int32Array.from(without(left, pixels(ignored)).flat());
		});
		const ignoring = zones.filter(({ use }) => use === 'ignore');
		if (ignoring.length === 0) return new PixelArea(size, rows);
		// Without zones to inspect the two are the same.
		const visible =
			inspected.length === 0 ? new PixelArea(size, rows) : PixelArea.of(ignoring, drawnOn, size);
		return new PixelArea(size, rows, visible);
	}

	writeRow(y: number, target: Uint8Array): void {
		target.fill(0);
		const row = this.rows[y];
		for (let i = 0; i < row.length; i += 2) target.fill(1, row[i], row[i + 1]);
	}

	has(x: number, y: number): boolean {
		const row = this.rows[y];
		for (let i = 0; i < row.length; i += 2) if (x < row[i + 1]) return x >= row[i];
		return false;
	}

	/** How many of the pixels of a box are in it. */
	countIn([left, top, width, height]: Box): number {
		let count = 0;
		for (let y = top; y < top + height; y++) {
			const row = this.rows[y];
			for (let i = 0; i < row.length && row[i] < left + width; i += 2)
				count += Math.max(0, Math.min(row[i + 1], left + width) - Math.max(row[i], left));
		}
		return count;
	}
}

function outlineOf(shape: ZoneShape, drawnOn: Size): Outline {
	if (shape.kind === 'polygon') return (y) => stretchesAt(shape.corners, y);
	const rows = rowsOfRuns(shape.runs, drawnOn);
	return (y) => rows[Math.floor(y)];
}

/** The pixels whose centres lie in a stretch of a row: from the first to before the second. */
function centresIn([from, to]: Stretch, scale: number, width: number): Stretch {
	const first = (position: number): number =>
		Math.min(width, Math.max(0, Math.ceil(position * scale - 0.5)));
	return [first(from), first(to)];
}

/** Ascending and apart from each other. */
function union(stretches: readonly Stretch[]): Stretch[] {
	const merged: Stretch[] = [];
	for (const [from, to] of [...stretches].sort((a, b) => a[0] - b[0])) {
		if (to <= from) continue;
		const last = merged.at(-1);
		if (last !== undefined && from <= last[1])
			merged[merged.length - 1] = [last[0], Math.max(last[1], to)];
		else merged.push([from, to]);
	}
	return merged;
}

/** What is left of stretches where others are taken away; both ascending and apart. */
function without(stretches: readonly Stretch[], taken: readonly Stretch[]): Stretch[] {
	return stretches.flatMap(([from, to]) => {
		const left: Stretch[] = [];
		let at = from;
		for (const [start, end] of taken) {
			if (end <= at) continue;
			if (start >= to) break;
			if (start > at) left.push([at, start]);
			at = end;
		}
		if (at < to) left.push([at, to]);
		return left;
	});
}

function lengthOf(row: Int32Array): number {
	let length = 0;
	for (let i = 0; i < row.length; i += 2) length += row[i + 1] - row[i];
	return length;
}

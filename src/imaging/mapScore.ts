import type { Size } from './image';
import type { MapBox } from './tileMerger';

/** The image score is the mean of this share of the largest map values (reference: evaluation_batch, max_ratio = 0.01). */
const TOP_FRACTION = 0.01;

/** An anomaly map of an image, row by row. */
export interface AnomalyMap extends Size {
	readonly data: Float32Array;
}

/**
 * Image score of a map that was merged from tiles: the reference's score - mean of the top 1 % of the values - in the part that each
 * tile covers, and of these the largest. Over the whole map 1 % would be many times a small defect and average it away.
 *
 * @param parts the part of each tile, in pixels of the map
 * @param inspected 0 for values that do not count; all count when absent
 * @returns NaN when no value counts
 */
export function mapScore(map: AnomalyMap, parts: readonly MapBox[], inspected?: Uint8Array): number {
	const scratch = new Float32Array(Math.max(0, ...parts.map(([, , width, height]) => width * height)));
	const peaks = parts.map((part) => peakOf(map, part, inspected));
	const order = parts.map((_, i) => i).sort((a, b) => peaks[b] - peaks[a]);
	let best = -Infinity;
	for (const i of order) {
		// A mean is at most the largest value, so no further part can win.
		if (!(peaks[i] > best)) break;
		best = Math.max(best, topMean(gather(map, parts[i], { inspected, into: scratch })));
	}
	return best === -Infinity ? NaN : best;
}

function peakOf(
	{ data, width }: AnomalyMap,
	[left, top, columns, rows]: MapBox,
	inspected?: Uint8Array,
): number {
	let peak = -Infinity;
	for (let y = top; y < top + rows; y++) {
		for (let i = y * width + left, end = i + columns; i < end; i++) {
			if (data[i] > peak && inspected?.[i] !== 0) peak = data[i];
		}
	}
	return peak;
}

function gather(
	{ data, width }: AnomalyMap,
	[left, top, columns, rows]: MapBox,
	{ inspected, into }: { readonly inspected?: Uint8Array; readonly into: Float32Array },
): Float32Array {
	let count = 0;
	for (let y = top; y < top + rows; y++) {
		for (let i = y * width + left, end = i + columns; i < end; i++) {
			if (inspected?.[i] !== 0) into[count++] = data[i];
		}
	}
	return into.subarray(0, count);
}

/** Mean of the top 1 % of the values, of one at least; sorts them. */
function topMean(values: Float32Array): number {
	values.sort();
	const count = Math.max(1, Math.trunc(values.length * TOP_FRACTION));
	let sum = 0;
	for (let i = values.length - count; i < values.length; i++) sum += values[i];
	return sum / count;
}

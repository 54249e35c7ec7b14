import type { Size } from './image';
import type { AnomalyMap } from './mapScore';
import type { MaskImage, MaskRule } from './mask';

/**
 * Pixel metrics of a merged map are taken at no more values than this, four maps of the reference: they rank the values of all test
 * images, and those of whole merged maps would not fit into memory.
 */
const MAX_METRIC_PIXELS = 1 << 18;

/** The resolution at which pixel metrics of a merged map are taken: the map's own, or less in the same proportions. */
export function metricSize({ width, height }: Size): Size {
	const excess = (width * height) / MAX_METRIC_PIXELS;
	if (excess <= 1) return { width, height };
	return {
		width: Math.max(1, Math.floor(width / Math.sqrt(excess))),
		height: Math.max(1, Math.floor(height / Math.sqrt(excess))),
	};
}

/** A map as pixel metrics see it. */
export interface MetricMap extends AnomalyMap {
	/** 0 for values that do not count; all do when absent. */
	readonly inspected?: Uint8Array;
}

/**
 * A map at the resolution of its metrics: each value is the mean over its area, of what counts there. A value counts when at least half of
 * its area does.
 */
export function metricMap(map: MetricMap): MetricMap {
	const size = metricSize(map);
	if (size.width === map.width && size.height === map.height) return map;
	const data = new Float32Array(size.width * size.height);
	const inspected = map.inspected && new Uint8Array(data.length);
	const sums = new Float64Array(size.width);
	const counts = new Uint32Array(size.width);
	for (let y = 0; y < size.height; y++) {
		sums.fill(0);
		counts.fill(0);
		const [top, bottom] = rangeOf(y, size.height, map.height);
		for (let row = top; row < bottom; row++) addRow(map, row, { sums, counts });
		for (let x = 0; x < size.width; x++) {
			const [left, right] = rangeOf(x, size.width, map.width);
			const i = y * size.width + x;
			if (counts[x] > 0) data[i] = sums[x] / counts[x];
			if (inspected) inspected[i] = Number(2 * counts[x] >= (right - left) * (bottom - top));
		}
	}
	return { data, ...size, ...(inspected && { inspected }) };
}

/**
 * Brings a ground-truth mask of a whole image, of any size, to the pixels of its map. With `nonzero`, a pixel is anomalous that the
 * defect touches at all, so that a defect thinner than a pixel of the map is not lost; with `half`, one that it covers by more than half.
 *
 * @returns 0 or 1 for each pixel
 */
export function coverMask(mask: MaskImage, size: Size, rule: MaskRule = 'nonzero'): Uint8Array {
	const result = new Uint8Array(size.width * size.height);
	const counts = new Uint32Array(size.width);
	const levels = mask.kind === 'labels' || rule === 'nonzero' ? 0 : fullScale(mask.data) / 2;
	for (let y = 0; y < size.height; y++) {
		counts.fill(0);
		const [top, bottom] = rangeOf(y, size.height, mask.height);
		for (let row = top; row < bottom; row++) countRow(mask, row, { counts, floor: levels });
		for (let x = 0; x < size.width; x++) {
			const [left, right] = rangeOf(x, size.width, mask.width);
			const least = rule === 'nonzero' ? 0 : ((right - left) * (bottom - top)) / 2;
			if (counts[x] > least) result[y * size.width + x] = 1;
		}
	}
	return result;
}

/** The pixels that output pixel `i` of `to` is made of: from the first to before the second of `from`; one at least. */
function rangeOf(i: number, to: number, from: number): [number, number] {
	const start = Math.floor((i * from) / to);
	return [start, Math.max(start + 1, Math.floor(((i + 1) * from) / to))];
}

function addRow(
	{ data, width, inspected }: MetricMap,
	row: number,
	{ sums, counts }: { readonly sums: Float64Array; readonly counts: Uint32Array },
): void {
	for (let x = 0; x < sums.length; x++) {
		const [left, right] = rangeOf(x, sums.length, width);
		for (let i = row * width + left; i < row * width + right; i++) {
			if (inspected?.[i] === 0) continue;
			sums[x] += data[i];
			counts[x]++;
		}
	}
}

function countRow(
	{ data, width, channels }: MaskImage,
	row: number,
	{ counts, floor }: { readonly counts: Uint32Array; readonly floor: number },
): void {
	for (let x = 0; x < counts.length; x++) {
		const [left, right] = rangeOf(x, counts.length, width);
		for (let i = row * width + left; i < row * width + right; i++) {
			let largest = data[i * channels];
			for (let c = 1; c < channels; c++) largest = Math.max(largest, data[i * channels + c]);
			if (largest > floor) counts[x]++;
		}
	}
}

/** Many masks are stored as 0 and 1 instead of 0 and 255. */
function fullScale(data: Uint8Array): number {
	for (let i = 0; i < data.length; i++) if (data[i] > 1) return 255;
	return 1;
}

import { labelComponents } from './components';
import { mapToOriginal, type Box, type MapGeometry } from './geometry';
import type { GrayImage } from './image';
import type { InspectedPixels } from './inspectedPixels';
import { MapUpsampler } from './upsample';

/** A connected part of the image whose anomaly map lies above the threshold. */
export interface Region {
	/** Box [x, y, width, height] in pixels of the original image. */
	readonly box: Box;
	readonly areaPx: number;
	/** Largest anomaly map value inside. */
	readonly peak: number;
}

export interface RegionOptions {
	readonly geometry: MapGeometry;
	/** Pixels whose map value is larger are anomalous. */
	readonly threshold: number;
	/** Smaller regions are left out, of the mask too; in pixels of the original image. */
	readonly minAreaPx?: number;
	/** Pixels that may be anomalous; all that the map covers when absent. */
	readonly inspected?: InspectedPixels;
}

export interface Segmentation {
	/** Largest peak first. */
	readonly regions: readonly Region[];
	/** Predicted mask in the original image's size: 255 inside the regions, 0 elsewhere. */
	readonly mask: GrayImage;
}

/** The map above the threshold, read at the original's pixels, and the smallest box around it. */
interface Cut {
	readonly mask: GrayImage;
	/** Undefined when nothing lies above the threshold. */
	readonly box: Box | undefined;
}

/** What is known of a region while its pixels are collected. */
interface Extent {
	left: number;
	top: number;
	right: number;
	bottom: number;
	areaPx: number;
	peak: number;
}

const FOREGROUND = 255;

/**
 * Cuts an anomaly map at the threshold, in the original image's pixels: the predicted mask and its 8-connected regions.
 * Both come from the same pixels, so a region's box and area are those of a component of the mask.
 *
 * @param map `mapWidth * mapHeight` raw anomaly values, row by row
 */
export function segmentMap(map: Float32Array, options: RegionOptions): Segmentation {
	const { minAreaPx = 1 } = options;
	const { mask, box } = cutMap(map, options);
	if (box === undefined) return { regions: [], mask };
	const labels = labelComponents(copyBox(mask, box), box[2], box[3]).labels;
	const extents = measureExtents(labels, box);
	readPeaks(extents, labels, { map, box, geometry: options.geometry });
	eraseRegions(mask, { labels, box, keep: extents.map((extent) => extent.areaPx >= minAreaPx) });
	const regions = extents.slice(1).filter((extent) => extent.areaPx >= minAreaPx);
	return { regions: regions.map(toRegion).sort((a, b) => b.peak - a.peak), mask };
}

/** The regions of `segmentMap` alone. */
export function findRegions(map: Float32Array, options: RegionOptions): readonly Region[] {
	return segmentMap(map, options).regions;
}

/** The predicted mask of `segmentMap` alone: 0 and 255, in the original image's size. */
export function renderMask(map: Float32Array, options: RegionOptions): GrayImage {
	return segmentMap(map, options).mask;
}

function cutMap(map: Float32Array, { geometry, threshold, inspected }: RegionOptions): Cut {
	const { width, height } = geometry;
	const data = new Uint8Array(width * height);
	const mask: GrayImage = { data, width, height, channels: 1 };
	// Bilinear values never exceed the map's, so a map below the threshold needs no look at the large image.
	if (!hasAbove(map, threshold)) return { mask, box: undefined };
	const upsampler = new MapUpsampler(map, geometry);
	const [left, top, columns, rows] = upsampler.box;
	const values = new Float32Array(columns);
	const counts = new Uint8Array(width).fill(1);
	let minX = width;
	let maxX = -1;
	let minY = height;
	let maxY = -1;
	for (let y = top; y < top + rows; y++) {
		if (!(upsampler.largestAround(y) > threshold)) continue;
		upsampler.sampleRow(y, values);
		inspected?.writeRow(y, counts);
		const start = y * width + left;
		let first = -1;
		let last = -1;
		for (let x = 0; x < columns; x++) {
			if (!(values[x] > threshold) || counts[left + x] === 0) continue;
			data[start + x] = FOREGROUND;
			if (first < 0) first = x;
			last = x;
		}
		if (first < 0) continue;
		minX = Math.min(minX, left + first);
		maxX = Math.max(maxX, left + last);
		minY = Math.min(minY, y);
		maxY = y;
	}
	return { mask, box: maxX < 0 ? undefined : [minX, minY, maxX - minX + 1, maxY - minY + 1] };
}

function hasAbove(map: Float32Array, threshold: number): boolean {
	for (let i = 0; i < map.length; i++) if (map[i] > threshold) return true;
	return false;
}

/** Labelling only the part that has anything in it keeps a 24-megapixel image from taking 100 MB of labels. */
function copyBox(mask: GrayImage, [left, top, width, height]: Box): Uint8Array {
	const copy = new Uint8Array(width * height);
	for (let y = 0; y < height; y++) {
		const start = (top + y) * mask.width + left;
		copy.set(mask.data.subarray(start, start + width), y * width);
	}
	return copy;
}

/** Extents by label, in the original's pixels; entry 0 stands for the background and means nothing. */
function measureExtents(labels: Int32Array, [left, top, width, height]: Box): Extent[] {
	const extents: Extent[] = [newExtent(left, top)];
	for (let y = top, i = 0; y < top + height; y++) {
		for (let x = left; x < left + width; x++, i++) {
			const label = labels[i];
			if (label === 0) continue;
			// Labels are numbered by first pixel, so a new one is always the next.
			if (label === extents.length) extents.push(newExtent(x, y));
			const extent = extents[label];
			if (x < extent.left) extent.left = x;
			if (x > extent.right) extent.right = x;
			extent.bottom = y;
			extent.areaPx++;
		}
	}
	return extents;
}

function newExtent(x: number, y: number): Extent {
	return { left: x, top: y, right: x, bottom: y, areaPx: 0, peak: -Infinity };
}

/** Peaks are read from the map itself where one of its pixels lies in the region: interpolation flattens them. */
function readPeaks(
	extents: readonly Extent[],
	labels: Int32Array,
	{ map, box, geometry }: { map: Float32Array; box: Box; geometry: MapGeometry },
): void {
	const [left, top, width, height] = box;
	const upsampler = new MapUpsampler(map, geometry);
	const values = new Float32Array(upsampler.box[2]);
	for (let y = 0, i = 0; y < height; y++) {
		upsampler.sampleRow(top + y, values);
		for (let x = 0; x < width; x++, i++) {
			const extent = extents[labels[i]];
			extent.peak = Math.max(extent.peak, values[left - upsampler.box[0] + x]);
		}
	}
	const { mapWidth, mapHeight } = geometry;
	for (let v = 0; v < mapHeight; v++) {
		const y = Math.floor(mapToOriginal(geometry, { x: 0, y: v + 0.5 }).y) - top;
		if (y < 0 || y >= height) continue;
		for (let u = 0; u < mapWidth; u++) {
			const x = Math.floor(mapToOriginal(geometry, { x: u + 0.5, y: 0 }).x) - left;
			if (x < 0 || x >= width) continue;
			const extent = extents[labels[y * width + x]];
			extent.peak = Math.max(extent.peak, map[v * mapWidth + u]);
		}
	}
}

function eraseRegions(
	mask: GrayImage,
	{ labels, box, keep }: { labels: Int32Array; box: Box; keep: readonly boolean[] },
): void {
	if (keep.every((kept, label) => kept || label === 0)) return;
	const [left, top, width, height] = box;
	for (let y = 0, i = 0; y < height; y++) {
		const start = (top + y) * mask.width + left;
		for (let x = 0; x < width; x++, i++) {
			if (labels[i] !== 0 && !keep[labels[i]]) mask.data[start + x] = 0;
		}
	}
}

function toRegion({ left, top, right, bottom, areaPx, peak }: Extent): Region {
	return { box: [left, top, right - left + 1, bottom - top + 1], areaPx, peak };
}

import type { Size } from './image';

/**
 * What leads from an original image to its anomaly map: resized to a square, centre cropped, mapped. A map merged from tiles covers the
 * whole image: crop and image are of one size then.
 */
export interface MapGeometry extends Size {
	/** Side in pixels that the original was resized to. */
	readonly imageSize: number;
	/** Side in pixels of the centre crop, which the map covers. */
	readonly cropSize: number;
	/** Size of the map in its own pixels. */
	readonly mapWidth: number;
	readonly mapHeight: number;
}

/** A position, not a pixel: pixel (i, j) covers i..i+1 and j..j+1, and its centre is (i + 0.5, j + 0.5). */
export interface Point {
	readonly x: number;
	readonly y: number;
}

/** [x, y, width, height] in whole pixels. */
export type Box = readonly [number, number, number, number];

/**
 * Left and top of the centre crop in the resized image: half of the rest, halves rounded to even (as Python rounds).
 * Negative when the crop is larger than the image, which then is padded.
 */
export function cropOffset(imageSize: number, cropSize: number): number {
	const rest = imageSize - cropSize;
	if (rest < 0) return -Math.floor(-rest / 2);
	const floor = Math.floor(rest / 2);
	return rest % 2 === 0 || floor % 2 === 0 ? floor : floor + 1;
}

/** From a position in the map to the same place in the original image; it may lie outside when the crop was padded. */
export function mapToOriginal(geometry: MapGeometry, { x, y }: Point): Point {
	const { imageSize, cropSize, mapWidth, mapHeight, width, height } = geometry;
	const offset = cropOffset(imageSize, cropSize);
	return {
		x: ((offset + x * (cropSize / mapWidth)) * width) / imageSize,
		y: ((offset + y * (cropSize / mapHeight)) * height) / imageSize,
	};
}

/** From a position in the original image to the same place in the map; outside the map where the crop cut it off. */
export function originalToMap(geometry: MapGeometry, { x, y }: Point): Point {
	const { imageSize, cropSize, mapWidth, mapHeight, width, height } = geometry;
	const offset = cropOffset(imageSize, cropSize);
	return {
		x: ((x * imageSize) / width - offset) * (mapWidth / cropSize),
		y: ((y * imageSize) / height - offset) * (mapHeight / cropSize),
	};
}

/** The pixels of the original image whose centres the map covers; the rest was never looked at. */
export function inspectedBox(geometry: MapGeometry): Box {
	const { width, height, mapWidth, mapHeight } = geometry;
	const start = mapToOriginal(geometry, { x: 0, y: 0 });
	const end = mapToOriginal(geometry, { x: mapWidth, y: mapHeight });
	const left = firstCentre(start.x, width);
	const top = firstCentre(start.y, height);
	return [left, top, firstCentre(end.x, width) - left, firstCentre(end.y, height) - top];
}

/** Index of the first pixel whose centre lies at or after a position, within 0..size. */
function firstCentre(position: number, size: number): number {
	return Math.min(size, Math.max(0, Math.ceil(position - 0.5)));
}

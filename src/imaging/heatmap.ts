import { LUMA } from './statistics';
import { SCALE_COLOURS, SCALE_STEPS, colourRange, type ColourAnchor, type ColourRange } from './colourScale';
import type { MapGeometry } from './geometry';
import type { GrayImage, RgbImage } from './image';
import type { InspectedPixels } from './inspectedPixels';
import { MapUpsampler } from './upsample';

export interface HeatmapOptions {
	readonly geometry: MapGeometry;
	readonly anchor: ColourAnchor;
	/** Predicted mask in the original's size, whose outline is drawn; no outline when absent. */
	readonly mask?: GrayImage;
	/** Pixels that were inspected; the others are veiled in gray. All that the map covers when absent. */
	readonly inspected?: InspectedPixels;
	/** Opacity at and above the middle of the scale, 0..1. */
	readonly opacity?: number;
}

/** Strong enough to find a defect at a glance, weak enough to see the part underneath. */
const DEFAULT_OPACITY = 0.55;
/** Nothing is laid over the image up to this share of the scale, half of the threshold: good parts stay calm. */
const CLEAR_UNTIL = 0.25;
/** From the middle of the scale on, the threshold, the colour is as opaque as it gets. */
const OPAQUE_FROM = 0.5;
/** The outline's width as a share of the shorter side, so that it shows when a large image is viewed whole. */
const OUTLINE_SHARE = 1 / 400;
/** White with a black rim is seen on any part and on any colour of the scale. */
const OUTLINE_LEVEL = 255;
const RIM_LEVEL = 0;
/** What is not inspected keeps this share of its contrast, around a middle gray. */
const VEIL_CONTRAST = 0.4;
const VEIL_LEVEL = 128;

/**
 * Lays an anomaly map over its image in the model's one colour scale: nothing well below the threshold, full opacity
 * above it, and an outline around the predicted mask. What the centre crop cut off stays as it was; with an inspected area all outside of it
 * is veiled.
 *
 * @param map `mapWidth * mapHeight` raw anomaly values, row by row
 * @returns a new image of the original's size
 */
export function renderHeatmap(
	map: Float32Array,
	original: RgbImage,
	{ geometry, anchor, mask, inspected, opacity = DEFAULT_OPACITY }: HeatmapOptions,
): RgbImage {
	const { width, height } = original;
	const image: RgbImage = { data: Uint8Array.from(original.data), width, height, channels: 3 };
	const upsampler = new MapUpsampler(map, geometry);
	blend(image, upsampler, { range: colourRange(anchor), opacities: stepOpacities(opacity) });
	if (inspected !== undefined) veil(image, original, inspected);
	if (mask !== undefined) drawOutline(image, mask);
	return image;
}

/** Opacity of each step, growing smoothly from 0 well below the middle to `opacity` at the middle. */
function stepOpacities(opacity: number): Float32Array {
	const opacities = new Float32Array(SCALE_STEPS);
	for (let step = 0; step < SCALE_STEPS; step++) {
		const position = step / (SCALE_STEPS - 1);
		const t = Math.min(1, Math.max(0, (position - CLEAR_UNTIL) / (OPAQUE_FROM - CLEAR_UNTIL)));
		opacities[step] = opacity * t * t * (3 - 2 * t);
	}
	return opacities;
}

function blend(
	image: RgbImage,
	upsampler: MapUpsampler,
	{ range, opacities }: { range: ColourRange; opacities: Float32Array },
): void {
	const [left, top, width, height] = upsampler.box;
	const values = new Float32Array(width);
	const stepsPerUnit = (SCALE_STEPS - 1) / (range.high - range.low);
	const { data } = image;
	for (let y = top; y < top + height; y++) {
		upsampler.sampleRow(y, values);
		let p = (y * image.width + left) * 3;
		for (let x = 0; x < width; x++, p += 3) {
			const position = Math.round((values[x] - range.low) * stepsPerUnit);
			const step = position < 0 ? 0 : position < SCALE_STEPS ? position : SCALE_STEPS - 1;
			const alpha = opacities[step];
			if (alpha === 0) continue;
			const c = step * 3;
			// Half is added before the byte array cuts the fraction off: all terms are positive.
			data[p] = data[p] * (1 - alpha) + SCALE_COLOURS[c] * alpha + 0.5;
			data[p + 1] = data[p + 1] * (1 - alpha) + SCALE_COLOURS[c + 1] * alpha + 0.5;
			data[p + 2] = data[p + 2] * (1 - alpha) + SCALE_COLOURS[c + 2] * alpha + 0.5;
		}
	}
}

/** Shows pixels that were not inspected without their colours and with little contrast: part of the picture, but no part of the verdict. */
function veil(image: RgbImage, original: RgbImage, inspected: InspectedPixels): void {
	const row = new Uint8Array(image.width);
	for (let y = 0; y < image.height; y++) {
		inspected.writeRow(y, row);
		let p = y * image.width * 3;
		for (let x = 0; x < row.length; x++, p += 3) {
			if (row[x] !== 0) continue;
			const luma =
				LUMA[0] * original.data[p] + LUMA[1] * original.data[p + 1] + LUMA[2] * original.data[p + 2];
			image.data.fill(VEIL_LEVEL + VEIL_CONTRAST * (luma - VEIL_LEVEL), p, p + 3);
		}
	}
}

function drawOutline(image: RgbImage, mask: GrayImage): void {
	const edges = edgePixels(mask);
	const radius = Math.floor((Math.min(image.width, image.height) * OUTLINE_SHARE) / 2);
	for (const pixel of edges) stamp(image, pixel, { radius: radius + 1, level: RIM_LEVEL });
	for (const pixel of edges) stamp(image, pixel, { radius, level: OUTLINE_LEVEL });
}

/** Indices of mask pixels that share a side with the background; the image's border is no edge. */
function edgePixels({ data, width, height }: GrayImage): number[] {
	const edges: number[] = [];
	for (let y = 0, i = 0; y < height; y++) {
		for (let x = 0; x < width; x++, i++) {
			if (data[i] === 0) continue;
			const inside =
				(x === 0 || data[i - 1] !== 0) &&
				(x === width - 1 || data[i + 1] !== 0) &&
				(y === 0 || data[i - width] !== 0) &&
				(y === height - 1 || data[i + width] !== 0);
			if (!inside) edges.push(i);
		}
	}
	return edges;
}

function stamp(image: RgbImage, pixel: number, { radius, level }: { radius: number; level: number }): void {
	const x = pixel % image.width;
	const y = (pixel - x) / image.width;
	const left = Math.max(0, x - radius);
	const right = Math.min(image.width - 1, x + radius);
	const bottom = Math.min(image.height - 1, y + radius);
	for (let row = Math.max(0, y - radius); row <= bottom; row++) {
		const start = row * image.width;
		image.data.fill(level, (start + left) * 3, (start + right + 1) * 3);
	}
}

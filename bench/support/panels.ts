import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RgbImage, Size } from '../../src/imaging/image';
import { createRandom, deriveSeed } from '../../src/random';
import { encodePng } from '../../src/runtime/images';
import { encodeJpeg } from '../../src/runtime/jpeg';

/** Where a scratch was drawn: its middle, in pixels of the image. */
export interface Scratch {
	readonly x: number;
	readonly y: number;
}

export interface PanelSet {
	readonly size: Size;
	/** Length of a scratch in pixels; it is an eighth as wide, 2 px at least. */
	readonly scratchPx: number;
	readonly train: number;
	readonly test: number;
}

const QUALITY = 95;
/** Rivets stand in rows and columns this far apart, a little askew. */
const RIVET_STEP_PX = 500;
const RIVET_RADIUS_PX = 30;

/**
 * Draws brushed sheet metal with rows of rivets in the MVTec layout: good ones, and test images with one short bright scratch and its mask.
 * The same arguments draw the same images.
 * @returns the scratch of each defective test image, by its file name
 */
export async function drawPanels(
	root: string,
	{ size, scratchPx, train, test }: PanelSet,
	seed: number,
): Promise<Map<string, Scratch>> {
	const scratches = new Map<string, Scratch>();
	const folder = (...parts: string[]): string => path.join(root, 'panel', ...parts);
	for (let i = 0; i < train; i++)
		await save(
			folder('train', 'good', `${i}.jpg`),
			drawPanel(size, deriveSeed(seed, 'train', String(i))),
		);
	for (let i = 0; i < test; i++) {
		await save(folder('test', 'good', `${i}.jpg`), drawPanel(size, deriveSeed(seed, 'good', String(i))));
		const own = deriveSeed(seed, 'scratch', String(i));
		const image = drawPanel(size, own);
		const mask = new Uint8Array(size.width * size.height);
		scratches.set(`${i}.jpg`, drawScratch(image, mask, { scratchPx, seed: own }));
		await save(folder('test', 'scratch', `${i}.jpg`), image);
		const png = await encodePng({ data: mask, ...size, channels: 1 });
		await mkdir(folder('ground_truth', 'scratch'), { recursive: true });
		await writeFile(folder('ground_truth', 'scratch', `${i}_mask.png`), png);
	}
	return scratches;
}

/** One good panel. */
export function drawPanel({ width, height }: Size, seed: number): RgbImage {
	const random = createRandom(seed);
	const data = new Uint8Array(width * height * 3);
	const tone = 120 + 16 * random.next();
	const phase = 2 * Math.PI * random.next();
	for (let y = 0, p = 0; y < height; y++) {
		// Brushing: grey levels that hang together along the row and not across rows.
		let brush = 0;
		const light = tone + 14 * Math.sin(phase + (3 * y) / height);
		for (let x = 0; x < width; x++, p += 3) {
			brush = 0.92 * brush + 9 * (random.next() - 0.5);
			const level = light + brush + 10 * (random.next() - 0.5);
			data[p] = level;
			data[p + 1] = level + 2;
			data[p + 2] = level + 6;
		}
	}
	for (let y = RIVET_STEP_PX / 2; y < height; y += RIVET_STEP_PX) {
		for (let x = RIVET_STEP_PX / 2; x < width; x += RIVET_STEP_PX)
			drawRivet(data, { width, height, x: x + random.integer(9) - 4, y: y + random.integer(9) - 4 });
	}
	return { data, width, height, channels: 3 };
}

function drawRivet(
	data: Uint8Array,
	{ width, height, x, y }: Size & { readonly x: number; readonly y: number },
): void {
	for (let v = Math.max(0, y - RIVET_RADIUS_PX); v < Math.min(height, y + RIVET_RADIUS_PX); v++) {
		for (let u = Math.max(0, x - RIVET_RADIUS_PX); u < Math.min(width, x + RIVET_RADIUS_PX); u++) {
			const distance = Math.hypot(u - x, v - y) / RIVET_RADIUS_PX;
			if (distance >= 1) continue;
			// A dome under light from above to the left.
			const shade = 1 + 0.4 * (1 - distance) - (0.3 * (u - x + v - y)) / RIVET_RADIUS_PX;
			const p = (v * width + u) * 3;
			for (let c = 0; c < 3; c++) data[p + c] = Math.min(255, data[p + c] * shade);
		}
	}
}

function drawScratch(
	{ data, width, height }: RgbImage,
	mask: Uint8Array,
	{ scratchPx, seed }: { readonly scratchPx: number; readonly seed: number },
): Scratch {
	const random = createRandom(deriveSeed(seed, 'place'));
	const x = Math.round(width * (0.1 + 0.8 * random.next()));
	const y = Math.round(height * (0.1 + 0.8 * random.next()));
	const angle = Math.PI * random.next();
	const half = Math.max(1, scratchPx / 16);
	for (let v = Math.floor(y - scratchPx); v <= y + scratchPx; v++) {
		for (let u = Math.floor(x - scratchPx); u <= x + scratchPx; u++) {
			const along = (u - x) * Math.cos(angle) + (v - y) * Math.sin(angle);
			const across = (v - y) * Math.cos(angle) - (u - x) * Math.sin(angle);
			if (Math.abs(along) > scratchPx / 2 || Math.abs(across) > half) continue;
			if (u < 0 || v < 0 || u >= width || v >= height) continue;
			const i = v * width + u;
			mask[i] = 255;
			for (let c = 0; c < 3; c++) data[i * 3 + c] = Math.min(255, data[i * 3 + c] + 80);
		}
	}
	return { x, y };
}

async function save(file: string, image: RgbImage): Promise<void> {
	await mkdir(path.dirname(file), { recursive: true });
	await writeFile(file, await encodeJpeg(image, QUALITY));
}

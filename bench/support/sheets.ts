import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RgbImage, Size } from '../../src/imaging/image';
import { createRandom, deriveSeed } from '../../src/random';
import { encodePng } from '../../src/runtime/images';
import { encodeJpeg } from '../../src/runtime/jpeg';
import { drawSurface, photograph, type Plate, type Surface } from './surfaces';

/** Where a scratch was drawn: its middle, in pixels of the image. */
export interface Scratch {
	readonly x: number;
	readonly y: number;
}

export interface SheetSet {
	readonly surface: Surface;
	readonly size: Size;
	/** Length of a scratch in pixels; it is an eighth as wide, 2 px at least. */
	readonly scratchPx: number;
	/** Good sheets to train and calibrate with. */
	readonly train: number;
	/** Good sheets to test with, and as many with a scratch. */
	readonly test: number;
	readonly seed: number;
}

const QUALITY = 92;
/** How much lighter or darker a scratch is than what it lies on, in levels of 255. */
const CONTRAST: Readonly<Record<Surface, number>> = { panel: 70, fabric: 70, cast: -60 };

/**
 * Draws photographs of sheets in the MVTec layout: good ones, and test images with one short scratch and its mask. The same arguments
 * draw the same images.
 *
 * @returns the scratch of each defective test image, by its file name
 */
export async function drawSheets(root: string, set: SheetSet): Promise<Map<string, Scratch>> {
	const { surface, size, train, test, seed } = set;
	const scratches = new Map<string, Scratch>();
	const folder = (...parts: string[]): string => path.join(root, surface, ...parts);
	const good = (own: number): RgbImage => photograph(drawSurface(surface, size, own), own);
	for (let i = 0; i < train; i++)
		await save(folder('train', 'good', `${i}.jpg`), good(deriveSeed(seed, 'train', String(i))));
	for (let i = 0; i < test; i++) {
		await save(folder('test', 'good', `${i}.jpg`), good(deriveSeed(seed, 'good', String(i))));
		const own = deriveSeed(seed, 'scratch', String(i));
		const plate = drawSurface(surface, size, own);
		const mask = new Uint8Array(size.width * size.height);
		scratches.set(`${i}.jpg`, drawScratch(plate, mask, { set, seed: own }));
		await save(folder('test', 'scratch', `${i}.jpg`), photograph(plate, own));
		const png = await encodePng({ data: mask, ...size, channels: 1 });
		await mkdir(folder('ground_truth', 'scratch'), { recursive: true });
		await writeFile(folder('ground_truth', 'scratch', `${i}_mask.png`), png);
	}
	return scratches;
}

/** A straight scratch anywhere but at the border, in any direction, that fades at its ends. */
function drawScratch(
	{ level, width, height }: Plate,
	mask: Uint8Array,
	{ set: { scratchPx, surface }, seed }: { readonly set: SheetSet; readonly seed: number },
): Scratch {
	const random = createRandom(deriveSeed(seed, 'place'));
	const x = Math.round(width * (0.1 + 0.8 * random.next()));
	const y = Math.round(height * (0.1 + 0.8 * random.next()));
	const angle = Math.PI * random.next();
	const halfWidth = Math.max(1, scratchPx / 16);
	for (let v = Math.max(0, y - scratchPx); v <= Math.min(height - 1, y + scratchPx); v++) {
		for (let u = Math.max(0, x - scratchPx); u <= Math.min(width - 1, x + scratchPx); u++) {
			const along = (u - x) * Math.cos(angle) + (v - y) * Math.sin(angle);
			const across = (v - y) * Math.cos(angle) - (u - x) * Math.sin(angle);
			const fade = Math.min(1, (4 * (scratchPx / 2 - Math.abs(along))) / scratchPx);
			if (fade <= 0 || Math.abs(across) > halfWidth) continue;
			mask[v * width + u] = 255;
			level[v * width + u] += CONTRAST[surface] * fade;
		}
	}
	return { x, y };
}

async function save(file: string, image: RgbImage): Promise<void> {
	await mkdir(path.dirname(file), { recursive: true });
	await writeFile(file, await encodeJpeg(image, QUALITY));
}

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { createRandom } from '../../src/random';

const SIDE = 40;

/** Noise around one colour per category, in the MVTec layout; defects are a bright square with its exact mask. */
export async function drawTinyDataset(
	root: string,
	categories: readonly string[] = ['bolt', 'nut'],
	trainPerCategory = 8,
): Promise<void> {
	for (const [c, category] of categories.entries()) {
		const random = createRandom(c + 1);
		const image = (): Buffer => {
			const pixels = Buffer.alloc(SIDE * SIDE * 3);
			for (let i = 0; i < pixels.length; i++) pixels[i] = 60 + 60 * c + Math.floor(40 * random.next());
			return pixels;
		};
		for (let i = 0; i < trainPerCategory; i++)
			await write(path.join(root, category, 'train', 'good', `${i}.png`), image());
		for (let i = 0; i < 3; i++)
			await write(path.join(root, category, 'test', 'good', `${i}.png`), image());
		for (let i = 0; i < 3; i++) {
			const pixels = image();
			const mask = Buffer.alloc(SIDE * SIDE * 3);
			for (let y = 10; y < 22; y++) {
				for (let x = 12; x < 24; x++) {
					pixels.fill(250, (y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3);
					mask.fill(255, (y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3);
				}
			}
			await write(path.join(root, category, 'test', 'square', `${i}.png`), pixels);
			await write(path.join(root, category, 'ground_truth', 'square', `${i}_mask.png`), mask);
		}
	}
}

async function write(file: string, pixels: Buffer): Promise<void> {
	mkdirSync(path.dirname(file), { recursive: true });
	writeFileSync(
		file,
		await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
			.png()
			.toBuffer(),
	);
}

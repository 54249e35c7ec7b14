import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeJpeg } from '../../src/runtime/jpeg';
import { drawSurface, photograph } from './surfaces';

/** Side of the drawn photographs: decoding and resizing are part of what is timed. */
const SIDE = 640;
const QUALITY = 95;

export interface DrawnData {
	/** Folder of everything; gone afterwards. */
	readonly folder: string;
	/** Dataset of one drawn product, named "panel", or of several names of it: "panel0", "panel1" and so on. */
	readonly data: string;
	readonly store: string;
	/** Files of the good training images. */
	readonly images: readonly string[];
	/** Names among which they are dealt out in turn. */
	readonly categories: readonly string[];
}

export interface DrawnDataOptions {
	/** Images beyond so many are further names of the ones before; all differ when absent. */
	readonly distinct?: number;
	/** Names among which the images are dealt out; one when absent. */
	readonly categories?: number;
}

/** Draws a dataset with so many training images for the time of `use`. */
export async function withDrawnData<T>(
	train: number,
	use: (drawn: DrawnData) => Promise<T>,
	{ distinct = train, categories = 1 }: DrawnDataOptions = {},
): Promise<T> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dinomaly-bench-'));
	try {
		const data = path.join(folder, 'data');
		const names = Array.from({ length: categories }, (_, k) =>
			categories === 1 ? 'panel' : `panel${k}`,
		);
		const folders = names.map((name) => path.join(data, name, 'train', 'good'));
		for (const good of folders) await mkdir(good, { recursive: true });
		const images: string[] = [];
		for (let i = 0; i < train; i++) {
			images.push(path.join(folders[i % categories], `${i}.jpg`));
			if (i >= distinct) {
				await link(images[i % distinct], images[i]);
				continue;
			}
			const image = photograph(drawSurface('panel', { width: SIDE, height: SIDE }, i), i);
			await writeFile(images[i], await encodeJpeg(image, QUALITY));
		}
		return await use({ folder, data, store: path.join(folder, 'store'), images, categories: names });
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

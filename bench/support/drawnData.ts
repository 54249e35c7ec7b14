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
	/** Dataset of one drawn product, named "panel". */
	readonly data: string;
	readonly store: string;
	/** Files of the good training images. */
	readonly images: readonly string[];
}

/** Draws a dataset with so many training images for the time of `use`; those beyond `distinct` are further names of the ones before. */
export async function withDrawnData<T>(
	train: number,
	use: (drawn: DrawnData) => Promise<T>,
	distinct = train,
): Promise<T> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dinomaly-bench-'));
	try {
		const data = path.join(folder, 'data');
		const good = path.join(data, 'panel', 'train', 'good');
		await mkdir(good, { recursive: true });
		const images: string[] = [];
		for (let i = 0; i < train; i++) {
			images.push(path.join(good, `${i}.jpg`));
			if (i >= distinct) {
				await link(images[i % distinct], images[i]);
				continue;
			}
			const image = photograph(drawSurface('panel', { width: SIDE, height: SIDE }, i), i);
			await writeFile(images[i], await encodeJpeg(image, QUALITY));
		}
		return await use({ folder, data, store: path.join(folder, 'store'), images });
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

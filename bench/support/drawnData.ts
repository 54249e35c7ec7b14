import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { drawPanels } from './panels';

/** Side of the drawn photographs: decoding and resizing are part of what is timed. */
const SIDE = 640;

export interface DrawnData {
	/** Folder of everything; gone afterwards. */
	readonly folder: string;
	/** Dataset of one drawn product, named "panel". */
	readonly data: string;
	readonly store: string;
	/** Files of the good training images. */
	readonly images: readonly string[];
}

/** Draws a dataset with so many training images for the time of `use`. */
export async function withDrawnData<T>(train: number, use: (drawn: DrawnData) => Promise<T>): Promise<T> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dinomaly-bench-'));
	try {
		const data = path.join(folder, 'data');
		await drawPanels(data, { size: { width: SIDE, height: SIDE }, scratchPx: 40, train, test: 2 }, 1);
		const images = Array.from({ length: train }, (_, i) =>
			path.join(data, 'panel', 'train', 'good', `${i}.jpg`),
		);
		return await use({ folder, data, store: path.join(folder, 'store'), images });
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ImageSource } from '../../src/scoring/request';
import { drawSheets } from '../support/sheets';

/** An image of the load: encoded bytes, good or damaged, or none where a file is missing. */
export interface LoadImage {
	readonly key: string;
	readonly bytes: Uint8Array | null;
}

export interface SoakData {
	readonly folder: string;
	readonly store: string;
	/** Dataset in the MVTec layout with one category and scratches to find. */
	readonly data: string;
	readonly images: readonly LoadImage[];
	readonly badImages: readonly LoadImage[];
}

const SIDE = 480;
/** More than a message of the engine's channel holds. */
const LARGE_BYTES = 20e6;
const SET = {
	surface: 'panel',
	size: { width: SIDE, height: SIDE },
	scratchPx: 60,
	train: 24,
	test: 6,
	seed: 1,
} as const;

export async function drawSoakData(folder: string): Promise<SoakData> {
	const data = path.join(folder, 'data');
	await drawSheets(data, SET);
	const images: LoadImage[] = [];
	for (const part of ['test/good', 'test/scratch', 'train/good']) {
		const own = path.join(data, SET.surface, part);
		for (const file of (await readdir(own)).sort().slice(0, SET.test))
			images.push({ key: `${part}/${file}`, bytes: await readFile(path.join(own, file)) });
	}
	const whole = images[0].bytes ?? new Uint8Array();
	// Travels to the engine in pieces, which others must wait for: decoders look no further than the end of the picture.
	images.push({ key: 'large', bytes: Buffer.concat([whole, Buffer.alloc(LARGE_BYTES)]) });
	// Half of a JPEG decodes to half a picture in some decoders: the cut is inside its header.
	const badImages: LoadImage[] = [
		{ key: 'bad/empty', bytes: new Uint8Array() },
		{ key: 'bad/cut', bytes: whole.slice(0, 200) },
		{ key: 'bad/text', bytes: Buffer.from('<html>504 Gateway Timeout</html>') },
		{ key: 'bad/missing', bytes: null },
	];
	await writeFile(path.join(folder, 'README.txt'), 'Data of bench/soak.ts; it goes when that ends.\n');
	return { folder, store: path.join(folder, 'store'), data, images, badImages };
}

/** The image under the name of one item, as n8n hands it over; one without bytes is a file that is not there. */
export function sourceOf({ key, bytes }: LoadImage, name: string): ImageSource {
	return bytes === null ? { file: `/nowhere/${name}` } : { name: `${name} ${key}`, bytes };
}

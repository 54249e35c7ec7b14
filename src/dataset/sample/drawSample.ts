import path from 'node:path';
import { DinomalyError } from '../../errors';
import { encodeJpeg } from '../../runtime/jpeg';
import { encodePng } from '../../runtime/images';
import { board } from './board';
import { drawPicture, type DrawnPicture, sampleNoise } from './drawPicture';
import { fabric } from './fabric';
import { flange } from './flange';
import { type PlannedPicture, planSample } from './plan';
import { DESIGN_SIDE, type Product } from './product';
import { claimSampleFolder, isDrawn, writeSampleFile } from './sampleFolder';

/** The categories of the sample dataset, in bytewise order of their names. */
export const PRODUCTS: readonly Product[] = [board, flange, fabric];

/** Turns drawn pixels into files; the default uses sharp. */
export interface SampleEncoder {
	/** A photograph: JPEG bytes from three bytes a pixel. */
	photograph(rgb: Uint8Array, side: number): Promise<Uint8Array>;
	/** A mask: PNG bytes from one byte a pixel. */
	mask(gray: Uint8Array, side: number): Promise<Uint8Array>;
}

export interface DrawSampleOptions {
	readonly seed?: number;
	readonly trainPerCategory?: number;
	readonly testGoodPerCategory?: number;
	readonly imagesPerDefect?: number;
	/** Pixels; both sides of every picture. */
	readonly side?: number;
	/** Leave a whole sample that was drawn with the same settings as it is. */
	readonly keep?: boolean;
	readonly encoder?: SampleEncoder;
	readonly signal?: AbortSignal;
	readonly onProgress?: (done: number, total: number) => void;
}

export interface SampleDataset {
	/** Absolute path. */
	readonly dir: string;
	readonly categories: readonly string[];
	/** Images and masks written. */
	readonly files: number;
	/** False when a former one was kept. */
	readonly drawn: boolean;
}

/**
 * Draws a dataset of three products in the MVTec AD layout, to try training and evaluation with: a turned flange, a
 * woven fabric and a circuit board, each with normal pieces that vary as real ones do and five kinds of defects, from
 * obvious to subtle, with exact masks. All of it is computed: no photographs, no fonts, nothing from elsewhere. The same
 * seed gives the same pixels.
 *
 * With the defaults 420 pictures of 320 x 320 pixels, about 20 MB, in about half a minute.
 * @param dir created when absent; else empty or a former sample, which is replaced
 * @throws DinomalyError CONFIG_INVALID (folder in use, impossible option), DISK_FULL, RUNTIME_MISSING
 */
export async function drawSample(dir: string, options: DrawSampleOptions = {}): Promise<SampleDataset> {
	const { seed = 1, side = DESIGN_SIDE, encoder = SHARP_ENCODER, signal, onProgress } = options;
	const counts = checkedCounts(options);
	if (!Number.isSafeInteger(seed)) throw invalid('seed', 'a whole number', seed);
	if (!Number.isInteger(side) || side < SMALLEST_SIDE || side > LARGEST_SIDE) {
		throw invalid('side', `a whole number of pixels from ${SMALLEST_SIDE} to ${LARGEST_SIDE}`, side);
	}
	signal?.throwIfAborted();
	const target = path.resolve(dir);
	const plan = planSample(PRODUCTS, { seed, ...counts });
	const files = plan.flatMap(({ image, mask }) => (mask === null ? [image] : [image, mask]));
	const sample = { dir: target, categories: PRODUCTS.map(({ name }) => name), files: files.length };
	const settings = { seed, side, ...counts };
	// The file README is written last.
	if (options.keep === true && (await isDrawn(target, [README, ...files], settings)))
		return { ...sample, drawn: false };
	await claimSampleFolder(target, [README, ...files], settings);
	const noise = sampleNoise(seed);
	let saving: Promise<void> = Promise.resolve();
	try {
		for (const [index, planned] of plan.entries()) {
			signal?.throwIfAborted();
			// sharp encodes one picture on its own threads while the next is drawn here.
			const drawn = drawPicture(planned, noise, side);
			await saving;
			onProgress?.(index, plan.length);
			saving = save(target, planned, drawn, encoder);
		}
	} finally {
		await saving;
	}
	await writeSampleFile(target, README, readme(seed));
	onProgress?.(plan.length, plan.length);
	return { ...sample, drawn: true };
}

/** Below this, lettering and thin defects are lost. */
const SMALLEST_SIDE = 64;
const LARGEST_SIDE = 2048;
const MOST_PICTURES = 10_000;
const README = 'README.md';

const SHARP_ENCODER: SampleEncoder = {
	photograph: (data, side) => encodeJpeg({ data, width: side, height: side, channels: 3 }),
	mask: (data, side) => encodePng({ data, width: side, height: side, channels: 1 }),
};

async function save(
	dir: string,
	planned: PlannedPicture,
	drawn: DrawnPicture,
	encoder: SampleEncoder,
): Promise<void> {
	await writeSampleFile(dir, planned.image, await encoder.photograph(drawn.rgb, drawn.side));
	if (planned.mask !== null)
		await writeSampleFile(dir, planned.mask, await encoder.mask(drawn.mask, drawn.side));
}

function checkedCounts(options: DrawSampleOptions) {
	const counts = {
		trainPerCategory: options.trainPerCategory ?? 80,
		testGoodPerCategory: options.testGoodPerCategory ?? 20,
		imagesPerDefect: options.imagesPerDefect ?? 8,
	};
	for (const [name, count] of Object.entries(counts)) {
		const fits = Number.isInteger(count) && count >= 0 && count <= MOST_PICTURES;
		if (!fits) throw invalid(name, `a whole number in 0 .. ${MOST_PICTURES}`, count);
	}
	return counts;
}

function invalid(name: string, expected: string, found: number): DinomalyError {
	return new DinomalyError('CONFIG_INVALID', `Expected ${name} to be ${expected}, found ${found}`, {
		hint: `Leave ${name} out for the default.`,
	});
}

function readme(seed: number): string {
	return [
		'# Sample dataset for visual anomaly detection',
		'',
		'Drawn by n8n-nodes-dinomaly with seed ' + String(seed) + '; computed, not photographed.',
		'Layout: MVTec AD. Defects are numbered from obvious to subtle; masks are exact.',
		'The pieces are drawn, so scores on them say that a set-up works, not how well it does on real parts.',
		'',
	].join('\n');
}

import type { ImageEntry } from '../dataset/dataset';
import { DinomalyError } from '../errors';
import { imageStatistics, type ImageStatistics } from '../imaging/statistics';
import { decodeImage } from '../runtime/images';
import { readAhead } from '../runtime/readAhead';
import type { CalibrationImages } from '../store/calibration';

/** Six digits tell any two cameras apart. */
const DIGITS = 6;

/** How images of each category were taken, so that later ones can be held against them. */
export class CalibrationImageCollector {
	readonly #found = new Map<string, ImageStatistics[]>();

	add(category: string, statistics: ImageStatistics): void {
		const own = this.#found.get(category);
		if (own === undefined) this.#found.set(category, [statistics]);
		else own.push(statistics);
	}

	/** By category, as `calibration.json` holds it. */
	result(): Record<string, CalibrationImages> {
		return Object.fromEntries([...this.#found].map(([category, own]) => [category, summarise(own)]));
	}
}

/** How the images of a training that were held out were taken. */
export async function measureHeldOut(
	entries: readonly ImageEntry[],
	signal: AbortSignal,
): Promise<Record<string, CalibrationImages>> {
	const collector = new CalibrationImageCollector();
	let next = 0;
	for await (const statistics of readAhead(entries, measure)) {
		signal.throwIfAborted();
		const { category } = entries[next++];
		if (statistics !== null) collector.add(category, statistics);
	}
	return collector.result();
}

/** An image that went away since it was encoded says nothing; its features are at hand. */
async function measure({ path }: ImageEntry): Promise<ImageStatistics | null> {
	try {
		return imageStatistics(await decodeImage(path));
	} catch (error) {
		if (error instanceof DinomalyError) return null;
		throw error;
	}
}

function summarise(images: readonly ImageStatistics[]): CalibrationImages {
	const column = (name: 'brightness' | 'contrast' | 'sharpness'): number[] =>
		images.map((image) => Number(image[name].toPrecision(DIGITS))).sort((a, b) => a - b);
	const sizes = new Map(images.map(({ width, height }) => [`${width}x${height}`, { width, height }]));
	return {
		brightness: column('brightness'),
		contrast: column('contrast'),
		sharpness: column('sharpness'),
		sizes: [...sizes.values()],
	};
}

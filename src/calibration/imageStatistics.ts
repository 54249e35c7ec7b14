import type { ImageEntry } from '../dataset/dataset';
import { DinomalyError } from '../errors';
import { imageStatistics, type ImageStatistics } from '../imaging/statistics';
import { decodeImage } from '../runtime/images';
import { readAhead } from '../runtime/readAhead';
import type { CalibrationImages } from '../store/calibration';
import type { ZoneAreas } from '../zones/zoneAreas';

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

/** How the images of a training that were held out were taken, in the areas that are inspected. */
export async function measureHeldOut(
	entries: readonly ImageEntry[],
	{ signal, areas }: { readonly signal: AbortSignal; readonly areas?: ZoneAreas },
): Promise<Record<string, CalibrationImages>> {
	const collector = new CalibrationImageCollector();
	let next = 0;
	const measure = (entry: ImageEntry): Promise<ImageStatistics | null> => measureEntry(entry, areas);
	for await (const statistics of readAhead(entries, measure)) {
		signal.throwIfAborted();
		const { category } = entries[next++];
		if (statistics !== null) collector.add(category, statistics);
	}
	return collector.result();
}

/** An image that went away since it was encoded says nothing; its features are at hand. */
async function measureEntry(
	{ path, category }: ImageEntry,
	areas: ZoneAreas | undefined,
): Promise<ImageStatistics | null> {
	try {
		const image = await decodeImage(path);
		return imageStatistics(image, areas?.of(category, image));
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

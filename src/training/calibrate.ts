import { CalibrationCollector } from '../calibration/collector';
import type { ImageEntry } from '../dataset/dataset';
import { partKey } from '../dataset/holdOut';
import type { PartOf } from '../dataset/partNames';
import type { ImageMap } from '../scoring/imageMap';
import type { CalibrationFile } from '../store/calibration';

export interface CalibrateOptions {
	readonly signal: AbortSignal;
	/** Which images show the same part; each is a part of its own when absent. */
	readonly partOf?: PartOf;
	readonly onProgress: (done: number, total: number) => void;
}

/**
 * Measures held-out normal images: image scores and map statistics per category and over all.
 *
 * @param mapOf score and map of the image with the given number
 */
export async function calibrate(
	entries: readonly ImageEntry[],
	mapOf: (index: number) => Promise<ImageMap>,
	options: CalibrateOptions,
): Promise<CalibrationFile> {
	const collector = new CalibrationCollector(entries.length);
	const { partOf } = options;
	for (const [i, entry] of entries.entries()) {
		const { category } = entry;
		options.signal.throwIfAborted();
		const { score, map, seen, views } = await mapOf(i);
		collector.add({
			category,
			anomalous: false,
			...(partOf && { part: partKey(entry, partOf) }),
			score,
			map,
			inspected: seen?.inspected,
			views,
		});
		options.onProgress(i + 1, entries.length);
	}
	return collector.result();
}

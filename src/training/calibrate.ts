import { CalibrationCollector } from '../calibration/collector';
import type { ImageEntry } from '../dataset/dataset';
import type { ImageMap } from '../scoring/imageMap';
import type { CalibrationFile } from '../store/calibration';

export interface CalibrateOptions {
	readonly signal: AbortSignal;
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
	for (const [i, { category }] of entries.entries()) {
		options.signal.throwIfAborted();
		const { score, map, seen } = await mapOf(i);
		collector.add({ category, anomalous: false, score, map, inspected: seen?.inspected });
		options.onProgress(i + 1, entries.length);
	}
	return collector.result();
}

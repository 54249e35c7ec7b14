import { CalibrationCollector } from '../calibration/collector';
import { EVAL_SIDE } from '../model/anomalyMap';
import type { Scorer } from '../scoring/scorer';
import type { CalibrationFile } from '../store/calibration';
import { halfToFloat32 } from '../weights/halfPrecision';
import type { EncodedImages } from './encodedSplit';

export interface CalibrateOptions {
	readonly groups: number;
	readonly signal: AbortSignal;
	readonly onProgress: (done: number, total: number) => void;
}

/** Scores held-out normal images, whose features are at hand: image scores and map statistics per category and over all. */
export async function calibrate(
	scorer: Scorer,
	{ entries, source }: EncodedImages,
	options: CalibrateOptions,
): Promise<CalibrationFile> {
	const collector = new CalibrationCollector(entries.length, EVAL_SIDE * EVAL_SIDE);
	for (const [i, { category }] of entries.entries()) {
		options.signal.throwIfAborted();
		const features = splitGroups(halfToFloat32(await source.get(i)), options.groups);
		collector.add({ category, anomalous: false, ...(await scorer.score(features)) });
		options.onProgress(i + 1, entries.length);
	}
	return collector.result();
}

/** All groups one after the other as one array per group, without copying. */
export function splitGroups(features: Float32Array, groups: number): Float32Array[] {
	const size = features.length / groups;
	return Array.from({ length: groups }, (_, k) => features.subarray(k * size, (k + 1) * size));
}

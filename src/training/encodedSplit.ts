import type { ImageEntry } from '../dataset/dataset';
import type { holdOut } from '../dataset/holdOut';
import type { ImageFeatures } from '../encoding/imageFeatures';
import type { FeatureSource } from './trainer';

/** Normal images to train on, and those held out for calibration. */
export type Split = ReturnType<typeof holdOut>;

/** Images that could be read, and their features in the same order. */
export interface EncodedImages {
	readonly entries: readonly ImageEntry[];
	readonly source: FeatureSource;
}

export interface EncodedSplit {
	readonly train: EncodedImages;
	readonly calibration: EncodedImages;
}

/**
 * Computes the features of all images of a split, or finds them in the cache; images that cannot be read are left out.
 * @throws the error of the first such image when `onCorrupt` is `fail`
 */
export async function encodeSplit(
	split: Split,
	features: ImageFeatures,
	options: Parameters<ImageFeatures['prepare']>[1],
): Promise<EncodedSplit> {
	const all = [...split.train, ...split.calibration];
	const included = await features.prepare(
		all.map((entry) => entry.path),
		options,
	);
	const trainCount = included.slice(0, split.train.length).filter(Boolean).length;
	const kept = all.filter((_, i) => included[i]);
	return {
		train: {
			entries: kept.slice(0, trainCount),
			source: { count: trainCount, get: (index) => features.get(index) },
		},
		calibration: {
			entries: kept.slice(trainCount),
			source: {
				count: features.count - trainCount,
				get: (index) => features.get(trainCount + index),
			},
		},
	};
}

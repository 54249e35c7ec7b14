import type { ImageEntry } from '../dataset/dataset';
import type { holdOut } from '../dataset/holdOut';
import type { ImageFeatures, KnownImage } from '../encoding/imageFeatures';
import type { FeatureSource } from './trainer';

/** Normal images to train on, and those held out for calibration. */
export type Split = ReturnType<typeof holdOut>;

/** Images that could be read, and the features of their parts - tiles, or the whole of each - in the same order. */
export interface EncodedImages {
	readonly entries: readonly ImageEntry[];
	/** As many as entries; their parts are numbered as in `source`. */
	readonly images: readonly KnownImage[];
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
		train: take(kept, features, [0, trainCount]),
		calibration: take(kept, features, [trainCount, kept.length]),
	};
}

/** The images from `start` to before `end` with their parts, numbered anew. */
function take(
	entries: readonly ImageEntry[],
	features: ImageFeatures,
	[start, end]: readonly [number, number],
): EncodedImages {
	const images = features.images.slice(start, end);
	const offset = images.length === 0 ? 0 : images[0].firstPart;
	return {
		entries: entries.slice(start, end),
		images: images.map((image) => ({ ...image, firstPart: image.firstPart - offset })),
		source: {
			count: images.reduce((sum, { partCount }) => sum + partCount, 0),
			get: (part) => features.get(offset + part),
		},
	};
}

import type { ImageEntry } from '../dataset/dataset';
import type { Tiling } from '../imaging/tiling';

/** Share of the normal images held out for calibration unless told otherwise. */
const DEFAULT_SHARE = 0.1;
/** Images that thresholds should rest on at least where tiles leave plenty to train on. */
const IMAGES_WITH_TILES = 5;
const LARGEST_SHARE_WITH_TILES = 0.5;

/**
 * Share of the normal images to hold out when the user names none: a tenth. With tiles one image is hundreds of parts to train on but still
 * a single score to calibrate with, so that of few images up to half are held out, five of each category if there are ten.
 */
export function defaultCalibrationShare(entries: readonly ImageEntry[], tiling: Tiling | undefined): number {
	if (tiling === undefined || entries.length === 0) return DEFAULT_SHARE;
	const counts = new Map<string, number>();
	for (const { category } of entries) counts.set(category, (counts.get(category) ?? 0) + 1);
	const wanted = IMAGES_WITH_TILES / Math.min(...counts.values());
	return Math.max(DEFAULT_SHARE, Math.min(LARGEST_SHARE_WITH_TILES, wanted));
}

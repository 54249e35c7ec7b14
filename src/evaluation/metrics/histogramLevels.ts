/** Key bits that one bin leaves open: scores in one bin differ by less than 1 part in 8192. */
export const SHIFT = 10;

/** Bins with their counts, highest scores first; columns of one length. */
export interface HistogramLevels {
	/** Smallest score that the bin takes. */
	readonly scores: Float64Array;
	/** Smallest and largest key that the bin takes. */
	readonly lowestKeys: Float64Array;
	readonly normal: Float64Array;
	/** Those of `normal` that belong to good images. */
	readonly good: Float64Array;
	readonly anomalous: Float64Array;
	/** Sum over the anomalous pixels of one over the area of their region. */
	readonly regionShare: Float64Array;
	/** Sum over the anomalous pixels of one over the anomalous pixels of their image. */
	readonly imageShare: Float64Array;
	readonly regions: number;
	readonly images: number;
	/** Keys of the smallest and the largest score, exact. */
	readonly minKey: number;
	readonly maxKey: number;
}

/** First key of the bin that a key falls into. */
export function binStart(key: number): number {
	return ((key >>> SHIFT) << SHIFT) >>> 0;
}

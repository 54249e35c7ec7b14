import type { Metric } from './metric';
import type { PixelCurves } from './curves';
import type { RankingMetrics } from './ranking';

/** Pixel metrics over the maps of a category, or of one kind of defect and all good images. */
export interface PixelMetrics extends RankingMetrics {
	/** Over all distinct scores, interpolated at the limit. */
	readonly aupro: Metric;
	/** By the reference's 200 thresholds. */
	readonly auproOfficial: Metric;
	/** Mean over the anomalous images, at false positive rates of 1e-5 to 1e-4 on good images. */
	readonly aupimo: Metric;
}

export interface PixelResults {
	readonly overall: PixelMetrics;
	/** By kind of defect: its images beside all good ones. */
	readonly kinds: ReadonlyMap<string, PixelMetrics>;
	/** Of all pixels; null without an anomalous or without a normal pixel. */
	readonly curves: PixelCurves | null;
}

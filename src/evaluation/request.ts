import type { Tiling } from '../imaging/tiling';
import type { DeviceName } from '../runtime/device';
import type { IMAGE_METRICS, MetricSet } from './metricNames';
import type { Interval } from './metrics/bootstrap';
import type { PixelMode } from './metrics/pixelAccumulator';
import type { PixelCurves } from './metrics/curves';
import type { VersionsOfCard } from '../store/card';

/** Which mask pixels count as anomalous after resizing: above 0 (the reference) or above one half. */
export type MaskRuleName = 'nonzero' | 'half';

export interface EvaluateRequest {
	readonly store: string;
	readonly model: string;
	readonly data: string;
	readonly categories?: readonly string[];
	readonly device?: DeviceName;
	readonly requireDevice?: boolean;
	readonly threads?: number;
	/** `nonzero` when absent. */
	readonly maskRule?: MaskRuleName;
	/** False positive rate, above 0 and at most 1, up to which AUPRO averages; 0.3 when absent. */
	readonly maxFpr?: number;
	/** Whether pixel metrics are exact or of bounded memory; `auto` when absent. */
	readonly pixelMode?: PixelMode;
	/** How many of the worst misses, of the worst false alarms and of the surest rights come back with pictures; none when absent. */
	readonly examples?: number;
}

export type { PixelCurves, PixelMode };

export type ImageIntervals = Readonly<Record<(typeof IMAGE_METRICS)[number], Interval | null>>;

export interface CategoryEvaluation extends MetricSet {
	readonly category: string;
	readonly images: { readonly good: number; readonly anomalous: number; readonly withMask: number };
	/** 95 % confidence intervals of the image metrics, by bootstrap over the test images; null where there is none. */
	readonly intervals: ImageIntervals;
	/** Mean share of the images' pixels that the model inspects, in [0, 1]; null when no zone is for the category. */
	readonly inspectedShare: number | null;
	/** Metric name to the reason why it is null. */
	readonly reasons: Readonly<Record<string, string>>;
	/** Images that score above it are anomalies; null without calibration. */
	readonly threshold: number | null;
	/** Good images above the threshold (overkill); null without one. */
	readonly falseAlarms: number | null;
	/** Anomalous images not above the threshold (escapes); null without one. */
	readonly misses: number | null;
	/** How the pixel metrics were made; null without any. */
	readonly pixelMode: CountedPixels | null;
	/** Metric name to how far the exact value may be away at most; metrics that are exact are absent. */
	readonly errorBounds: Readonly<Record<string, number>>;
	/** Every kind of defect among the test images. */
	readonly defectTypes: readonly DefectTypeEvaluation[];
	/** ROC, precision-recall and PRO over the pixels of all masks; null without masks. */
	readonly pixelCurves: PixelCurves | null;
}

/** `exact`: from every score. `histogram`: from counts in fine bins, with bounds on the error. */
export type CountedPixels = 'exact' | 'histogram';

/** Pixel metrics of one kind of defect: its images beside all good ones. */
export interface DefectTypeEvaluation {
	readonly label: string;
	readonly images: number;
	/** Those with a ground-truth mask; the others are not part of pixel metrics. */
	readonly withMask: number;
	readonly metrics: PixelMetricSet;
	/** Metric name to the reason why it is null. */
	readonly reasons: Readonly<Record<string, string>>;
}

/** The score of one test image. */
export interface EvaluatedImage {
	/** Path below the dataset's root, with forward slashes, or whatever names a scored item. */
	readonly file: string;
	readonly category: string;
	/** `good`, or the defect type. */
	readonly label: string;
	readonly anomalous: boolean;
	readonly score: number;
	/** Present and true when it is unlike anything seen in training. */
	readonly outOfDistribution?: boolean;
}

/** Wrongly judged, or rightly: `sureDefect` and `sureGood` are furthest on the right side of the threshold. */
export type ExampleKind = 'miss' | 'falseAlarm' | 'sureDefect' | 'sureGood';

/** An image with pictures to look at. */
export interface EvaluationExample extends EvaluatedImage {
	readonly kind: ExampleKind;
	readonly threshold: number;
	/** JPEG of the image. */
	readonly picture: Uint8Array;
	/** JPEG of the image under its heat map; null for a scored item that came without one. */
	readonly heatmap: Uint8Array | null;
	/** JPEG of the image with the defect marked by its ground-truth mask; null for a good image, or without a mask. */
	readonly truth: Uint8Array | null;
}

/** Everything beside the test images that has a part in the numbers. */
export interface MadeWith {
	/** Hash over the hashes of all files of the model. */
	readonly modelSha256: string;
	readonly encoderSha256: string;
	readonly imageSize: number;
	readonly cropSize: number;
	/** How images were cut into tiles; null when the encoder saw them whole. */
	readonly tiling: Tiling | null;
	readonly maskRule: MaskRuleName;
	readonly maxFpr: number;
	readonly pixelMode: PixelMode;
	/** False-alarm rate that the thresholds are set for, in (0, 1); null when they are set otherwise. */
	readonly falseAlarmRate: number | null;
	/** Strategy of the thresholds with its numbers, such as `falseAlarmRate 0.01`; null without calibration. */
	readonly thresholdRule: string | null;
	/** Hash of the zones that the model looks at; null when it looks everywhere. */
	readonly zonesSha256: string | null;
	/** CPU threads asked for; 0: the runtime's own choice. */
	readonly threads: number;
	/** Last part of the dataset folder's path. */
	readonly datasetRoot: string;
	/** Content hash of the test images and masks; null when one of them could not be read. */
	readonly datasetFingerprint: string | null;
	readonly versions: VersionsOfCard;
}

export interface EvaluateResult {
	readonly model: string;
	readonly version: string;
	readonly encoder: string;
	readonly device: string;
	readonly categories: readonly CategoryEvaluation[];
	/** Unweighted mean over the categories where a metric is defined. */
	readonly mean: MetricSet;
	readonly failures: readonly { readonly file: string; readonly reason: string }[];
	readonly notices: readonly string[];
	readonly seconds: number;
	readonly images: readonly EvaluatedImage[];
	/** Worst misses (lowest scores) first, then worst false alarms (highest scores), then the surest rights. */
	readonly examples: readonly EvaluationExample[];
	readonly madeWith: MadeWith;
}

/** An item that was scored before, with its anomaly map: pixel metrics need the engine, which reads masks. */
export interface MapItem {
	readonly category: string;
	/** Kind of defect, for figures by kind; `good` for a good item. */
	readonly label?: string;
	readonly anomalous: boolean;
	/** File with the float32 values of the anomaly map, little endian, row by row. */
	readonly mapFile: string;
	/** Size of the map; a square when absent. */
	readonly mapSize?: { readonly width: number; readonly height: number };
	/** Ground-truth mask as an image file; null for none. A good item needs none. */
	readonly maskFile: string | null;
}

export interface EvaluateMapsRequest {
	readonly items: readonly MapItem[];
	/** How the model that made the maps resizes and crops: masks go the same way. */
	readonly imageSize: number;
	readonly cropSize: number;
	/** How it cuts images into tiles, if it does. */
	readonly tiling?: Tiling;
	readonly maskRule?: MaskRuleName;
	readonly maxFpr?: number;
	readonly pixelMode?: PixelMode;
}

export type PixelMetricSet = Pick<
	MetricSet,
	'pixelAuroc' | 'pixelAp' | 'pixelF1Max' | 'aupro' | 'auproOfficial' | 'aupimo'
>;

export interface CategoryPixels extends PixelMetricSet {
	readonly category: string;
	/** Anomalous items with a mask. */
	readonly withMask: number;
	readonly reasons: Readonly<Record<string, string>>;
	readonly pixelMode: CountedPixels | null;
	readonly errorBounds: Readonly<Record<string, number>>;
	/** By kind of defect; kinds without any mask are absent. */
	readonly kinds: readonly Omit<DefectTypeEvaluation, 'images'>[];
	readonly curves: PixelCurves | null;
}

export interface EvaluateMapsResult {
	readonly categories: readonly CategoryPixels[];
	/** Numbers of the items whose defect lies wholly where the model does not look, ascending; their pixels count nowhere. */
	readonly outside: readonly number[];
}

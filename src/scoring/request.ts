import type { Region } from '../imaging/regions';
import type { DeviceName } from '../runtime/device';
import type { Precision } from '../runtime/precisionNames';
import type { BatchLimits } from './batchLimits';
import type { InferenceServer } from '../serving/server';

/** An image to score: a file, or encoded bytes with a name to report. */
export type ImageSource = { readonly file: string } | { readonly name: string; readonly bytes: Uint8Array };

export interface ScoreRequest {
	readonly store: string;
	/** `name`, `name@version` or `name@alias`. */
	readonly model: string;
	readonly images: readonly ImageSource[];
	/** Category whose calibration applies; the pooled one when absent. */
	readonly category?: string;
	/** Whether to say when an image is unlike all that the model was trained on; true when absent. */
	readonly checkDistribution?: boolean;
	readonly outputs?: { readonly heatmap?: boolean; readonly mask?: boolean; readonly rawMap?: boolean };
	/** `float32` when absent; others need a version that was compared with it (`models quantize`). */
	readonly precision?: Precision;
	readonly device?: DeviceName;
	readonly requireDevice?: boolean;
	readonly threads?: number;
	/**
	 * How many images, of this call and of others, are computed together on a device other than the CPU, and how long one waits for others;
	 * 16 and 20 ms when absent. Results of one image vary in their last digits with the number of those that it was computed with.
	 */
	readonly batching?: BatchLimits;
	/** Who makes the maps instead of this machine: what the version was exported for. Then device, threads and precision are the server's. */
	readonly servedBy?: ServedBy;
}

/** Numbers that an exported model computes in. */
export type ServedPrecision = Precision;

/** A model on an inference server. */
export interface ServedBy {
	readonly server: InferenceServer;
	/** Its name there; that of the model when absent. */
	readonly model?: string;
	/** Its version there; that of the model when absent, null where the server has no versions. */
	readonly version?: string | null;
}

export type { BatchLimits, Region };

/** `unknown`: unlike anything seen in training, so that the score means little. */
export type Verdict = 'normal' | 'review' | 'anomaly' | 'uncalibrated' | 'unknown';

export interface ImageScore {
	readonly file: string;
	/** Mean of the top 1 % of the anomaly map (reference: evaluation_batch); of a model with tiles the largest over the tiles. */
	readonly score: number;
	/** 0.5 at the threshold; null without calibration. */
	readonly normalizedScore: number | null;
	/** Share of normal calibration images at least this anomalous (split conformal); null without calibration. */
	readonly pValue: number | null;
	readonly threshold: number | null;
	/** Where the threshold comes from, in words: "at most 1 % false alarms"; null without calibration. */
	readonly thresholdBasis: string | null;
	/** Whether the threshold lies beyond every score of the calibration, so that its basis is an estimate and no promise. */
	readonly thresholdExtrapolated: boolean | null;
	/** Scores above it, but not above the threshold, go to a person; null without a review band. */
	readonly reviewThreshold: number | null;
	/** How many normal images threshold and p-value come from, so that no p-value is below 1 / (n + 1); null without calibration. */
	readonly calibrationImages: number | null;
	/** Category whose images these are; null when they are those of all categories together. */
	readonly calibrationCategory: string | null;
	readonly verdict: Verdict;
	/** Distance to the nearest good image that the model knows, in [0, 2]; null when it was not held against them. */
	readonly distributionDistance: number | null;
	/** Images further away than this are unlike anything seen in training; null as before. */
	readonly distributionLimit: number | null;
	/** Whether it is unlike anything seen in training of its category, or of any when no category is given; null as before. */
	readonly outOfDistribution: boolean | null;
	/** The category of the model that it looks like; null when it looks like none, or was not held against them. */
	readonly resembles: string | null;
	/** What is wrong and what to do, in one sentence, when it is out of distribution. */
	readonly unknownReason: string | null;
	readonly category: string | null;
	/** Share of the image's pixels that the model's zones leave and patches of its encoder lie in, in [0, 1]; 1 without zones. */
	readonly inspectedShare: number;
	readonly regions: readonly Region[];
	readonly width: number;
	readonly height: number;
	readonly model: string;
	readonly version: string;
	readonly encoder: string;
	/** What is to be said about this encoder, such as that it is one of the package. */
	readonly encoderNotice?: string;
	/** `server`: an inference server. */
	readonly device: string;
	/** Numbers that the linear layers were multiplied in. */
	readonly precision: ServedPrecision;
	readonly timings: { readonly decodeMs: number; readonly computeMs: number; readonly totalMs: number };
	/** PNG bytes, when asked for. */
	readonly heatmapPng?: Uint8Array;
	readonly maskPng?: Uint8Array;
	/**
	 * Anomaly map, float32, row by row, when asked for: 256 x 256 values, more when it was merged from tiles. Not a number where nothing was
	 * inspected.
	 */
	readonly rawMap?: Float32Array;
	/** Size of the raw map, when asked for. */
	readonly mapWidth?: number;
	readonly mapHeight?: number;
}

/** An image that could not be scored; the others go on. */
export interface ImageFailure {
	readonly file: string;
	readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
}

export type ScoreOutcome = ImageScore | ImageFailure;

import type { DeviceName } from '../runtime/device';
import type { DecisionPolicy } from '../store/decisionPolicy';
import type { ReducedPrecision } from '../runtime/precisionNames';
import type { PrecisionCheck } from '../store/precisionCheck';
import type { ZonesRequest } from '../zones/zonesRequest';

/** A score whose truth is known. */
export interface LabelledScore {
	readonly category: string;
	readonly anomalous: boolean;
	readonly score: number;
}

/** What a model is calibrated with. */
export type CalibrateSource =
	/** Test images of a dataset folder, or all images of a plain folder, which are good parts then. */
	| { readonly kind: 'images'; readonly data: string; readonly categories?: readonly string[] }
	/** Scores of this model with labels; masks keep the thresholds that they have. */
	| { readonly kind: 'scores'; readonly name: string; readonly scores: readonly LabelledScore[] };

export interface CalibrateRequest {
	readonly store: string;
	/** `name`, `name@version` or `name@alias`. */
	readonly model: string;
	/** The scores that the model has are kept when absent, and only the policy changes. */
	readonly source?: CalibrateSource;
	/** The model's own when absent. */
	readonly policy?: DecisionPolicy;
	/**
	 * Where the new version looks: the model's own zones when absent, everywhere when null. Thresholds hold for one area alone, so that other
	 * zones need images as the source.
	 */
	readonly zones?: ZonesRequest | null;
	readonly device?: DeviceName;
	readonly requireDevice?: boolean;
	readonly threads?: number;
}

export interface CalibrateContext {
	readonly signal: AbortSignal;
	readonly onProgress: (done: number, total: number) => void;
}

/** The limits that follow for one category, or for all together. */
export interface CategoryLimits {
	/** Null: all categories together. */
	readonly category: string | null;
	readonly normal: number;
	readonly anomalous: number;
	/** Whether its own images decide; otherwise those of all categories do. */
	readonly own: boolean;
	readonly threshold: number;
	readonly basis: string;
	readonly extrapolated: boolean;
	readonly reviewThreshold: number | null;
	readonly pixelThreshold: number;
}

export interface CalibrateResult {
	readonly model: string;
	/** The new version. */
	readonly version: string;
	/** The version that it was made from. */
	readonly parentVersion: string;
	readonly path: string;
	/** Categories in order, all together last. */
	readonly limits: readonly CategoryLimits[];
	/** How the new version looks at images, in words; null when it inspects all of them. */
	readonly zones: string | null;
	/** Images that could not be read. */
	readonly skipped: readonly { readonly file: string; readonly reason: string }[];
	readonly notices: readonly string[];
}

/** What a precision is held against float32 with. */
export interface QuantiseRequest {
	readonly store: string;
	/** `name`, `name@version` or `name@alias`. */
	readonly model: string;
	/** Dataset folder, whose test images are scored, or a plain folder of good parts. */
	readonly data: string;
	readonly categories?: readonly string[];
	/** `int8` when absent. */
	readonly precision?: ReducedPrecision;
	/** Where both are computed; int8 on the CPU only. */
	readonly device?: DeviceName;
	/** Refused when it is not so many times as fast; 1.1 when absent. */
	readonly minSpeedup?: number;
	readonly threads?: number;
}

export interface QuantiseResult {
	readonly model: string;
	/** The new version, which may score in that precision. */
	readonly version: string;
	/** The version that it was made from. */
	readonly parentVersion: string;
	readonly path: string;
	readonly check: PrecisionCheck;
	/** Images that could not be read, or that the zones do not fit. */
	readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

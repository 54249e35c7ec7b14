import type { Interval } from '../metrics/bootstrap';
import type { KsTest } from './kolmogorovSmirnov';
import type { Psi } from './psi';

/** Fewer images than this, recent ones or at calibration, say nothing about a distribution. */
export const LEAST_IMAGES = 10;
/** What is compared. */
export type DriftMeasure = 'score' | 'brightness' | 'contrast' | 'sharpness';

/** How much one measure changed since calibration. */
export interface DriftCheck {
	readonly measure: DriftMeasure;
	readonly ks: KsTest;
	/** P-value of `ks`, raised for the number of checks (Holm). */
	readonly adjustedPValue: number;
	readonly psi: Psi;
	readonly medianBefore: number;
	readonly medianNow: number;
	readonly change: DriftChange;
}

/** `clear`: large, and hardly chance. `slight`: smaller, or less sure. */
export type DriftChange = 'none' | 'slight' | 'clear';

export interface SizeCheck {
	/** Recent images of a size that no calibration image had. */
	readonly unseen: number;
	/** Width x height of one of them. */
	readonly example?: string;
	readonly change: DriftChange;
}

/** `unknown`: there are too few images to tell. */
export type DriftVerdict = 'stable' | 'watch' | 'drift' | 'unknown';

export interface DriftReport {
	readonly verdict: DriftVerdict;
	/** Why, in one sentence. */
	readonly reason: string;
	/** Category whose calibration applies; null: all categories together. */
	readonly category: string | null;
	readonly images: number;
	readonly calibrationImages: number;
	readonly checks: readonly DriftCheck[];
	/** Absent when no recent image was looked at, or the model keeps no image statistics. */
	readonly size?: SizeCheck;
	/** Recent images above the model's threshold, and what it is set for; null when there are no scores. */
	readonly alarms: {
		readonly count: number;
		readonly rate: number;
		readonly interval: Interval;
		readonly thresholdBasis: string;
	} | null;
	/** What could not be checked, and why. */
	readonly notices: readonly string[];
}

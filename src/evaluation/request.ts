import type { DeviceName } from '../runtime/device';

export interface EvaluateRequest {
	readonly store: string;
	readonly model: string;
	readonly data: string;
	readonly categories?: readonly string[];
	readonly device?: DeviceName;
	readonly requireDevice?: boolean;
	readonly threads?: number;
	/** Which mask pixels count as anomalous after resizing: above 0 (the reference) or above one half. */
	readonly maskRule?: 'nonzero' | 'half';
}

/** The paper's seven metrics plus the exact AUPRO; null where they are not defined (reasons say why). */
export interface MetricSet {
	readonly imageAuroc: number | null;
	readonly imageAp: number | null;
	readonly imageF1Max: number | null;
	readonly pixelAuroc: number | null;
	readonly pixelAp: number | null;
	readonly pixelF1Max: number | null;
	readonly aupro: number | null;
	readonly auproOfficial: number | null;
}

export interface CategoryEvaluation extends MetricSet {
	readonly category: string;
	readonly images: { readonly good: number; readonly anomalous: number; readonly withMask: number };
	/** Metric name to the reason why it is null. */
	readonly reasons: Readonly<Record<string, string>>;
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
}

/** A metric that the data does not define, and the sentence that says why. */
export interface UndefinedMetric {
	readonly value: null;
	readonly reason: string;
}

/** A metric's value, in [0, 1]. */
export interface DefinedMetric {
	readonly value: number;
	/** How far the exact value may be away at most; absent where the value is exact. */
	readonly errorBound?: number;
}

/** A metric's value, or the reason why it has none. */
export type Metric = DefinedMetric | UndefinedMetric;

/** A metric that is reached at one score threshold: samples that score at least `threshold` count as anomalous. */
export type ThresholdMetric = (DefinedMetric & { readonly threshold: number }) | UndefinedMetric;

export function undefinedMetric(reason: string): UndefinedMetric {
	return { value: null, reason };
}

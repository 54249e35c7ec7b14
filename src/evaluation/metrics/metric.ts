/** A metric that the data does not define, and the sentence that says why. */
export interface UndefinedMetric {
	readonly value: null;
	readonly reason: string;
}

/** A metric's value, in [0, 1], or the reason why it has none. */
export type Metric = { readonly value: number } | UndefinedMetric;

/** A metric that is reached at one score threshold: samples that score at least `threshold` count as anomalous. */
export type ThresholdMetric = { readonly value: number; readonly threshold: number } | UndefinedMetric;

export function undefinedMetric(reason: string): UndefinedMetric {
	return { value: null, reason };
}

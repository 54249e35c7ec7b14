import type { CategoryOfRun } from '../store/evaluationRun';
import type { Interval } from './metrics/bootstrap';
import { wilsonInterval } from './metrics/wilson';

/** What the model's threshold makes of the test images, and how far the rates can be trusted. */
export interface Confusion {
	readonly good: number;
	readonly anomalous: number;
	/** Good images called good. */
	readonly passed: number;
	/** Good images called anomalous (overkill). */
	readonly falseAlarms: number;
	/** Anomalous images called anomalous. */
	readonly found: number;
	/** Anomalous images called good (escape). */
	readonly misses: number;
	/** Shares of the good and of the anomalous images; null without any. */
	readonly falseAlarmRate: number | null;
	readonly missRate: number | null;
	/** 95 % confidence intervals of the rates. */
	readonly falseAlarmInterval: Interval | null;
	readonly missInterval: Interval | null;
}

/** The confusion matrix of one category, or of several together; null when one of them has no threshold. */
export function confusionOf(
	categories: readonly Pick<CategoryOfRun, 'good' | 'anomalous' | 'falseAlarms' | 'misses'>[],
): Confusion | null {
	let [good, anomalous, falseAlarms, misses] = [0, 0, 0, 0];
	for (const row of categories) {
		if (row.falseAlarms === null || row.misses === null) return null;
		good += row.good;
		anomalous += row.anomalous;
		falseAlarms += row.falseAlarms;
		misses += row.misses;
	}
	return {
		good,
		anomalous,
		passed: good - falseAlarms,
		falseAlarms,
		found: anomalous - misses,
		misses,
		falseAlarmRate: good === 0 ? null : falseAlarms / good,
		missRate: anomalous === 0 ? null : misses / anomalous,
		falseAlarmInterval: good === 0 ? null : wilsonInterval(falseAlarms, good),
		missInterval: anomalous === 0 ? null : wilsonInterval(misses, anomalous),
	};
}

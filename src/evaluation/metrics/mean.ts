import type { MetricSet } from '../metricNames';

/** Unweighted mean of each metric over the categories where it is defined; null where it is defined in none. */
export function meanOverCategories(metricSets: readonly MetricSet[]): MetricSet {
	return {
		imageAuroc: meanOfDefined(metricSets, 'imageAuroc'),
		imageAp: meanOfDefined(metricSets, 'imageAp'),
		imageF1Max: meanOfDefined(metricSets, 'imageF1Max'),
		pixelAuroc: meanOfDefined(metricSets, 'pixelAuroc'),
		pixelAp: meanOfDefined(metricSets, 'pixelAp'),
		pixelF1Max: meanOfDefined(metricSets, 'pixelF1Max'),
		aupro: meanOfDefined(metricSets, 'aupro'),
		auproOfficial: meanOfDefined(metricSets, 'auproOfficial'),
		aupimo: meanOfDefined(metricSets, 'aupimo'),
	};
}

function meanOfDefined(metricSets: readonly MetricSet[], metric: keyof MetricSet): number | null {
	let sum = 0;
	let count = 0;
	for (const set of metricSets) {
		const value = set[metric];
		if (value === null) continue;
		sum += value;
		count++;
	}
	return count === 0 ? null : sum / count;
}

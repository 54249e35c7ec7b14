import { meanOverCategories } from '../../../src/evaluation/metrics/mean';
import type { MetricSet } from '../../../src/evaluation/metricNames';

const NOTHING: MetricSet = {
	imageAuroc: null,
	imageAp: null,
	imageF1Max: null,
	pixelAuroc: null,
	pixelAp: null,
	pixelF1Max: null,
	aupro: null,
	auproOfficial: null,
	aupimo: null,
};

test('each metric is averaged over the categories where it is defined, each category once', () => {
	const mean = meanOverCategories([
		{ ...NOTHING, imageAuroc: 0.5, imageAp: 0.2, aupro: 0 },
		{ ...NOTHING, imageAuroc: 1, aupro: 0.5 },
		{ ...NOTHING, imageAuroc: 0.75, auproOfficial: 1 },
	]);
	expect(mean).toEqual({ ...NOTHING, imageAuroc: 0.75, imageAp: 0.2, aupro: 0.25, auproOfficial: 1 });
});

test('without categories every mean is null', () => {
	expect(meanOverCategories([])).toEqual(NOTHING);
});

import fc from 'fast-check';

import type { Metric } from '../../../src/evaluation/metrics/metric';
import { rankingMetrics } from '../../../src/evaluation/metrics/ranking';
import { bruteAp, bruteAuroc, bruteF1Max } from './bruteForce';
import type { GoldenResult } from './goldenMetrics';
import { GOLDEN_NOTE, GOLDEN_PRESENT, goldenCases, goldenTensor } from './goldenMetrics';

/** Of the official numbers: both sides compute in double precision, in another order. */
const TOLERANCE = 1e-12;

/** Scores on few levels, so that ties abound, with labels of both kinds. */
const tiedSamples = fc
	.array(fc.record({ level: fc.integer({ min: -4, max: 4 }), label: fc.integer({ min: 0, max: 1 }) }), {
		maxLength: 40,
	})
	.map((list) => [...list, { level: 0, label: 1 }, { level: 1, label: 0 }])
	.map((list) => ({
		scores: Float32Array.from(list, ({ level }) => level / 3),
		labels: Uint8Array.from(list, ({ label }) => label),
	}));

describe(`against the reference${GOLDEN_NOTE}`, () => {
	const cases = GOLDEN_PRESENT
		? test.each(goldenCases('image'))
		: test.skip.each([['golden', {} as GoldenResult]]);
	cases('image.%s', (name, expected) => {
		const scores = goldenTensor(`image.${name}.scores`).data as Float32Array;
		const labels = goldenTensor(`image.${name}.labels`).data as Uint8Array;
		const { auroc, ap, f1Max } = rankingMetrics(scores, labels);
		expectGolden(auroc, expected.auroc);
		if (!labels.includes(1)) {
			// The reference reports AP -0 and F1 0 here, with a warning; without positives there is no recall to speak of.
			expectUndefined(ap);
			expectUndefined(f1Max);
			return;
		}
		expectGolden(ap, expected.ap);
		expectGolden(f1Max, expected.f1max);
		expect('threshold' in f1Max && f1Max.threshold).toBe(expected.f1max_threshold);
	});
});

test('a small ranking has the metrics one works out by hand', () => {
	// Descending: anomalous; normal; anomalous and normal tied; normal. F1 is 2/3 at 0.9 and at 0.5: the lower one counts.
	const { auroc, ap, f1Max } = rankingMetrics(
		Float32Array.of(0.9, 0.8, 0.5, 0.5, 0.1),
		Uint8Array.of(1, 0, 1, 0, 0),
	);
	expect(auroc.value).toBe((3 + 1.5) / 6);
	expect(ap.value).toBe((1 + 2 / 4) / 2);
	expect(f1Max).toEqual({ value: expect.closeTo(2 / 3, 6), threshold: 0.5 });
});

test('metrics equal their definitions, also with ties', () => {
	fc.assert(
		fc.property(tiedSamples, ({ scores, labels }) => {
			const { auroc, ap, f1Max } = rankingMetrics(scores, labels);
			expect(Math.abs(auroc.value! - bruteAuroc(scores, labels))).toBeLessThan(TOLERANCE);
			expect(Math.abs(ap.value! - bruteAp(scores, labels))).toBeLessThan(TOLERANCE);
			expect(f1Max).toEqual(bruteF1Max(scores, labels));
		}),
		{ numRuns: 300, seed: 21 },
	);
});

test('metrics do not depend on the order of the samples, nor on a strictly increasing transform', () => {
	fc.assert(
		fc.property(tiedSamples, ({ scores, labels }) => {
			const expected = rankingMetrics(scores, labels);
			const reversed = rankingMetrics(scores.toReversed(), labels.toReversed());
			const stretched = rankingMetrics(
				scores.map((score) => score * 1024 + 3 * Math.sign(score)),
				labels,
			);
			expect(reversed).toEqual(expected);
			expect(stretched.auroc).toEqual(expected.auroc);
			expect(stretched.ap).toEqual(expected.ap);
			expect(stretched.f1Max.value).toBe(expected.f1Max.value);
		}),
		{ numRuns: 100, seed: 22 },
	);
});

test('a perfect F1 is capped by the reference epsilon', () => {
	expect(rankingMetrics(Float32Array.of(1, 2), Uint8Array.of(0, 1)).f1Max.value).toBeCloseTo(
		0.99999995,
		12,
	);
});

test('zero and minus zero tie', () => {
	expect(rankingMetrics(Float32Array.of(-0, 0), Uint8Array.of(0, 1)).auroc.value).toBe(0.5);
});

test('the inputs are left as they are', () => {
	const scores = Float32Array.of(3, 1, 2);
	rankingMetrics(scores, Uint8Array.of(1, 0, 1));
	expect([...scores]).toEqual([3, 1, 2]);
});

test('what the samples do not define is null, with the reason', () => {
	const onlyNormal = rankingMetrics(Float32Array.of(1, 2), new Uint8Array(2));
	expect(onlyNormal.auroc).toEqual({
		value: null,
		reason: 'AUROC compares anomalous with normal images, and there is no anomalous image',
	});
	const onlyAnomalous = rankingMetrics(Float32Array.of(1, 2), Uint8Array.of(1, 1));
	expect(onlyAnomalous.auroc).toEqual({
		value: null,
		reason: 'AUROC compares anomalous with normal images, and there is no normal image',
	});
	expect(onlyAnomalous.ap.value).toBe(1);
	expectUndefined(rankingMetrics(new Float32Array(0), new Uint8Array(0)).f1Max);
});

test('scores that are not finite, and labels of another count, are refused', () => {
	expect(() => rankingMetrics(Float32Array.of(1, NaN), Uint8Array.of(0, 1))).toThrow(
		expect.objectContaining({ code: 'SCORE_NOT_FINITE' }) as Error,
	);
	expect(() => rankingMetrics(Float32Array.of(1), Uint8Array.of(0, 1))).toThrow(
		expect.objectContaining({
			code: 'USAGE',
			message: 'Expected one label per score (1), found 2',
		}) as Error,
	);
});

function expectGolden(metric: Metric, golden: number | string): void {
	if (typeof golden === 'string') {
		expectUndefined(metric);
		return;
	}
	expect(Math.abs(metric.value! - golden)).toBeLessThan(TOLERANCE);
}

function expectUndefined(metric: Metric): void {
	expect(metric).toEqual({ value: null, reason: expect.stringMatching(/^\S.*\S$/) });
}

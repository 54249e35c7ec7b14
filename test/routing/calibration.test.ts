import fc from 'fast-check';
import { calibrationFor, judge, type ScoreCalibration } from '../../src/routing/calibration';
import type { CalibrationFile } from '../../src/store/calibration';
import type { DecisionPolicy } from '../../src/store/decisionPolicy';

const pixel = (value: number) => ({
	quantiles: [
		{ level: 0.99, value: value / 2 },
		{ level: 0.999, value },
		{ level: 0.9999, value: 2 * value },
	],
});
const file = (scores: Record<string, number[]>, more: Partial<CalibrationFile> = {}): CalibrationFile =>
	({
		scores,
		pixel: Object.fromEntries(Object.keys(scores).map((name, i) => [name, pixel(i)])),
		pooledPixel: pixel(9),
		...more,
	}) as unknown as CalibrationFile;
const calibrated = (scores: number[], policy?: DecisionPolicy): ScoreCalibration => {
	const found = calibrationFor(file({ part: scores }, { policy }), null);
	if (!found) throw new Error('no calibration');
	return found;
};
const ascending = fc
	.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 })
	.map((scores) => scores.sort((a, b) => a - b));

test('the p-value counts the normal images that score at least as high, the image itself included', () => {
	const normals = calibrated([0.1, 0.2, 0.2, 0.3]);
	const pValues = [0.05, 0.1, 0.2, 0.25, 0.3, 0.4].map((score) => judge(score, normals).pValue);
	expect(pValues).toEqual([5 / 5, 5 / 5, 4 / 5, 2 / 5, 2 / 5, 1 / 5]);
});

test('a score at the threshold is normal and normalised to one half', () => {
	const normals = calibrated(Array.from({ length: 99 }, (_, i) => i));
	expect(normals.threshold.value).toBe(98);
	expect(judge(98, normals)).toMatchObject({ normalizedScore: 0.5, verdict: 'normal' });
	expect(judge(98.5, normals).verdict).toBe('anomaly');
});

test('the normalised score rises with the score', () => {
	fc.assert(
		fc.property(ascending, fc.double({ min: 0, max: 1, noNaN: true }), (scores, score) => {
			const at = judge(score, calibrated(scores)).normalizedScore;
			expect(judge(score + 0.01, calibrated(scores)).normalizedScore).toBeGreaterThanOrEqual(at);
		}),
	);
});

test('normal images that all score the same still give finite numbers', () => {
	const normals = calibrated([0.2, 0.2, 0.2]);
	expect(normals.threshold.value).toBe(0.2);
	expect(Number.isFinite(judge(0.3, normals).normalizedScore)).toBe(true);
});

test('a category with five images of its own is judged by them, one with fewer by all together', () => {
	const both = file({ bolt: [1, 2, 3, 4, 5], nut: [6, 7] });
	expect(calibrationFor(both, 'bolt')).toMatchObject({
		scores: [1, 2, 3, 4, 5],
		category: 'bolt',
		pixelThreshold: 0,
	});
	for (const category of ['nut', 'unknown', 'constructor', null]) {
		expect(calibrationFor(both, category)).toMatchObject({
			scores: [1, 2, 3, 4, 5, 6, 7],
			category: null,
			pixelThreshold: 9,
		});
	}
});

test('without held-out images there is no calibration', () => {
	expect(calibrationFor(undefined, null)).toBeNull();
	expect(calibrationFor(file({}), 'bolt')).toBeNull();
});

describe('the policy of a model', () => {
	const hundred = Array.from({ length: 99 }, (_, i) => i + 1);

	test('sets the threshold and the review band below it', () => {
		const policy = { strategy: { kind: 'falseAlarmRate', rate: 0.02 }, reviewRate: 0.1 } as const;
		const normals = calibrated(hundred, policy);
		expect(normals.threshold.value).toBe(98);
		expect(normals.reviewThreshold).toBe(90);
		expect([90, 91, 98, 99].map((score) => judge(score, normals).verdict)).toEqual([
			'normal',
			'review',
			'review',
			'anomaly',
		]);
	});

	test('never turns the review band upside down', () => {
		const policy = { strategy: { kind: 'manual', threshold: 10 }, reviewRate: 0.1 } as const;
		const normals = calibrated(hundred, policy);
		expect(normals.reviewThreshold).toBe(10);
		expect(judge(11, normals).verdict).toBe('anomaly');
	});

	test('by defects takes a category alone only when it has defects of its own', () => {
		const measured = file(
			{ bolt: [1, 2, 3, 4, 5], nut: [11, 12, 13, 14, 15] },
			{ policy: { strategy: { kind: 'f1Max' } }, anomalousScores: { bolt: [7] } },
		);
		expect(calibrationFor(measured, 'bolt')).toMatchObject({ category: 'bolt', threshold: { value: 6 } });
		expect(calibrationFor(measured, 'nut')?.category).toBeNull();
	});

	test('chooses how much of a good part a mask may mark, between the measured levels too', () => {
		const at = (pixelRate: number): number =>
			calibrated([1], { strategy: { kind: 'falseAlarmRate', rate: 0.01 }, pixelRate }).pixelThreshold;
		expect(at(0.01)).toBe(4.5);
		expect(at(0.001)).toBe(9);
		expect(at(0.0001)).toBe(18);
		// Half way between 1e-2 and 1e-3 on a logarithmic scale.
		expect(at(10 ** -2.5)).toBeCloseTo(6.75, 9);
		expect(at(1e-6)).toBe(18);
	});

	test('marks so many times less of an image as it holds views, unless told how much', () => {
		const tiled = (views?: number, policy?: DecisionPolicy): number | undefined =>
			calibrationFor(
				file({ part: [1] }, {
					pooledPixel: { ...pixel(9), ...(views !== undefined && { views }) },
					policy,
				} as unknown as Partial<CalibrationFile>),
				null,
			)?.pixelThreshold;
		expect(tiled()).toBe(9);
		expect(tiled(10)).toBe(18);
		expect(tiled(Math.sqrt(10))).toBeCloseTo(13.5, 9);
		const given = { strategy: { kind: 'falseAlarmRate', rate: 0.01 }, pixelRate: 0.01 } as const;
		expect(tiled(10, given)).toBe(4.5);
	});
});

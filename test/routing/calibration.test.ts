import fc from 'fast-check';
import { calibrationFor, judge, thresholdFor } from '../../src/routing/calibration';
import type { CalibrationFile } from '../../src/store/calibration';

const pixel = (value: number) => ({ quantiles: [{ level: 0.999, value }] });
const file = (scores: Record<string, number[]>): CalibrationFile =>
	({
		scores,
		pixel: Object.fromEntries(Object.keys(scores).map((name, i) => [name, pixel(i)])),
		pooledPixel: pixel(9),
	}) as unknown as CalibrationFile;
const calibrated = (scores: number[]) => ({ scores, category: null, pixelThreshold: 0 });
const ascending = fc
	.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 })
	.map((scores) => scores.sort((a, b) => a - b));

test('the p-value counts the normal images that score at least as high, the image itself included', () => {
	const normals = calibrated([0.1, 0.2, 0.2, 0.3]);
	const pValues = [0.05, 0.1, 0.2, 0.25, 0.3, 0.4].map((score) => judge(score, normals).pValue);
	expect(pValues).toEqual([5 / 5, 5 / 5, 4 / 5, 2 / 5, 2 / 5, 1 / 5]);
});

test('a normal image exceeds the threshold no more often than the rate', () => {
	fc.assert(
		fc.property(ascending, fc.double({ min: 0.02, max: 0.5, noNaN: true }), (all, rate) => {
			// Each image in turn is the new one, the others are the calibration: exchangeable, as split conformal asks.
			const n = all.length - 1;
			if ((n + 1) * rate < 1) return;
			const alarms = all.filter(
				(score, i) =>
					score >
					thresholdFor(
						all.filter((_, j) => j !== i),
						rate,
					),
			);
			expect(alarms.length).toBeLessThanOrEqual(Math.floor(rate * (n + 1) + 1e-9));
		}),
	);
});

test('with a hundred normal images the threshold of one percent is their largest score', () => {
	const scores = Array.from({ length: 99 }, (_, i) => i);
	expect(thresholdFor(scores, 0.01)).toBe(98);
	expect(thresholdFor([...scores, 99], 0.01)).toBe(99);
	expect(
		thresholdFor(
			Array.from({ length: 199 }, (_, i) => i),
			0.01,
		),
	).toBe(197);
});

test('with too few normal images the threshold lies beyond the largest score by the spread of the upper half', () => {
	expect(thresholdFor([0.1, 0.2, 0.3], 0.01)).toBeCloseTo(0.4);
	expect(thresholdFor([0.3], 0.01)).toBeCloseTo(0.3);
});

test('a score at the threshold is normal and normalised to one half', () => {
	const normals = calibrated(Array.from({ length: 99 }, (_, i) => i));
	expect(judge(98, normals)).toMatchObject({ normalizedScore: 0.5, verdict: 'normal', threshold: 98 });
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
	const { normalizedScore, threshold } = judge(0.3, calibrated([0.2, 0.2, 0.2]));
	expect(threshold).toBe(0.2);
	expect(Number.isFinite(normalizedScore)).toBe(true);
});

test('a category with five images of its own is judged by them, one with fewer by all together', () => {
	const both = file({ bolt: [1, 2, 3, 4, 5], nut: [6, 7] });
	expect(calibrationFor(both, 'bolt')).toEqual({
		scores: [1, 2, 3, 4, 5],
		category: 'bolt',
		pixelThreshold: 0,
	});
	for (const category of ['nut', 'unknown', null]) {
		expect(calibrationFor(both, category)).toEqual({
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

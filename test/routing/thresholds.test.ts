import fc from 'fast-check';
import { createRandom } from '../../src/random';
import { chooseThreshold, type LabelledScores } from '../../src/routing/thresholds';
import type { ThresholdStrategy } from '../../src/store/thresholdStrategy';

const byNumber = (a: number, b: number): number => a - b;
const scoresOf = (normal: number[], anomalous: number[] = []): LabelledScores => ({
	normal: [...normal].sort(byNumber),
	anomalous: [...anomalous].sort(byNumber),
});
// Few distinct values, so that ties are common.
const someScores = fc.array(
	fc.integer({ min: 0, max: 30 }).map((value) => value / 10),
	{ minLength: 1, maxLength: 40 },
);
const coded = (code: string): Error => expect.objectContaining({ code }) as Error;
const flagged = (scores: readonly number[], threshold: number): number =>
	scores.filter((score) => score > threshold).length;

describe('false-alarm rate', () => {
	const strategy = (rate: number): ThresholdStrategy => ({ kind: 'falseAlarmRate', rate });

	test('of exchangeable scores, ties included, the new one exceeds the threshold no more often than the rate', () => {
		fc.assert(
			fc.property(someScores, fc.double({ min: 0.02, max: 0.9, noNaN: true }), (all, rate) => {
				// Each in turn is the new one, the others are the calibration: the promise of split conformal, exactly.
				if (all.length < 2 || all.length * rate < 1) return;
				const alarms = all.filter((score, i) => {
					const others = all.filter((_, j) => j !== i);
					return score > chooseThreshold(scoresOf(others), strategy(rate)).value;
				});
				expect(alarms.length).toBeLessThanOrEqual(Math.floor(rate * all.length + 1e-9));
			}),
		);
	});

	test.each([5, 50, 500, 5000])('with %i normal images the rate obtained is the one promised', (n) => {
		const random = createRandom(n);
		const rate = Math.max(0.05, 1 / (n + 1));
		const trials = n >= 5000 ? 20 : 200;
		const perTrial = 500;
		let alarms = 0;
		for (let trial = 0; trial < trials; trial++) {
			const normal = Array.from({ length: n }, () => random.normal());
			const { value, extrapolated } = chooseThreshold(scoresOf(normal), strategy(rate));
			expect(extrapolated).toBe(false);
			for (let i = 0; i < perTrial; i++) if (random.normal() > value) alarms++;
		}
		const k = Math.ceil((n + 1) * (1 - rate) - 1e-9);
		const promised = (n + 1 - k) / (n + 1);
		// The rate given one calibration is beta distributed around the promised one; its mean is exact.
		const deviation = Math.sqrt(
			(promised * (1 - promised)) / (n + 2) / trials + promised / (trials * perTrial),
		);
		expect(Math.abs(alarms / trials / perTrial - promised)).toBeLessThan(5 * deviation);
		expect(promised).toBeLessThanOrEqual(rate + 1e-12);
	});

	test('a rate that is finer than the images can tell is extrapolated and says so', () => {
		const { value, basis, extrapolated } = chooseThreshold(scoresOf([1, 2, 3, 4]), strategy(0.01));
		expect(extrapolated).toBe(true);
		expect(value).toBeGreaterThan(4);
		expect(basis).toBe('about 1 % false alarms, extrapolated: 4 normal images promise 20 % at best');
	});

	test.each([
		[[0.3], '1 normal image', '50 %'],
		[[0.2, 0.2, 0.2], '3 normal images', '25 %'],
	])('scores without a spread, %j, do not pretend to tell a rate', (scores, images, best) => {
		expect(chooseThreshold(scoresOf(scores), strategy(0.01))).toEqual({
			value: scores[0],
			basis: `the largest score of ${images}, too few or too alike to tell 1 % false alarms (${best} at best)`,
			extrapolated: true,
		});
	});

	test('99 images promise one in a hundred, 98 do not', () => {
		const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
		expect(chooseThreshold(scoresOf(count(99)), strategy(0.01))).toEqual({
			value: 98,
			basis: 'at most 1 % false alarms',
			extrapolated: false,
		});
		expect(chooseThreshold(scoresOf(count(98)), strategy(0.01)).extrapolated).toBe(true);
		expect(chooseThreshold(scoresOf(count(199)), strategy(0.01)).value).toBe(197);
	});

	test('one normal image, and images that all score the same, give that score', () => {
		expect(chooseThreshold(scoresOf([0.3]), strategy(0.01)).value).toBe(0.3);
		expect(chooseThreshold(scoresOf(Array<number>(50).fill(0.2)), strategy(0.01)).value).toBe(0.2);
	});
});

describe('with images of known defects', () => {
	test('the best F1 is that of trying every score', () => {
		fc.assert(
			fc.property(someScores, someScores, (normal, anomalous) => {
				const { value } = chooseThreshold(scoresOf(normal, anomalous), { kind: 'f1Max' });
				const f1At = (threshold: number): number => {
					const hits = flagged(anomalous, threshold);
					return (2 * hits) / (anomalous.length + hits + flagged(normal, threshold));
				};
				const every = [-1, ...normal, ...anomalous].map(f1At);
				expect(f1At(value)).toBeCloseTo(Math.max(...every), 12);
			}),
		);
	});

	test('normal images alone are no ground for F1, misses or cost', () => {
		const strategies: ThresholdStrategy[] = [
			{ kind: 'f1Max' },
			{ kind: 'missRate', rate: 0.1 },
			{ kind: 'cost', missCost: 10, falseAlarmCost: 1 },
		];
		for (const strategy of strategies) {
			expect(() => chooseThreshold(scoresOf([1, 2, 3]), strategy)).toThrow(coded('CALIBRATION_SHORT'));
		}
	});

	test('of exchangeable defects, ties included, the new one is missed no more often than the rate', () => {
		fc.assert(
			fc.property(
				someScores,
				someScores,
				fc.double({ min: 0.05, max: 0.9, noNaN: true }),
				(normal, all, rate) => {
					if (all.length < 2 || all.length * rate < 1) return;
					const missed = all.filter((score, i) => {
						const others = all.filter((_, j) => j !== i);
						const strategy = { kind: 'missRate', rate } as const;
						return !(score > chooseThreshold(scoresOf(normal, others), strategy).value);
					});
					expect(missed.length).toBeLessThanOrEqual(Math.floor(rate * all.length + 1e-9));
				},
			),
		);
	});

	test('a miss rate that is finer than the defects can tell lies below the mildest of them and says so', () => {
		const scores = scoresOf([0.1, 0.2], [0.5, 0.6, 0.8]);
		const { value, extrapolated, basis } = chooseThreshold(scores, { kind: 'missRate', rate: 0.01 });
		expect(extrapolated).toBe(true);
		expect(value).toBeLessThan(0.5);
		expect(basis).toContain('3 known ones promise 25 % at best');
	});

	test('the cost is least: dear misses lower the threshold, dear false alarms raise it', () => {
		const scores = scoresOf([1, 2, 3, 6], [4, 5, 7, 8]);
		const at = (missCost: number, falseAlarmCost: number): number =>
			chooseThreshold(scores, { kind: 'cost', missCost, falseAlarmCost }).value;
		expect(at(10, 1)).toBe(3.5);
		expect(at(1, 10)).toBe(6.5);
		// Where defects are rare, missing one costs little on average.
		const rare = { kind: 'cost', missCost: 10, falseAlarmCost: 1, defectShare: 0.001 } as const;
		expect(chooseThreshold(scores, rare).value).toBe(6.5);
	});

	test('the cost is that of trying every score', () => {
		fc.assert(
			fc.property(
				someScores,
				someScores,
				fc.integer({ min: 1, max: 50 }),
				(normal, anomalous, missCost) => {
					const strategy = { kind: 'cost', missCost, falseAlarmCost: 3, defectShare: 0.2 } as const;
					const costAt = (threshold: number): number =>
						(0.2 * missCost * (anomalous.length - flagged(anomalous, threshold))) /
							anomalous.length +
						(0.8 * 3 * flagged(normal, threshold)) / normal.length;
					const { value } = chooseThreshold(scoresOf(normal, anomalous), strategy);
					const every = [-1, ...normal, ...anomalous].map(costAt);
					expect(costAt(value)).toBeCloseTo(Math.min(...every), 12);
				},
			),
		);
	});
});

test('quantile, standard deviations and a threshold set by hand', () => {
	const scores = scoresOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
	expect(chooseThreshold(scores, { kind: 'quantile', level: 0.9 }).value).toBe(9);
	// Sample deviation of 1 .. 10: 3.0276503540974917 (NumPy, ddof 1).
	expect(chooseThreshold(scores, { kind: 'sigma', deviations: 3 }).value).toBeCloseTo(
		5.5 + 3 * 3.0276503540974917,
		12,
	);
	expect(chooseThreshold(scores, { kind: 'manual', threshold: 4.2 })).toEqual({
		value: 4.2,
		basis: 'set by hand',
		extrapolated: false,
	});
});

test.each<ThresholdStrategy>([
	{ kind: 'falseAlarmRate', rate: 0 },
	{ kind: 'falseAlarmRate', rate: NaN },
	{ kind: 'quantile', level: 1 },
	{ kind: 'missRate', rate: -0.1 },
	{ kind: 'cost', missCost: 0, falseAlarmCost: 1 },
	{ kind: 'cost', missCost: 1, falseAlarmCost: 1, defectShare: 1 },
	{ kind: 'sigma', deviations: Infinity },
	{ kind: 'manual', threshold: NaN },
])('a number out of range is refused: %j', (strategy) => {
	expect(() => chooseThreshold(scoresOf([1], [2]), strategy)).toThrow(coded('CONFIG_INVALID'));
});

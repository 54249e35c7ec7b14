import fc from 'fast-check';

import { exactPValue, ksTest, limitPValue } from '../../../src/evaluation/drift/kolmogorovSmirnov';
import { populationStability } from '../../../src/evaluation/drift/psi';
import { holm } from '../../../src/evaluation/metrics/holm';
import { imageStatistics } from '../../../src/imaging/statistics';

/** Numbers in [0, 1), the same in NumPy (multiplier of Numerical Recipes). */
function uniform(seed: number, count: number): number[] {
	let state = seed;
	return Array.from({ length: count }, () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	});
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const plus = (values: readonly number[], shift: number): number[] => values.map((value) => value + shift);
/** NumPy rounds halves to even numbers. */
const rounded = (values: readonly number[], steps: number): number[] =>
	values.map((value) => Math.round(value * steps));

describe('the test of Kolmogorov and Smirnov', () => {
	const [a, b] = [uniform(1, 20), uniform(2, 33)];

	test.each([
		// scipy 1.17.1: stats.ks_2samp(x, y, method='exact')
		['alike', a, b, 0.19696969696969696, 0.6311794080575742],
		['shifted a little', a, plus(b, 0.2), 0.22272727272727272, 0.48762531540501963],
		['shifted', a, plus(b, 0.5), 0.5893939393939394, 0.0001265228818099308],
		['tied', rounded(a, 5), rounded(b, 5), 0.18636363636363637, 0.6971426031989059],
		['apart', uniform(5, 9), plus(uniform(6, 9), 2), 1, 4.11353352529823e-5],
		['many', uniform(3, 200), uniform(4, 400).map((v) => v * 1.1), 0.1425, 0.008542796491970425],
	])('%s: agrees with scipy', (_name, x, y, statistic, pValue) => {
		const found = ksTest(sorted(x), sorted(y));
		expect(found.statistic).toBeCloseTo(statistic, 12);
		expect(Math.abs(found.pValue - pValue)).toBeLessThan(1e-9);
	});

	test('the limit distribution is near the exact one', () => {
		for (const [statistic, n, m] of [
			[0.0356, 3000, 5000],
			[0.1425, 200, 400],
		])
			expect(Math.abs(limitPValue(statistic, n, m) / exactPValue(statistic, n, m) - 1)).toBeLessThan(
				0.1,
			);
		// scipy, as above: neither under- nor overflows with thousands of values.
		expect(exactPValue(0.0356, 3000, 5000)).toBeCloseTo(0.016884753015970942, 9);
		expect(limitPValue(0, 10, 10)).toBe(1);
		expect(exactPValue(0, 10, 10)).toBe(1);
	});

	test('a sample against itself has the p-value 1, and the order of the samples does not matter', () => {
		const sample = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 30 });
		fc.assert(
			fc.property(sample, sample, (x, y) => {
				const [one, other] = [sorted(x), sorted(y)];
				expect(ksTest(one, one)).toEqual({ statistic: 0, pValue: 1 });
				const [there, back] = [ksTest(one, other), ksTest(other, one)];
				expect(there.statistic).toBeCloseTo(back.statistic, 12);
				expect(there.pValue).toBeCloseTo(back.pValue, 9);
				expect(there.pValue).toBeGreaterThanOrEqual(0);
				expect(there.pValue).toBeLessThanOrEqual(1);
			}),
			{ numRuns: 100, seed: 61 },
		);
	});
});

describe('the population stability index', () => {
	const [a, b] = [uniform(1, 40), uniform(2, 100)];

	test.each([
		// NumPy 2: quantile edges of the reference, half a count for every bin.
		['alike', a, b, 0.07315129855568683, 0.245],
		['shifted', a, plus(b, 0.3), 1.279420737131555, 0.245],
		['apart', a, plus(b, 5), 4.461915187068934, 0.245],
		['tied', rounded(a, 4), rounded(b, 4), 0.034187267745493306, 0.14],
	])('%s: agrees with numpy', (_name, reference, recent, value, byChance) => {
		const found = populationStability(sorted(reference), recent);
		expect(found.value).toBeCloseTo(value, 12);
		expect(found.byChance).toBeCloseTo(byChance, 12);
	});

	test('two samples of one distribution have it by chance, on average', () => {
		const found = Array.from({ length: 200 }, (_, i) =>
			populationStability(sorted(uniform(2 * i + 1, 60)), uniform(2 * i + 2, 90)),
		);
		const mean = found.reduce((sum, { value }) => sum + value, 0) / found.length;
		expect(mean / found[0].byChance).toBeGreaterThan(0.7);
		expect(mean / found[0].byChance).toBeLessThan(1.3);
	});

	test('a constant reference has one edge, and what lies above it counts', () => {
		expect(populationStability([1, 1, 1, 1], [1, 1]).value).toBeLessThan(0.1);
		expect(populationStability([1, 1, 1, 1], [0, 0, 0, 0]).value).toBeGreaterThan(1);
	});
});

describe('image statistics', () => {
	test('agree with numpy and scipy', () => {
		// l = rgb @ [.299, .587, .114] / 255: l.mean(), l.std(), convolve2d(l, laplacian, 'valid').var()
		const data = Uint8Array.from(uniform(9, 7 * 5 * 3), (value) => Math.floor(value * 256));
		const { brightness, contrast, sharpness, width, height } = imageStatistics({
			data,
			width: 7,
			height: 5,
			channels: 3,
		});
		expect(brightness).toBeCloseTo(0.5042559103641456, 12);
		expect(contrast).toBeCloseTo(0.18797143454949633, 12);
		expect(sharpness).toBeCloseTo(0.6394795618355334, 12);
		expect([width, height]).toEqual([7, 5]);
	});

	test('a plain image has neither contrast nor sharpness, whatever its size', () => {
		for (const [width, height] of [
			[1, 1],
			[2, 9],
			[30, 20],
		]) {
			const data = new Uint8Array(width * height * 3).fill(51);
			const found = imageStatistics({ data, width, height, channels: 3 });
			expect(found.brightness).toBeCloseTo(0.2, 12);
			expect(found.contrast).toBeLessThan(1e-7);
			expect(found.sharpness).toBeLessThan(1e-12);
		}
	});
});

test("Holm's adjustment is that of R's p.adjust", () => {
	const found = holm([0.01, 0.04, null, 0.03, 0.005]);
	expect(found[2]).toBeNull();
	for (const [i, expected] of [0.03, 0.06, null, 0.06, 0.02].entries())
		if (expected !== null) expect(found[i]).toBeCloseTo(expected, 12);
	expect(holm([0.9, 0.8])).toEqual([1, 1]);
	expect(holm([])).toEqual([]);
});

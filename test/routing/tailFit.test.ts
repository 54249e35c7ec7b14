import { tailThreshold } from '../../src/routing/tailFit';
import { createRandom } from '../../src/random';

/** The upper fifth of 120 exponential numbers, drawn and fitted with NumPy (seed 7); what lies below has no part in the fit. */
const UPPER = [
	1.455, 1.574, 1.591, 1.7, 1.748, 1.838, 1.874, 1.884, 2.047, 2.07, 2.196, 2.231, 2.243, 2.495, 2.65,
	2.696, 2.742, 2.809, 2.952, 3.075, 3.145, 3.384, 3.795, 5.289, 5.384,
];
const SCORES = [...Array.from({ length: 120 - UPPER.length }, (_, i) => i / 100), ...UPPER];

test('a hundred scores and more get a generalised Pareto tail, as NumPy computes it', () => {
	expect(tailThreshold(SCORES, 0.001)).toBeCloseTo(6.042750530757986, 9);
	expect(tailThreshold(SCORES, 0.0001)).toBeCloseTo(6.760563807584551, 9);
});

test('eight scores get an exponential tail over their upper half', () => {
	// Median order statistic 4 of 1 .. 8: excesses 1, 2, 3, 4, mean 2.5; 4 of 9 exceed it.
	expect(tailThreshold([1, 2, 3, 4, 5, 6, 7, 8], 0.01)).toBeCloseTo(
		4 + 2.5 * 4 * ((4 / 9 / 0.01) ** 0.25 - 1),
		12,
	);
});

test('images of one part tell no more of the tail than one image does', () => {
	const scores = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
	const alone = tailThreshold(scores, 0.01);
	expect(tailThreshold(scores, 0.01, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toBe(alone);
	// Five excesses of mean 3 over the fifth score, of three parts.
	const ofThree = 5 + 3 * 3 * ((5 / 11 / 0.01) ** (1 / 3) - 1);
	expect(tailThreshold(scores, 0.01, [7, 7, 7, 7, 7, 1, 2, 3, 1, 2])).toBeCloseTo(ofThree, 12);
	expect(ofThree).toBeGreaterThan(alone);
});

test('the threshold is never below the largest score, and one score or equal ones give that score', () => {
	expect(tailThreshold([0.3], 0.01)).toBe(0.3);
	expect(tailThreshold([0.2, 0.2, 0.2, 0.2], 0.01)).toBe(0.2);
	expect(tailThreshold([1, 2, 3], 0.4)).toBe(3);
});

test.each([
	['normal', (random: ReturnType<typeof createRandom>) => random.normal(), 8],
	['normal', (random: ReturnType<typeof createRandom>) => random.normal(), 40],
	['exponential', (random: ReturnType<typeof createRandom>) => -Math.log(1 - random.next()), 8],
	['exponential', (random: ReturnType<typeof createRandom>) => -Math.log(1 - random.next()), 60],
])('on %s scores the rate obtained is near the one asked for, n = %3$i', (_, draw, n) => {
	const random = createRandom(11);
	const fresh = Array.from({ length: 20_000 }, () => draw(random)).sort((a, b) => a - b);
	let exceeded = 0;
	const trials = 2000;
	for (let trial = 0; trial < trials; trial++) {
		const scores = Array.from({ length: n }, () => draw(random)).sort((a, b) => a - b);
		const threshold = tailThreshold(scores, 0.01);
		exceeded += fresh.length - lowerBound(fresh, threshold);
	}
	const rate = exceeded / trials / fresh.length;
	// An extrapolation from few scores: of these kinds not above what is asked for by much, on average.
	expect(rate).toBeGreaterThan(0.001);
	expect(rate).toBeLessThan(0.016);
});

function lowerBound(sorted: readonly number[], value: number): number {
	let count = 0;
	let high = sorted.length;
	while (count < high) {
		const middle = (count + high) >> 1;
		if (sorted[middle] < value) count = middle + 1;
		else high = middle;
	}
	return count;
}

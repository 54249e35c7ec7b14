import { rankCorrelation } from '../../src/calibration/rankCorrelation';

// Expected values from Python's statistics.correlation on ranks, equal values sharing the mean of theirs.
test.each([
	[[1, 2, 3, 4, 5], [2, 1, 4, 3, 5], 0.8],
	[[1, 2, 2, 3], [1, 2, 3, 4], 0.948683298050514],
	[[0.3, 0.1, 0.1, 0.9, 0.4, 0.4], [10, 3, 4, 4, 8, 1], 0.04478110755198991],
	[[5, 4, 3], [1, 2, 3], -1],
])('%j against %j', (a, b, expected) => {
	expect(rankCorrelation(a, b)).toBeCloseTo(expected, 12);
	expect(rankCorrelation(b, a)).toBeCloseTo(expected, 12);
});

test('any change that keeps the order gives 1', () => {
	const scores = [0.02, 0.5, 0.1, 0.3];
	expect(rankCorrelation(scores, scores.map(Math.exp))).toBe(1);
});

test('scores that are all the same keep their order only among themselves', () => {
	expect(rankCorrelation([1, 1, 1], [2, 2, 2])).toBe(1);
	expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBe(0);
});

import { wilsonInterval } from '../../../src/evaluation/metrics/wilson';

test.each([
	// scipy 1.17.1: binomtest(count, total).proportion_ci(method='wilson')
	[0, 42, 0, 0.08379879086570391],
	[59, 60, 0.9114487027240994, 0.9970518402052138],
	[3, 10, 0.10779126740630102, 0.6032218525388546],
	[1, 4, 0.04558726080970055, 0.6993581574175981],
	[20, 20, 0.8388748419471808, 1],
])('%i of %i', (count, total, low, high) => {
	const [from, to] = wilsonInterval(count, total);
	expect(from).toBeCloseTo(low, 12);
	expect(to).toBeCloseTo(high, 12);
});

test('more images of the same share make it narrower, and none or all still leave a doubt', () => {
	const width = (count: number, total: number): number => {
		const [low, high] = wilsonInterval(count, total);
		return high - low;
	};
	expect(width(30, 100)).toBeLessThan(width(3, 10));
	expect(wilsonInterval(0, 5)[0]).toBe(0);
	expect(wilsonInterval(5, 5)[1]).toBe(1);
	expect(width(0, 5)).toBeGreaterThan(0.3);
});

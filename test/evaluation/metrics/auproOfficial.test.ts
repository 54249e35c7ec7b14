import { labelComponents } from '../../../src/imaging/components';
import type { SortedPixels } from '../../../src/evaluation/metrics/aupro';
import {
	auproOfficial,
	officialCurve,
	officialThresholds,
} from '../../../src/evaluation/metrics/auproOfficial';
import { sortTaggedKeys } from '../../../src/evaluation/metrics/radixSort';
import { keyOf } from '../../../src/evaluation/metrics/scoreKeys';
import type { GoldenResult } from './goldenMetrics';
import { GOLDEN_NOTE, GOLDEN_PRESENT, goldenCases, goldenPixels, goldenTensor } from './goldenMetrics';

const TOLERANCE = 1e-12;

const all = goldenCases('pixel');
const withThresholds = all.filter(([, { n_thresholds }]) => typeof n_thresholds === 'number');
const withCurve = all.filter(([, { aupro }]) => typeof aupro === 'number');

describe(`against the reference${GOLDEN_NOTE}`, () => {
	const thresholds = GOLDEN_PRESENT
		? test.each(withThresholds)
		: test.skip.each([['golden', {} as GoldenResult]]);
	thresholds('the thresholds of pixel.%s are equal to the last bit', (name) => {
		const scores = Array.from(goldenTensor(`pixel.${name}.maps`).data);
		const found = officialThresholds(Math.min(...scores), Math.max(...scores));
		expect(found).toEqual(goldenTensor(`pixel.${name}.thresholds`).data);
	});

	const curves = GOLDEN_PRESENT ? test.each(withCurve) : test.skip.each([['golden', {} as GoldenResult]]);
	curves('the curve of pixel.%s has the same points', (name) => {
		const curve = officialCurve(sortedPixels(name));
		if ('reason' in curve) throw new Error(curve.reason);
		// The reference lists the points from the highest rate down.
		expectClose(curve.fpr, goldenTensor(`pixel.${name}.curve_fpr_normalised`).data.toReversed());
		expectClose(curve.pro, goldenTensor(`pixel.${name}.curve_pro`).data.toReversed());
	});
});

test('there are 201 thresholds where range / (range / 200) rounds to above 200, and else 200', () => {
	expect(officialThresholds(0, 1)).toHaveLength(200);
	expect(57 / (57 / 200)).toBeGreaterThan(200);
	expect(officialThresholds(0, 57)).toHaveLength(201);
});

test('a score equal to a threshold is not above it, and only kept points count', () => {
	// Thresholds 0, 1, .. 199. False positive rates: 0 at 199, 0.1 down to 50, 0.2 below; overlap 1/2, from 99 down 1.
	const pixels = row([200, 100, 199, 50, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
	const curve = officialCurve(pixels);
	if ('reason' in curve) throw new Error(curve.reason);
	expect([...curve.fpr.subarray(0, 2)]).toEqual([0, 0.5]);
	expect([...curve.pro.subarray(98, 101)]).toEqual([0.5, 0.5, 1]);
	expect(auproOfficial(pixels).value).toBeCloseTo(0.5 * 0.5 + 0.5 * 1, 12);
});

test('scores that separate perfectly are divided by a rate of 0, which the reason says', () => {
	expect(auproOfficial(row([1, 2, 9, 9], [0, 0, 1, 1]))).toEqual({
		value: null,
		reason: expect.stringContaining('is 0 here'),
	});
});

test('normal pixels that fill the top leave no two thresholds to integrate over', () => {
	expect(auproOfficial(row([9, 9, 1, 1], [0, 0, 1, 1]))).toEqual({
		value: null,
		reason: expect.stringContaining('two thresholds'),
	});
});

test('a range beyond float32 is undefined rather than NaN', () => {
	expect(auproOfficial(row([-3e38, 3e38], [0, 1]))).toEqual({
		value: null,
		reason: expect.stringContaining('too wide'),
	});
});

/** One row of pixels, each anomalous one a region of its own. */
function row(scores: number[], labels: number[]): SortedPixels {
	const keys = (label: number): Uint32Array =>
		Uint32Array.from(
			scores.filter((_, i) => labels[i] === label),
			keyOf,
		).sort();
	const anomalous = keys(1);
	return {
		normal: [keys(0)],
		anomalous,
		regions: Int32Array.from(anomalous.keys()),
		areas: new Array<number>(anomalous.length).fill(1),
	};
}

function sortedPixels(name: string): SortedPixels {
	const { images, width, height } = goldenPixels(name);
	const normal: number[] = [];
	const anomalous: number[] = [];
	const tags: number[] = [];
	const areas: number[] = [];
	for (const { map, mask } of images) {
		const components = labelComponents(mask, width, height);
		map.forEach((score, i) => {
			if (mask[i] === 0) normal.push(keyOf(score));
			else {
				anomalous.push(keyOf(score));
				tags.push(areas.length + components.labels[i] - 1);
			}
		});
		areas.push(...components.areas.slice(1));
	}
	const sorted = sortTaggedKeys({ keys: Uint32Array.from(anomalous), tags: Int32Array.from(tags) });
	return { normal: [Uint32Array.from(normal).sort()], anomalous: sorted.keys, regions: sorted.tags, areas };
}

function expectClose(found: Float64Array, expected: ArrayLike<number>): void {
	expect(found).toHaveLength(expected.length);
	found.forEach((value, i) => {
		expect(Math.abs(value - expected[i])).toBeLessThan(TOLERANCE);
	});
}

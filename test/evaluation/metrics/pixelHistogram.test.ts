import fc from 'fast-check';

import { harmonicBetween } from '../../../src/evaluation/metrics/histogramMetrics';
import type { Metric } from '../../../src/evaluation/metrics/metric';
import {
	PixelAccumulator,
	type PixelAccumulatorOptions,
	type PixelResults,
} from '../../../src/evaluation/metrics/pixelAccumulator';
import type { Curve } from '../../../src/evaluation/metrics/polyline';
import type { MaskedMap } from './bruteForce';

/** Rounding of the sums themselves. */
const ROUNDING = 1e-9;

const SIDE = 24;

/** Scores near each other, so that bins are shared; some tie, some are negative. */
const maps: fc.Arbitrary<readonly MaskedMap[]> = fc
	.record({
		seed: fc.integer(),
		spread: fc.constantFrom(1, 1e-2, 1e-4, 1e-6),
		levels: fc.constantFrom(3, 50, 1e9),
		offset: fc.constantFrom(0.5, 0, -0.25),
		masks: fc.array(fc.constantFrom('none', 'dot', 'discs', 'all', 'rows'), {
			minLength: 1,
			maxLength: 4,
		}),
	})
	.map(({ seed, spread, levels, offset, masks }) => {
		let state = seed >>> 0;
		const random = (): number => {
			state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
			return state / 2 ** 32;
		};
		return masks.map((kind) => {
			const mask = new Uint8Array(SIDE * SIDE);
			if (kind === 'dot') mask[Math.floor(random() * mask.length)] = 1;
			if (kind === 'all') mask.fill(1);
			if (kind === 'rows') mask.fill(1, 3 * SIDE, 5 * SIDE);
			if (kind === 'discs')
				for (let i = 0; i < mask.length; i++)
					mask[i] = Number(((i % SIDE) - 8) ** 2 + (Math.floor(i / SIDE) % 16) ** 2 < 20);
			const map = new Float32Array(SIDE * SIDE).map(
				(_, i) =>
					offset + spread * (Math.floor(random() * levels) / levels + 0.3 * random() * mask[i]),
			);
			return { map, mask };
		});
	});

function accumulate(images: readonly MaskedMap[], options: PixelAccumulatorOptions): PixelAccumulator {
	const pixels = new PixelAccumulator(options);
	for (const [i, { map, mask }] of images.entries())
		pixels.add(map, mask, SIDE, map.length / SIDE, mask.includes(1) ? `kind ${i % 2}` : '');
	return pixels;
}

function expectWithin(found: Metric, exact: Metric): void {
	if (found.value === null) return;
	expect(exact.value).not.toBeNull();
	expect(found.errorBound).toBeGreaterThanOrEqual(0);
	expect(Math.abs(found.value - exact.value!)).toBeLessThanOrEqual(found.errorBound! + ROUNDING);
}

test('the exact value of every metric lies within the bound, over all and by kind of defect', () => {
	fc.assert(
		fc.property(maps, fc.constantFrom(0.05, 0.3, 1), (images, maxFpr) => {
			const exact = accumulate(images, { mode: 'exact' }).results({ maxFpr });
			const found = accumulate(images, { mode: 'histogram' }).results({ maxFpr });
			expect([...found.kinds.keys()].sort()).toEqual([...exact.kinds.keys()].sort());
			const pairs = [
				[found.overall, exact.overall] as const,
				...[...found.kinds].map(([kind, metrics]) => [metrics, exact.kinds.get(kind)!] as const),
			];
			for (const [approximate, precise] of pairs)
				for (const name of Object.keys(precise) as (keyof typeof precise)[]) {
					expectWithin(approximate[name], precise[name]);
					if (precise[name].value === null) expect(approximate[name].value).toBeNull();
				}
		}),
		{ numRuns: 150, seed: 51 },
	);
});

test('scores that lie apart are measured exactly', () => {
	const images = [
		{ map: Float32Array.from({ length: SIDE * SIDE }, (_, i) => i), mask: new Uint8Array(SIDE * SIDE) },
		{
			map: Float32Array.from({ length: SIDE * SIDE }, (_, i) => i + 0.5),
			mask: Uint8Array.from({ length: SIDE * SIDE }, (_, i) => Number(i > 500)),
		},
	];
	const { overall } = accumulate(images, { mode: 'histogram' }).results();
	const exact = accumulate(images, { mode: 'exact' }).results().overall;
	for (const name of ['auroc', 'ap', 'f1Max', 'aupro'] as const) {
		expect(overall[name].value).toBeCloseTo(exact[name].value!, 12);
		expect((overall[name] as { errorBound: number }).errorBound).toBeLessThan(1e-12);
	}
});

test('beyond its limit a collection of all scores becomes a histogram with the same counts', () => {
	fc.assert(
		fc.property(maps, fc.integer({ min: 0, max: 4 }), (images, exactMaps) => {
			const moved = accumulate(images, { exactPixels: exactMaps * SIDE * SIDE });
			expect(moved.isExact).toBe(images.length <= exactMaps);
			const direct = accumulate(images, { mode: moved.isExact ? 'exact' : 'histogram' });
			expectSame(moved.results(), direct.results());
		}),
		{ numRuns: 60, seed: 52 },
	);
});

test('the curves of counts are those of scores, as near as the bins allow', () => {
	fc.assert(
		fc.property(maps, (images) => {
			const exact = accumulate(images, { mode: 'exact' }).results();
			const found = accumulate(images, { mode: 'histogram' }).results();
			if (exact.curves === null) {
				expect(found.curves).toBeNull();
				return;
			}
			for (const [name, metric, scale] of [
				['roc', 'auroc', 1],
				['pro', 'aupro', 0.3],
			] as const) {
				const bound = (found.overall[metric] as { errorBound: number }).errorBound;
				const area = areaBelow(found.curves![name]) / scale;
				expect(Math.abs(area - exact.overall[metric].value!)).toBeLessThan(2 * bound + 0.02);
			}
		}),
		{ numRuns: 60, seed: 53 },
	);
});

function areaBelow({ x, y }: Curve): number {
	let area = 0;
	for (let i = 1; i < x.length; i++) area += ((x[i] - x[i - 1]) * (y[i] + y[i - 1])) / 2;
	return area;
}

test('harmonic sums equal their terms', () => {
	for (const [from, to] of [
		[0, 1],
		[0, 1000],
		[5, 5],
		[63, 65],
		[1000, 1003],
		[12_345, 99_999],
	]) {
		let sum = 0;
		for (let k = to; k > from; k--) sum += 1 / k;
		expect(Math.abs(harmonicBetween(from, to) - sum)).toBeLessThan(1e-13);
	}
});

function expectSame(found: PixelResults, expected: PixelResults): void {
	const flat = ({ overall, kinds }: PixelResults): Metric[] =>
		[overall, ...[...kinds].sort(([a], [b]) => a.localeCompare(b)).map(([, metrics]) => metrics)].flatMap(
			(metrics) => Object.values(metrics) as Metric[],
		);
	const [a, b] = [flat(found), flat(expected)];
	expect(a).toHaveLength(b.length);
	for (const [i, metric] of a.entries()) {
		if (metric.value === null || b[i].value === null) expect(metric).toEqual(b[i]);
		else expect(Math.abs(metric.value - b[i].value)).toBeLessThan(1e-12);
	}
}

import fc from 'fast-check';

import type { Metric } from '../../../src/evaluation/metrics/metric';
import type { PixelMetrics } from '../../../src/evaluation/metrics/pixelAccumulator';
import { PixelAccumulator } from '../../../src/evaluation/metrics/pixelAccumulator';
import type { MaskedMap } from './bruteForce';
import { bruteAp, bruteAupro, bruteAuroc, bruteF1Max } from './bruteForce';
import type { GoldenResult } from './goldenMetrics';
import { GOLDEN_NOTE, GOLDEN_PRESENT, goldenCases, goldenPixels } from './goldenMetrics';

/** Of the official numbers and of the definitions: all in double precision, in another order. */
const TOLERANCE = 1e-12;

interface Maps {
	readonly images: readonly MaskedMap[];
	readonly width: number;
}

/** One to three small maps of tied integer scores, with at least one normal and one anomalous pixel. */
const smallMaps: fc.Arbitrary<Maps> = fc
	.record({ width: fc.integer({ min: 2, max: 7 }), height: fc.integer({ min: 1, max: 7 }) })
	.chain(({ width, height }) => {
		const size = { minLength: width * height, maxLength: width * height };
		const image = fc.record({
			map: fc.array(fc.integer({ min: -6, max: 6 }), size).map((scores) => Float32Array.from(scores)),
			mask: fc.uint8Array({ ...size, max: 1 }),
		});
		return fc.record({
			images: fc.array(image, { minLength: 1, maxLength: 3 }),
			width: fc.constant(width),
		});
	})
	.filter(({ images }) => [0, 1].every((label) => images.some(({ mask }) => mask.includes(label))));

describe(`against the reference${GOLDEN_NOTE}`, () => {
	const cases = GOLDEN_PRESENT
		? test.each(goldenCases('pixel'))
		: test.skip.each([['golden', {} as GoldenResult]]);
	cases('pixel.%s', (name, expected) => {
		const { images, width } = goldenPixels(name);
		const found = measure({ images, width });
		expectGolden(found.auroc, expected.auroc);
		expectGolden(found.auproOfficial, expected.aupro!);
		if (name === 'all_normal') {
			// The reference reports AP -0 and F1 0 here, with a warning; without positives there is no recall to speak of.
			expectUndefined(found.ap);
			expectUndefined(found.f1Max);
			return;
		}
		expectGolden(found.ap, expected.ap);
		expectGolden(found.f1Max, expected.f1max);
	});

	const exact = GOLDEN_PRESENT
		? test.each(['blobs_poor', 'tiny_and_huge', 'hole_and_ushape', 'one_outlier'])
		: test.skip.each(['golden']);
	exact('the exact AUPRO of pixel.%s equals its definition', (name) => {
		const { images, width } = goldenPixels(name);
		expect(
			Math.abs(measure({ images, width }).aupro.value! - bruteAupro(images, width, 0.3)),
		).toBeLessThan(TOLERANCE);
	});
});

test('two regions have the AUPRO one works out by hand', () => {
	// Regions of 1 and 2 pixels, 10 normal pixels.
	const pixels = new PixelAccumulator();
	pixels.add(Float32Array.of(9, 8, 0, 0), Uint8Array.of(1, 0, 0, 0), 4, 1);
	pixels.add(Float32Array.of(7, 1, 5, 5, 5, 5, 0, 0, 0), Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 0), 9, 1);
	// Overlap 1/2 up to the first false positive, then 3/4 while four tied normal pixels lead on to 0.5, cut at 0.3.
	expect(pixels.result().aupro.value).toBeCloseTo((0.1 * 0.5 + 0.2 * 0.75) / 0.3, 12);
});

test('a tie across the limit is interpolated, and a constant map is chance level', () => {
	const pixels = new PixelAccumulator();
	pixels.add(new Float32Array(100), Uint8Array.of(1, ...new Array<number>(99).fill(0)), 10, 10);
	const { aupro, auroc, auproOfficial } = pixels.result({ maxFpr: 0.4 });
	expect(aupro.value).toBeCloseTo(0.2, 12);
	expect(auroc.value).toBe(0.5);
	expect(auproOfficial).toEqual({
		value: null,
		reason: 'The 200-step AUPRO needs a range of scores, and all pixels score the same',
	});
});

test('metrics equal their definitions on any small maps, whatever the limit', () => {
	fc.assert(
		fc.property(smallMaps, fc.constantFrom(0.05, 0.3, 0.5, 1), (maps, maxFpr) => {
			const scores = maps.images.flatMap(({ map }) => [...map]);
			const labels = maps.images.flatMap(({ mask }) => [...mask]);
			const found = measure(maps, maxFpr);
			expect(Math.abs(found.aupro.value! - bruteAupro(maps.images, maps.width, maxFpr))).toBeLessThan(
				TOLERANCE,
			);
			expect(Math.abs(found.auroc.value! - bruteAuroc(scores, labels))).toBeLessThan(TOLERANCE);
			expect(Math.abs(found.ap.value! - bruteAp(scores, labels))).toBeLessThan(TOLERANCE);
			expect(found.f1Max).toEqual(bruteF1Max(scores, labels));
		}),
		{ numRuns: 300, seed: 31 },
	);
});

test('every defined metric lies in [0, 1]', () => {
	fc.assert(
		fc.property(smallMaps, (maps) => {
			for (const { value } of Object.values(measure(maps)) as Metric[]) {
				if (value === null) continue;
				expect(value).toBeGreaterThanOrEqual(0);
				expect(value).toBeLessThanOrEqual(1);
			}
		}),
		{ numRuns: 200, seed: 32 },
	);
});

test('metrics do not depend on the order of the maps or of the pixels', () => {
	fc.assert(
		fc.property(smallMaps, ({ images, width }) => {
			// Turning a map by 180 degrees reorders its pixels and keeps its regions.
			const turned = images
				.map(({ map, mask }) => ({ map: map.toReversed(), mask: mask.toReversed() }))
				.reverse();
			expectSame(measure({ images: turned, width }), measure({ images, width }));
		}),
		{ numRuns: 100, seed: 33 },
	);
});

test('rank metrics do not change by a bit under a strictly increasing transform', () => {
	fc.assert(
		fc.property(smallMaps, ({ images, width }) => {
			const before = measure({ images, width });
			// Cubes and shifts of small integers are exact in float32; the exponential is strictly increasing on them.
			for (const transform of [
				(s: number) => s ** 3 - 5,
				(s: number) => Math.exp(s),
				(s: number) => s * 1e-30,
			]) {
				const after = measure({
					images: images.map(({ map, mask }) => ({ map: map.map(transform), mask })),
					width,
				});
				expect(after.auroc).toEqual(before.auroc);
				expect(after.ap).toEqual(before.ap);
				expect(after.f1Max.value).toBe(before.f1Max.value);
				expect(after.aupro).toEqual(before.aupro);
			}
		}),
		{ numRuns: 100, seed: 34 },
	);
});

test('a region weighs the same whatever its size', () => {
	const pixels = new PixelAccumulator();
	pixels.add(new Float32Array(100).fill(1), new Uint8Array(100).fill(255), 10, 10);
	pixels.add(Float32Array.of(0, 0.5), Uint8Array.of(1, 0), 2, 1);
	expect(pixels.result().aupro.value).toBe(0.5);
});

test('no mask means no anomaly, as an empty mask does', () => {
	const map = Float32Array.of(1, 2, 3, 4);
	const withNull = new PixelAccumulator();
	const withEmpty = new PixelAccumulator();
	for (const pixels of [withNull, withEmpty]) pixels.add(map, Uint8Array.of(0, 1, 0, 1), 4, 1);
	withNull.add(map, null, 2, 2);
	withEmpty.add(map, new Uint8Array(4), 2, 2);
	expect(withNull.result()).toEqual(withEmpty.result());
});

test('maps can be added after a result, which can be asked for again', () => {
	const maps = fc.sample(smallMaps, { seed: 35, numRuns: 20 });
	for (const { images, width } of maps) {
		const stepwise = new PixelAccumulator();
		for (const { map, mask } of images) {
			stepwise.add(map, mask, width, map.length / width);
			stepwise.result();
		}
		expect(stepwise.result()).toEqual(measure({ images, width }));
	}
});

test.each(['exact', 'histogram'] as const)(
	'a part that was inspected counts as if the map ended there, kinds and regions too (%s)',
	(mode) => {
		fc.assert(
			fc.property(smallMaps, fc.integer({ min: 1, max: 7 }), ({ images, width }, left) => {
				const columns = Math.min(left, width);
				const inspected = images[0].map.map((_, i) => Number(i % width < columns));
				const cut = <T extends Float32Array | Uint8Array>(data: T): T =>
					data.filter((_: number, i: number) => i % width < columns) as T;
				const partly = new PixelAccumulator({ mode });
				const cropped = new PixelAccumulator({ mode });
				for (const [i, { map, mask }] of images.entries()) {
					const kind = mask.includes(1) ? `kind ${i}` : '';
					const height = map.length / width;
					partly.addInspected(map, mask, {
						width,
						height,
						inspected: Uint8Array.from(inspected),
						kind,
					});
					cropped.add(cut(map), cut(mask), columns, height, kind);
				}
				expect(partly.results({ maxFpr: 0.3 })).toEqual(cropped.results({ maxFpr: 0.3 }));
			}),
		);
	},
);

test('what is not inspected may hold anything, what is must be finite', () => {
	const pixels = new PixelAccumulator();
	const map = Float32Array.of(0.5, NaN, 0.25, Infinity);
	const part = { width: 2, height: 2, inspected: Uint8Array.of(1, 0, 1, 0) };
	pixels.addInspected(map, Uint8Array.of(1, 1, 0, 0), part);
	expect(pixels.result().auroc.value).toBe(1);
	expect(() => {
		pixels.addInspected(map, null, { ...part, inspected: Uint8Array.of(1, 1, 0, 0) });
	}).toThrow(expect.objectContaining({ code: 'SCORE_NOT_FINITE' }) as Error);
});

test('a refused map leaves no trace, and no map is changed', () => {
	const pixels = new PixelAccumulator();
	const map = Float32Array.of(3, 1, 2, 0);
	pixels.add(map, Uint8Array.of(1, 0, 0, 0), 2, 2);
	const before = pixels.result();
	const refused: [() => void, string][] = [
		[
			() => {
				pixels.add(Float32Array.of(1, 2, NaN, 4), null, 2, 2);
			},
			'SCORE_NOT_FINITE',
		],
		[
			() => {
				pixels.add(Float32Array.of(1, 2, 3, Infinity), Uint8Array.of(0, 1, 0, 1), 2, 2);
			},
			'SCORE_NOT_FINITE',
		],
		[
			() => {
				pixels.add(map, new Uint8Array(3), 2, 2);
			},
			'MASK_MISMATCH',
		],
		[
			() => {
				pixels.add(map, null, 3, 2);
			},
			'USAGE',
		],
		[
			() => {
				pixels.result({ maxFpr: 0 });
			},
			'USAGE',
		],
	];
	for (const [act, code] of refused) expect(act).toThrow(expect.objectContaining({ code }) as Error);
	expect(pixels.result()).toEqual(before);
	expect([...map]).toEqual([3, 1, 2, 0]);
});

test('without maps, without anomalies and without normal pixels, the reasons say what is missing', () => {
	const reasons = (...masks: (Uint8Array | null)[]): unknown => {
		const pixels = new PixelAccumulator();
		for (const mask of masks) pixels.add(Float32Array.of(1, 2), mask, 2, 1);
		return pixels.result().aupro;
	};
	const noAnomaly = {
		value: null,
		reason: 'AUPRO needs the overlap with anomalous regions, and there is no anomalous pixel',
	};
	expect(reasons()).toEqual(noAnomaly);
	expect(reasons(null)).toEqual(noAnomaly);
	expect(reasons(Uint8Array.of(1, 1))).toEqual({
		value: null,
		reason: 'AUPRO needs the false positive rate of normal pixels, and there is no normal pixel',
	});
});

function measure({ images, width }: Maps, maxFpr?: number): PixelMetrics {
	const pixels = new PixelAccumulator();
	for (const { map, mask } of images) pixels.add(map, mask, width, map.length / width);
	return pixels.result({ maxFpr });
}

function expectSame(found: PixelMetrics, expected: PixelMetrics): void {
	for (const name of Object.keys(expected) as (keyof PixelMetrics)[]) {
		const [a, b] = [found[name].value, expected[name].value];
		if (a === null || b === null) expect(a).toBe(b);
		else expect(Math.abs(a - b)).toBeLessThan(TOLERANCE);
	}
}

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

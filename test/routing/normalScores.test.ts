import fc from 'fast-check';
import { createRandom } from '../../src/random';
import { calibrationFor, judge } from '../../src/routing/calibration';
import { pValueOf, promisedScore } from '../../src/routing/normalScores';
import { chooseThreshold } from '../../src/routing/thresholds';
import type { CalibrationFile } from '../../src/store/calibration';

const byScore = (a: { score: number }, b: { score: number }): number => a.score - b.score;

/** Scores of parts, each with images of its own: [[part 0's scores], ...]. */
function normalsOf(parts: readonly (readonly number[])[]): { scores: number[]; parts: number[] } {
	const all = parts.flatMap((own, part) => own.map((score) => ({ score, part }))).sort(byScore);
	return { scores: all.map(({ score }) => score), parts: all.map(({ part }) => part) };
}

test('images of one part count together as much as one part with a single image', () => {
	const normal = normalsOf([[1, 1, 1, 1, 1, 1], [2], [3, 4], [5]]);
	// Four parts, so each weighs a fifth: .2 at 1, .4 at 2, .5 at 3, .6 at 4, .8 at 5.
	expect([0.8, 0.6, 0.5, 0.4, 0.2].map((rate) => promisedScore(normal, rate))).toEqual([1, 2, 3, 4, 5]);
	expect([0.79, 0.55, 0.45, 0.21].map((rate) => promisedScore(normal, rate))).toEqual([2, 3, 4, 5]);
	expect(promisedScore(normal, 0.19)).toBeUndefined();
	expect([0.5, 1.5, 3, 3.5, 5, 6].map((score) => pValueOf(normal, score))).toEqual(
		[1, 0.8, 0.6, 0.5, 0.4, 0.2].map((value) => expect.closeTo(value, 12) as number),
	);
});

test('where every image is a part of its own, parts change nothing', () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 }),
			fc.double({ min: 0.01, max: 0.95, noNaN: true }),
			fc.integer({ min: -1, max: 10 }),
			(values, rate, score) => {
				const scores = [...values].sort((a, b) => a - b);
				const parts = scores.map((_, i) => i);
				expect(promisedScore({ scores, parts }, rate)).toBe(promisedScore({ scores }, rate));
				expect(pValueOf({ scores, parts }, score)).toBeCloseTo(pValueOf({ scores }, score), 12);
			},
		),
	);
});

test('images of new parts exceed the threshold no more often than promised; counted image by image they do', () => {
	const random = createRandom(11);
	const rate = 0.2;
	const trials = 4000;
	let byParts = 0;
	let byImages = 0;
	const draw = (): number[] => {
		// Parts differ more than the images of a part, and have unequal numbers of images.
		const middle = 3 * random.normal();
		return Array.from({ length: 1 + random.integer(20) }, () => middle + random.normal());
	};
	for (let trial = 0; trial < trials; trial++) {
		const normal = normalsOf(Array.from({ length: 6 }, draw));
		const [fresh] = draw();
		if (fresh > promisedScore(normal, rate)!) byParts++;
		if (fresh > promisedScore({ scores: normal.scores }, rate)!) byImages++;
	}
	const deviation = Math.sqrt((rate * (1 - rate)) / trials);
	expect(byParts / trials).toBeLessThan(rate + 3 * deviation);
	expect(byImages / trials).toBeGreaterThan(rate + 5 * deviation);
});

test('a rate that the parts cannot promise is extrapolated, however many images they have', () => {
	const { scores, parts } = normalsOf([Array<number>(60).fill(1), Array<number>(60).fill(2), [3]]);
	const threshold = chooseThreshold(
		{ normal: scores, normalParts: parts, anomalous: [] },
		{ kind: 'falseAlarmRate', rate: 0.1 },
	);
	expect(threshold).toMatchObject({
		extrapolated: true,
		basis: 'about 10 % false alarms, extrapolated: 121 normal images of 3 parts promise 25 % at best',
	});
});

test('parts of two categories stay apart where the scores are pooled', () => {
	const pixel = { pixels: 2, maxPerImage: [1], quantiles: [{ level: 0.5, value: 1 }] };
	const file: CalibrationFile = {
		schemaVersion: 1,
		created: '2026-01-01T00:00:00.000Z',
		scores: { nut: [1, 2], bolt: [3, 4] },
		parts: { nut: [0, 0], bolt: [0, 0] },
		pixel: {},
		pooledPixel: pixel,
		policy: { strategy: { kind: 'falseAlarmRate', rate: 0.4 } },
	};
	const pooled = calibrationFor(file, null)!;
	expect(pooled.threshold).toEqual({
		value: 4,
		basis: 'at most 40 % false alarms',
		extrapolated: false,
	});
	// Two parts of two images: a third each, so a sixth for each image, and a third for the new one.
	expect(judge(3.5, pooled).pValue).toBeCloseTo(1 / 3 + 1 / 6, 12);
});

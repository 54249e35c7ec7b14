import fc from 'fast-check';
import { rankingIntervals } from '../../../src/evaluation/metrics/bootstrap';
import { compareAurocs, type PairedScore } from '../../../src/evaluation/metrics/deLong';
import { rankingChanges } from '../../../src/evaluation/metrics/pairedBootstrap';
import { rankingMetrics } from '../../../src/evaluation/metrics/ranking';

const spread = (count: number, step: number, start: number, lift = 0): number[] =>
	Array.from({ length: count }, (_, i) => ((i * step + start) % 97) / 97 + lift);
const GOOD = [spread(20, 31, 5), spread(20, 53, 11)];
const ANOMALOUS = [spread(14, 41, 7, 0.35), spread(14, 29, 3, 0.15)];
const LABELS = Uint8Array.from([...GOOD[0].map(() => 0), ...ANOMALOUS[0].map(() => 1)]);

describe('bootstrap intervals', () => {
	test("agree with 40,000 resamples of numpy's", () => {
		const scores = Float32Array.from([...GOOD[1], ...ANOMALOUS[1]]);
		const { auroc } = rankingIntervals(scores, LABELS);
		expect(auroc?.[0]).toBeCloseTo(0.4036, 1);
		expect(auroc?.[1]).toBeCloseTo(0.7964, 1);
		expect(Math.abs((auroc?.[0] ?? 0) - 0.4036)).toBeLessThan(0.02);
		expect(Math.abs((auroc?.[1] ?? 0) - 0.7964)).toBeLessThan(0.02);
	});

	test('are the same for the same scores in any order', () => {
		const scores = [...GOOD[0], ...ANOMALOUS[0]];
		const backwards = rankingIntervals(Float32Array.from(scores).reverse(), LABELS.slice().reverse());
		expect(backwards).toEqual(rankingIntervals(Float32Array.from(scores), LABELS));
	});

	test('hold the value, or lie where resampling takes it, in [0, 1] and in order', () => {
		const images = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.boolean()), {
			minLength: 4,
			maxLength: 60,
		});
		fc.assert(
			fc.property(images, (pairs) => {
				const scores = Float32Array.from(pairs, ([score]) => score);
				const labels = Uint8Array.from(pairs, ([, anomalous]) => Number(anomalous));
				const { auroc, ap, f1Max } = rankingIntervals(scores, labels);
				const kinds = [0, 1].map((kind) => labels.filter((label) => label === kind).length);
				if (Math.min(...kinds) < 2) return auroc === null && ap === null && f1Max === null;
				const { value } = rankingMetrics(scores, labels).auroc;
				const isBetween = [auroc, ap, f1Max].every(
					(found) => found !== null && found[0] >= 0 && found[0] <= found[1] && found[1] <= 1,
				);
				return isBetween && auroc !== null && auroc[0] <= (value ?? 0) && (value ?? 0) <= auroc[1];
			}),
			{ numRuns: 60 },
		);
	});

	test('a score that is no number is refused', () => {
		expect(() => rankingIntervals(Float32Array.of(1, NaN), Uint8Array.of(0, 1))).toThrow(/finite/i);
	});
});

describe("DeLong's test", () => {
	const paired = (before: number, now: number): PairedScore[] => [
		...GOOD[0].map((_, i) => ({ anomalous: false, before: GOOD[before][i], now: GOOD[now][i] })),
		...ANOMALOUS[0].map((_, i) => ({
			anomalous: true,
			before: ANOMALOUS[before][i],
			now: ANOMALOUS[now][i],
		})),
	];

	test('agrees with the covariance of all pairs, computed by numpy', () => {
		const found = compareAurocs(paired(0, 1));
		expect(found?.before).toBeCloseTo(0.7642857142857142, 12);
		expect(found?.now).toBeCloseTo(0.6107142857142858, 12);
		expect(found?.pValue).toBeCloseTo(0.20231731680974124, 6);
		expect(compareAurocs(paired(1, 0))?.pValue).toBeCloseTo(0.20231731680974124, 6);
	});

	test('the same scores differ by nothing', () => {
		expect(compareAurocs(paired(1, 1))).toMatchObject({ pValue: 1 });
	});

	test('ranks that change without any spread leave no p-value', () => {
		const images = [0, 1, 2, 3].map((i) => ({
			anomalous: i > 1,
			before: i > 1 ? 0 : 1,
			now: i > 1 ? 1 : 0,
		}));
		expect(compareAurocs(images)).toEqual({ before: 0, now: 1, pValue: null });
	});

	test('one image of a kind compares nothing', () => {
		expect(compareAurocs(paired(0, 1).slice(0, 21))).toBeUndefined();
	});
});

describe('the paired bootstrap', () => {
	const images = [
		...GOOD[0].map((_, i) => ({ anomalous: false, before: GOOD[0][i], now: GOOD[1][i] })),
		...ANOMALOUS[0].map((_, i) => ({ anomalous: true, before: ANOMALOUS[0][i], now: ANOMALOUS[1][i] })),
	];

	test("agrees with 20,000 resamples of numpy's, AP by scikit-learn", () => {
		const found = rankingChanges(images)!;
		for (const [i, [auroc, ap]] of [
			[-0.38928571, -0.34205772],
			[0.07857143, 0.11438168],
		].entries()) {
			expect(Math.abs(found.auroc[i] - auroc)).toBeLessThan(0.03);
			expect(Math.abs(found.ap[i] - ap)).toBeLessThan(0.03);
		}
	});

	test('the same scores do not change, and one image of a kind tells nothing', () => {
		const same = images.map((image) => ({ ...image, now: image.before }));
		expect(rankingChanges(same)).toEqual({ auroc: [0, 0], ap: [0, 0], f1Max: [0, 0] });
		expect(rankingChanges(images.slice(0, 21))).toBeUndefined();
	});
});

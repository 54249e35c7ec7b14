import fc from 'fast-check';
import { bestF1Of } from '../../src/evaluation/bestF1';

const images = (good: readonly number[], defects: readonly number[]) => [
	...good.map((score) => image(score, false)),
	...defects.map((score) => image(score, true)),
];
const image = (score: number, anomalous: boolean) => ({
	file: 'x.png',
	category: 'bolt',
	label: anomalous ? 'cut' : 'good',
	anomalous,
	score,
});
const f1At = (threshold: number, all: ReturnType<typeof images>): number => {
	const called = all.filter(({ score }) => score > threshold);
	const hits = called.filter(({ anomalous }) => anomalous).length;
	const defects = all.filter(({ anomalous }) => anomalous).length;
	return (2 * hits) / (called.length + defects);
};

test('kinds that do not overlap are parted halfway between them', () => {
	const best = bestF1Of(images([0.125, 0.25, 0.25], [0.5, 0.75]));
	expect(best).toMatchObject({ threshold: 0.375, typicalGood: 0.25, good: 3, anomalous: 2 });
	expect(best?.f1).toBeCloseTo(1);
});

test('no other limit reaches a higher F1', () => {
	const scores = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 25 });
	fc.assert(
		fc.property(scores, scores, (good, defects) => {
			const all = images(
				good.map((score) => score / 64),
				defects.map((score) => score / 64),
			);
			const best = bestF1Of(all);
			const everyLimit = Array.from({ length: 84 }, (_, i) => (i - 1) / 128);
			const highest = Math.max(...everyLimit.map((limit) => f1At(limit, all)));
			expect(f1At(best!.threshold, all)).toBeCloseTo(highest, 10);
			expect(best!.f1).toBeCloseTo(highest, 5);
			expect(best!.typicalGood).toBeLessThanOrEqual(best!.threshold);
		}),
	);
});

test('one kind alone has no limit', () => {
	expect(bestF1Of(images([0.1, 0.2], []))).toBeUndefined();
	expect(bestF1Of(images([], [0.1]))).toBeUndefined();
	expect(bestF1Of([])).toBeUndefined();
});

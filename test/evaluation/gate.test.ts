import fc from 'fast-check';
import { judgeGate, type Baseline, type GateRule, type Measured } from '../../src/evaluation/gate';

function measured(mean: number | null, categories: Record<string, number | null> = {}): Measured {
	return {
		mean: { imageAuroc: mean },
		categories: Object.entries(categories).map(([category, value]) => ({
			category,
			metrics: { imageAuroc: value },
		})),
	};
}

function before(...given: Parameters<typeof measured>): Baseline {
	return { ...measured(...given), title: 'run 1' };
}

const mean: GateRule = { metric: 'imageAuroc', scope: 'mean' };
const every: GateRule = { metric: 'imageAuroc', scope: 'everyCategory' };

test('a floor is passed by reaching it', () => {
	expect(judgeGate({ ...mean, floor: 0.9 }, measured(0.9))).toEqual({
		passed: true,
		reason: 'Passed: mean image AUROC is 0.9000, at least the floor 0.9000',
	});
	expect(judgeGate({ ...mean, floor: 0.9 }, measured(0.8999))).toEqual({
		passed: false,
		reason: 'Failed: mean image AUROC is 0.8999, below the floor 0.9000',
	});
});

test('the sentence has as many digits as show the difference', () => {
	expect(judgeGate({ ...mean, floor: 0.9 }, measured(0.8999999)).reason).toContain(
		'0.8999999, below the floor 0.9000000',
	);
});

test('a drop of exactly the allowed size passes, whatever floating point makes of it', () => {
	for (const [then, now, allowed] of [
		[0.93, 0.91, 0.02],
		[0.3, 0.2, 0.1],
		[0.95, 0.93, 0.02],
	])
		expect(judgeGate({ ...mean, largestDrop: allowed }, measured(now), before(then)).passed).toBe(true);
	expect(judgeGate({ ...mean, largestDrop: 0.02 }, measured(0.9), before(0.93))).toEqual({
		passed: false,
		reason: 'Failed: mean image AUROC fell by 0.0300 (from 0.9300 in run 1 to 0.9000), more than the allowed 0.0200',
	});
});

test('without an earlier evaluation there is nothing to drop from', () => {
	expect(judgeGate({ ...mean, largestDrop: 0 }, measured(0.5))).toEqual({
		passed: true,
		reason: 'Passed: mean image AUROC is 0.5000, with no earlier evaluation to compare with',
	});
});

test('one category that falls short is enough, and is named', () => {
	const rule = { ...every, floor: 0.8, largestDrop: 0.05 };
	const now = measured(0.9, { bolt: 0.95, nut: 0.79, new: 0.9 });
	const { passed, reason } = judgeGate(rule, now, before(0.9, { bolt: 0.99, nut: 0.9 }));
	expect(passed).toBe(false);
	expect(reason).toBe(
		'Failed: image AUROC of nut is 0.7900, below the floor 0.8000; of nut fell by 0.1100 (from 0.9000 in run 1 to 0.7900), more than the allowed 0.0500',
	);
	expect(judgeGate({ ...every, floor: 0.7 }, now).reason).toBe(
		'Passed: image AUROC of every category, lowest nut, is 0.7900, at least the floor 0.7000',
	);
});

test('a metric that is not defined, or no category at all, does not pass', () => {
	expect(judgeGate({ ...mean, floor: 0 }, measured(null)).passed).toBe(false);
	expect(judgeGate({ ...every, floor: 0 }, measured(1, { bolt: null })).reason).toContain(
		'cannot be checked',
	);
	expect(judgeGate({ ...every, floor: 0 }, measured(1)).passed).toBe(false);
});

test('a higher value never fails where a lower one passes', () => {
	const share = fc.double({ min: 0, max: 1, noNaN: true });
	fc.assert(
		fc.property(share, share, share, share, share, (a, b, floor, largestDrop, then) => {
			const [low, high] = [Math.min(a, b), Math.max(a, b)];
			const rule = { ...mean, floor, largestDrop };
			const passes = (value: number): boolean => judgeGate(rule, measured(value), before(then)).passed;
			return !passes(low) || passes(high);
		}),
	);
});

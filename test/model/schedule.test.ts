import {
	hardMiningRank,
	hardMiningShareAt,
	learningRateAt,
	recenteredLearningRateAt,
} from '../../src/model/schedule';
import { describeGolden } from '../support/golden';
import { openGolden, REFERENCE_OPTIMISER, type Golden } from '../support/goldenModel';

/** Both sides are float64. */
const TOLERANCE = 1e-15;

function expectRates(first: number, golden: Float64Array, iterations: number): void {
	golden.forEach((rate, i) => {
		const ours = learningRateAt(first + i, { ...REFERENCE_OPTIMISER, iterations });
		expect(Math.abs(ours - rate)).toBeLessThan(TOLERANCE);
	});
}

describeGolden('schedules agree with the reference', () => {
	let golden: Golden;
	beforeAll(async () => {
		golden = await openGolden('misc');
	});

	test.each([10_000, 5000, 50_000, 300])('learning rates of %i iterations', (iterations) => {
		const tail = golden.doubles(`schedule_${iterations}_tail`);
		expectRates(0, golden.doubles(`schedule_${iterations}_head`), iterations);
		expectRates(iterations - tail.length, tail, iterations);
	});

	test('learning rates that the optimiser sees, past the end too', () => {
		expectRates(0, golden.doubles('lr_seen_by_step_300'), 300);
	});

	test('learning rates and hard-mining shares of the official training', async () => {
		const model = await openGolden('model_la');
		model.doubles('official.lr').forEach((rate, step) => {
			expect(Math.abs(learningRateAt(step, REFERENCE_OPTIMISER) - rate)).toBeLessThan(TOLERANCE);
		});
		model.doubles('official.p').forEach((share, step) => {
			expect(hardMiningShareAt(step, REFERENCE_OPTIMISER)).toBeCloseTo(share, 15);
		});
		const fast = { ...REFERENCE_OPTIMISER, iterations: 6, warmup: 2 };
		[...model.doubles('fast.lr'), model.number('fast.lr_next')].forEach((rate, step) => {
			expect(Math.abs(learningRateAt(step, fast) - rate)).toBeLessThan(TOLERANCE);
		});
	});

	test("Dinomaly2's learning rates, one for each parameter group", async () => {
		const rates = (await openGolden('model_d2')).doubles('fast.lr');
		for (let step = 0; step < 5; step++) {
			[2e-4, 2e-3, 2e-3].forEach((peak, group) => {
				const rate = recenteredLearningRateAt(step, peak, 2, 8, 0.5);
				expect(Math.abs(rate - rates[3 * step + group])).toBeLessThan(TOLERANCE);
			});
		}
	});
});

describe('schedules', () => {
	test('the first step has learning rate 0, the warm-up ends at the peak, the end stays at the final rate', () => {
		expect(learningRateAt(0, REFERENCE_OPTIMISER)).toBe(0);
		expect(learningRateAt(99, REFERENCE_OPTIMISER)).toBe(2e-3);
		expect(learningRateAt(100, REFERENCE_OPTIMISER)).toBe(2e-3);
		expect(learningRateAt(10_000, REFERENCE_OPTIMISER)).toBe(2e-4);
	});

	test('a schedule without warm-up starts at the peak', () => {
		expect(learningRateAt(0, { ...REFERENCE_OPTIMISER, warmup: 0 })).toBe(2e-3);
	});

	test('learning rates never rise after the warm-up', () => {
		for (let step = 101; step < 10_000; step += 37) {
			const now = learningRateAt(step, REFERENCE_OPTIMISER);
			expect(now).toBeLessThan(learningRateAt(step - 1, REFERENCE_OPTIMISER));
		}
	});

	test('the share of easy points rises to its limit and is 0 without hard mining', () => {
		expect(hardMiningShareAt(0, REFERENCE_OPTIMISER)).toBe(0);
		expect(hardMiningShareAt(500, REFERENCE_OPTIMISER)).toBeCloseTo(0.45, 12);
		expect(hardMiningShareAt(5000, REFERENCE_OPTIMISER)).toBe(0.9);
		expect(hardMiningShareAt(5000, { ...REFERENCE_OPTIMISER, hardMining: false })).toBe(0);
	});

	test('the rank is that of the last hard point, and one point always stays hard', () => {
		expect(hardMiningRank(1000, 0.9)).toBe(98);
		expect(hardMiningRank(12_544, 0.9)).toBe(1253);
		expect(hardMiningRank(9, 0.9)).toBe(0);
		expect(hardMiningRank(16, 0)).toBe(15);
	});
});

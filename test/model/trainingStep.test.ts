import { hardMiningShareAt, learningRateAt } from '../../src/model/schedule';
import { describeGolden } from '../support/golden';
import { DINOMALY_CASES } from '../support/goldenCases';
import { parametersOf, REFERENCE_OPTIMISER, type Golden } from '../support/goldenModel';
import {
	expectGradients,
	expectMoments,
	expectParameters,
	expectTrace,
	FAST,
	gradientsAt,
	LOSS_TOLERANCE,
	NORM_TOLERANCE,
	openTraining,
	PARAMETER_TOLERANCE,
	trainFive,
	type GoldenTraining,
	type Schedule,
} from '../support/goldenTraining';
import type { StepOutput } from '../support/stepRunner';

const OFFICIAL: Schedule = {
	learningRate: (step) => learningRateAt(step, REFERENCE_OPTIMISER),
	share: (step) => hardMiningShareAt(step, REFERENCE_OPTIMISER),
};

describeGolden('the training step agrees with the reference', () => {
	describe.each(DINOMALY_CASES)('$file', (one) => {
		let opened: GoldenTraining;
		beforeAll(async () => {
			opened = await openTraining(one, { optimised: one.file === 'model_la' });
		});
		afterAll(() => opened.runner.release());

		test('loss and gradients with nine tenths of the points scaled down', async () => {
			const { golden } = opened;
			const output = await gradientsAt(opened, 0.9);
			expect(Math.abs(output.loss - golden.number('loss_p09'))).toBeLessThan(LOSS_TOLERANCE);
			expect(Math.abs(output.loss - golden.number('loss_p09_f64'))).toBeLessThan(LOSS_TOLERANCE);
			expect(Math.abs(output.gradientNorm / golden.number('grad_norm_p09') - 1)).toBeLessThan(
				NORM_TOLERANCE,
			);
			expectGradients(output, parametersOf(golden, 'grad_p09'));
		});

		test('the loss does not depend on the share of points', async () => {
			const { golden } = opened;
			const { loss } = await gradientsAt(opened, 0);
			expect(Math.abs(loss - golden.number('loss_p0'))).toBeLessThan(LOSS_TOLERANCE);
			expect(Math.abs(loss - golden.number('loss_global_cosine'))).toBeLessThan(LOSS_TOLERANCE);
		});

		test('five steps of a fast schedule', async () => {
			const { golden } = opened;
			const outputs = await trainFive(opened, FAST);
			expectTrace(golden, 'fast', outputs);
			expectParameters(outputs[4].state, parametersOf(golden, 'fast.after5'), {
				// Its gradients are so small that both float32 results are 2.3e-6 away from float64, in their own ways.
				tolerance: (one.file === 'model_la_official_init' ? 2 : 1) * PARAMETER_TOLERANCE,
				isSoftmax: one.config.mixer.kind === 'softmax',
			});
			if (one.file === 'model_la') expectStepByStep(outputs, golden);
		});

		if (one.file !== 'model_la') return;

		test('gradients when no point is scaled down', async () => {
			expectGradients(await gradientsAt(opened, 0), parametersOf(opened.golden, 'grad_p0'));
		});

		test('five steps of the official schedule, the first of which changes nothing', async () => {
			const { golden } = opened;
			const outputs = await trainFive(opened, OFFICIAL);
			expectTrace(golden, 'official', outputs);
			expectUnchanged(outputs[0], golden);
			expectParameters(outputs[1].state, parametersOf(golden, 'official.after2'));
			expectParameters(outputs[4].state, parametersOf(golden, 'official.after5'));
		});
	});
});

function expectStepByStep(outputs: readonly StepOutput[], golden: Golden): void {
	expectUnchanged(outputs[0], golden);
	expectParameters(outputs[1].state, parametersOf(golden, 'fast.after2'));
	const { state } = outputs[4];
	expectMoments(state, 'first', parametersOf(golden, 'fast.opt.exp_avg'));
	expectMoments(state, 'second', parametersOf(golden, 'fast.opt.exp_avg_sq'));
	expectMoments(state, 'largestSecond', parametersOf(golden, 'fast.opt.max_exp_avg_sq'));
}

/** A first step at a learning rate of 0. */
function expectUnchanged({ state }: StepOutput, golden: Golden): void {
	expectParameters(state, parametersOf(golden, 'param'), { tolerance: 0 });
}

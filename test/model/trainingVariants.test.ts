import type { ModelConfig } from '../../src/model/config';
import { recenteredLearningRateAt } from '../../src/model/schedule';
import { describeGolden } from '../support/golden';
import { DINOMALY2_CASES, DINOMALY_CASES } from '../support/goldenCases';
import {
	openGolden,
	parametersOf,
	REFERENCE_MODEL,
	swapFirstAxes,
	type Golden,
	type NamedTensor,
} from '../support/goldenModel';
import {
	expectGradients,
	expectParameters,
	expectTrace,
	FAST,
	gradientsAt,
	LOSS_TOLERANCE,
	NORM_TOLERANCE,
	openTraining,
	trainFive,
	type GoldenTraining,
	type Schedule,
} from '../support/goldenTraining';

const [LINEAR] = DINOMALY_CASES;

/** Dinomaly2's golden training: eight iterations, two of them warm-up, half of the rate at the end. */
const DINOMALY2_FAST: Schedule = {
	learningRate: (step) => recenteredLearningRateAt(step, 2e-3, 2, 8, 0.5),
	learningRate2: (step) => recenteredLearningRateAt(step, 2e-4, 2, 8, 0.5),
	share: FAST.share,
};

const DROPOUT: ModelConfig = { ...REFERENCE_MODEL, noise: { kind: 'dropout', rate: 0.2 } };

describeGolden('the training step with other settings', () => {
	test('another epsilon and clip norm, without amsgrad', async () => {
		const opened = await openTraining(LINEAR, { epsilon: 1e-8, amsgrad: false, clipNorm: 1e-3 });
		const { golden, runner } = opened;
		const outputs = await trainFive(opened, FAST);
		await runner.release();
		expectTrace(golden, 'fast2', outputs);
		expectParameters(outputs[4].state, parametersOf(golden, 'fast2.after5'));
		expect(runner.step.state.some(({ name }) => name.endsWith('.largestSecond'))).toBe(false);
	});

	describe('dropout with given masks', () => {
		let opened: GoldenTraining;
		beforeAll(async () => {
			opened = await openTraining({ file: 'model_la', config: DROPOUT });
		});
		afterAll(() => opened.runner.release());

		test.each([
			['model_la_dropmask2', 0.2],
			['model_la_dropmask4', 0.4],
		])('%s: loss and gradients', async (file, rate) => {
			const masks = await openGolden(file);
			const output = await gradientsAt(opened, 0.9, {
				keepInput: dropoutFactors(masks, 'keep_input', rate),
				keepHidden: dropoutFactors(masks, 'keep_hidden', rate),
				keepOutput: dropoutFactors(masks, 'keep_output', rate),
			});
			expect(Math.abs(output.loss - masks.number('loss'))).toBeLessThan(LOSS_TOLERANCE);
			expect(Math.abs(output.gradientNorm / masks.number('grad_norm') - 1)).toBeLessThan(
				NORM_TOLERANCE,
			);
			expectGradients(output, parametersOf(masks, 'grad'));
		});
	});

	test.each(DINOMALY2_CASES)(
		'$file: loss and gradients; its first layer at a tenth of the rate',
		async (one) => {
			const opened = await openTraining(one, { amsgrad: false, optimised: one.file === 'model_d2' });
			const { golden, runner } = opened;
			const output = await gradientsAt(opened, 0.9);
			expect(Math.abs(output.loss - golden.number('loss_p09'))).toBeLessThan(LOSS_TOLERANCE);
			expectGradients(output, parametersOf(golden, 'grad_p09'));
			if (golden.names.includes('fast.loss')) {
				const outputs = await trainFive(opened, DINOMALY2_FAST);
				expectTrace(golden, 'fast', outputs);
				expectParameters(outputs[4].state, parametersOf(golden, 'fast.after5'));
			}
			await runner.release();
		},
	);
});

/** A mask (B, tokens, width) as the rows of factors that the step wants. */
function dropoutFactors(golden: Golden, name: string, rate: number): NamedTensor {
	const [images, tokens, width] = golden.shape(name);
	const keep = swapFirstAxes(golden.bytes(name), images, tokens);
	return { data: Float32Array.from(keep, (kept) => kept / (1 - rate)), shape: [tokens * images, width] };
}

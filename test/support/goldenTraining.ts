import type { OptimiserConfig } from '../../src/model/config';
import { parameterSpecs } from '../../src/model/parameters';
import { learningRateAt } from '../../src/model/schedule';
import type { TrainingStepSpec } from '../../src/model/trainingStep';
import { goldenBatches, type Batch } from './goldenBatches';
import { GOLDEN_REDUCED_WIDTH, type GoldenCase } from './goldenCases';
import {
	openGolden,
	parametersOf,
	REFERENCE_OPTIMISER,
	TINY_DIMS,
	type Golden,
	type NamedTensor,
} from './goldenModel';
import { maxDifference, relativeError } from './run';
import { StepRunner, type State, type StepInput, type StepOutput } from './stepRunner';

/** float32 of the reference is up to 1.5e-6 away from its own float64. */
export const GRADIENT_TOLERANCE = 5e-6;
export const LOSS_TOLERANCE = 3e-7;
/** Relative, of global gradient norms; along training they inherit the parameters' differences. */
export const NORM_TOLERANCE = 3e-6;
/** Absolute, after five steps of lr 2e-3: where the reference itself lies from its float64. */
export const PARAMETER_TOLERANCE = 2.3e-6;

const STEPS = [0, 1, 2, 3, 4];

export interface GoldenTraining {
	readonly golden: Golden;
	readonly runner: StepRunner;
	readonly x: Batch;
	readonly train: readonly Batch[];
}

/** A training step for a golden file, with the features of its images; `optimised` runs it as in production. */
export async function openTraining(
	one: GoldenCase,
	{ optimised = false, ...changes }: Partial<OptimiserConfig> & { optimised?: boolean } = {},
): Promise<GoldenTraining> {
	const golden = await openGolden(one.file);
	const isReduced = one.config.bottleneck === 'reduced';
	const spec: TrainingStepSpec = {
		config: one.config,
		optimiser: { ...REFERENCE_OPTIMISER, ...changes },
		dims: TINY_DIMS,
		parameters: parameterSpecs(one.config, TINY_DIMS, GOLDEN_REDUCED_WIDTH),
		images: 2,
		featureType: 'float32',
		attentionEpsilon: one.attentionEpsilon,
		exposeGradients: true,
		// As on a processor: tiny as it is, the model's MLPs then go through in pieces.
		pieceBytes: 2000,
		secondRate: isReduced ? (name) => name.startsWith('bottleneck.fc0.') : undefined,
	};
	const runner = await StepRunner.open(spec, { optimised });
	return { golden, runner, ...(await goldenBatches(golden, one.config.groups)) };
}

/** Loss and gradients of the starting parameters at `x`. */
export async function gradientsAt(
	{ golden, runner, x }: GoldenTraining,
	share: number,
	noise?: StepInput['noise'],
): Promise<StepOutput> {
	const rates = { learningRate: 0, learningRate2: 0 };
	const state = runner.initialState(parametersOf(golden, 'param'));
	return runner.run(state, { features: x, step: 1, share, noise, ...rates });
}

export interface Schedule {
	readonly learningRate: (step: number) => number;
	readonly learningRate2?: (step: number) => number;
	readonly share: (step: number) => number;
}

/** The golden files' schedule of six iterations, two of them warm-up. */
export const FAST: Schedule = {
	learningRate: (step) => learningRateAt(step, { ...REFERENCE_OPTIMISER, iterations: 6, warmup: 2 }),
	share: (step) => Math.min(0.45 * step, 0.9),
};

/** Five training steps; element i is what step i left. */
export async function trainFive(
	{ golden, runner, train }: GoldenTraining,
	schedule: Schedule,
): Promise<StepOutput[]> {
	const outputs: StepOutput[] = [];
	let state = runner.initialState(parametersOf(golden, 'param'));
	for (const step of STEPS) {
		const output = await runner.run(state, {
			features: train[step],
			step: step + 1,
			learningRate: schedule.learningRate(step),
			learningRate2: schedule.learningRate2?.(step),
			share: schedule.share(step),
		});
		outputs.push(output);
		({ state } = output);
	}
	return outputs;
}

export function expectGradients(actual: StepOutput, expected: ReadonlyMap<string, NamedTensor>): void {
	for (const [name, { data }] of expected) {
		const error = relativeError(actual.gradients.get(name)!, data);
		expect({ name, error: Math.max(error, GRADIENT_TOLERANCE) }).toEqual({
			name,
			error: GRADIENT_TOLERANCE,
		});
	}
}

/** Losses and gradient norms of every step. */
export function expectTrace(golden: Golden, prefix: string, outputs: readonly StepOutput[]): void {
	const losses = golden.doubles(`${prefix}.loss`);
	const norms = golden.doubles(`${prefix}.grad_norm`);
	for (const step of STEPS) {
		expect(Math.abs(outputs[step].loss - losses[step])).toBeLessThan(2 * LOSS_TOLERANCE);
		expect(Math.abs(outputs[step].gradientNorm / norms[step] - 1)).toBeLessThan(NORM_TOLERANCE);
	}
}

/** Every parameter within `tolerance`; with softmax the keys of qkv biases are left out (see KEYLESS_TOLERANCE). */
export function expectParameters(
	state: State,
	expected: ReadonlyMap<string, NamedTensor>,
	{ tolerance = PARAMETER_TOLERANCE, isSoftmax = false } = {},
): void {
	for (const [name, { data }] of expected) {
		const actual = state[`${name}.value`].data as Float32Array;
		const isLoose = isSoftmax && name.endsWith('attn.qkv.bias');
		const difference = isLoose ? differenceWithoutKeys(actual, data) : maxDifference(actual, data);
		const limit = isLoose ? KEYLESS_TOLERANCE : tolerance;
		expect({ name, difference: Math.max(difference, limit) }).toEqual({ name, difference: limit });
	}
}

/**
 * Softmax cancels the bias of keys: its true gradient is 0, and Adam turns rounding noise into steps. That noise also enters
 * the one RMS by which StableAdamW scales the whole tensor, so that the biases of queries and values move a little with it.
 */
const KEYLESS_TOLERANCE = 1e-4;

function differenceWithoutKeys(actual: Float32Array, expected: Float32Array): number {
	const third = actual.length / 3;
	return Math.max(
		maxDifference(actual.subarray(0, third), expected.subarray(0, third)),
		maxDifference(actual.subarray(2 * third), expected.subarray(2 * third)),
	);
}

/** One kind of moment, tensor by tensor. */
export function expectMoments(state: State, kind: string, expected: ReadonlyMap<string, NamedTensor>): void {
	for (const [name, { data }] of expected) {
		const error = relativeError(state[`${name}.${kind}`].data as Float32Array, data);
		expect({ name, error: Math.max(error, MOMENT_TOLERANCE) }).toEqual({ name, error: MOMENT_TOLERANCE });
	}
}

/** After five steps: gradients at parameters that differ by up to 2.3e-6. */
const MOMENT_TOLERANCE = 2e-5;

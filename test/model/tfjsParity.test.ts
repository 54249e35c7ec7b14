import * as tf from '@tensorflow/tfjs';
import type { ModelConfig, OptimiserConfig } from '../../src/model/config';
import { tokenLayout, type EncoderDims } from '../../src/model/layout';
import { parameterSpecs, type ParameterSpec } from '../../src/model/parameters';
import type { Noise } from '../../src/model/tfjs/decoder';
import { correctionsAt, type TfjsSettings, type TfjsStepResult } from '../../src/model/tfjs/step';
import type { TrainingStepSpec } from '../../src/model/trainingStep';
import { createRandom, type Random } from '../../src/random';
import { NOISE_NAMES } from '../../src/training/tfjsSession';
import {
	REFERENCE_MODEL,
	REFERENCE_OPTIMISER,
	swapFirstAxes,
	type NamedTensor,
} from '../support/goldenModel';
import { maxDifference, relativeError } from '../support/run';
import { StepRunner, type StepOutput } from '../support/stepRunner';
import { oracle, useTfjsCpu } from '../support/tfjsStep';

/** Both compute in float32, and TensorFlow.js approximates erf to 1.5e-7. */
const LOSS_TOLERANCE = 1e-6;
const GRADIENT_TOLERANCE = 1e-5;
const PARAMETER_TOLERANCE = 5e-6;

const IMAGES = 2;
const DIMS: EncoderDims = {
	dim: 16,
	heads: 2,
	patch: 14,
	registers: 1,
	targetLayers: [2, 3, 4, 5, 6, 7, 8, 9],
};
const REDUCED_WIDTH = 8;
/** Learning rate and share of easy points of the steps. */
const STEPS = [
	[0, 0],
	[2e-3, 0.5],
	[1e-3, 0.9],
] as const;

interface Case {
	readonly title: string;
	readonly config: ModelConfig;
	readonly optimiser?: Partial<OptimiserConfig>;
	readonly attentionEpsilon?: number;
	/** Runs as in production: everything that ONNX Runtime can fuse, and no gradients among the outputs. */
	readonly optimised?: boolean;
}

const SMALL: ModelConfig = { ...REFERENCE_MODEL, imageSize: 42, cropSize: 42 };

const CASES: readonly Case[] = [
	{
		title: 'linear attention with dropout',
		config: { ...SMALL, noise: { kind: 'dropout', rate: 0.2 } },
		optimised: true,
	},
	{
		title: 'softmax attention with masked neighbours, four groups and jitter',
		config: {
			...SMALL,
			mixer: { kind: 'softmax', neighbour: 3 },
			groups: 4,
			noise: { kind: 'jitter', scale: 20 },
		},
	},
	{
		title: 'masked linear attention layer to layer, without amsgrad and hard mining',
		config: { ...SMALL, mixer: { kind: 'linearMasked', neighbour: 2 }, groups: 8 },
		optimiser: { amsgrad: false, hardMining: false, epsilon: 1e-8 },
	},
	{
		title: 'convolution and one group',
		config: { ...SMALL, mixer: { kind: 'conv', kernel: 5 }, groups: 1 },
	},
	{
		title: 'recentering and the reduced bottleneck with dropout',
		config: { ...SMALL, recentering: true, bottleneck: 'reduced', noise: { kind: 'dropout', rate: 0.4 } },
		optimiser: { amsgrad: false },
		attentionEpsilon: 1e-8,
	},
];

/** Weights large enough that every part of the step counts. */
function randomParameters(specs: readonly ParameterSpec[], random: Random): Map<string, NamedTensor> {
	return new Map(
		specs.map(({ name, shape, initialiser }) => {
			const data = randomNormal(shape, random, 0.2);
			if (initialiser === 'ones') data.forEach((value, i) => (data[i] = 1 + value));
			return [name, { data, shape }];
		}),
	);
}

function randomNormal(shape: readonly number[], random: Random, deviation = 1): Float32Array {
	const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
	random.fillNormal(data);
	return data.map((value) => value * deviation);
}

interface StepData {
	readonly features: NamedTensor[];
	readonly noise: Record<string, NamedTensor>;
	/** The same for the oracle, noise as (images, tokens, D). */
	readonly batch: { features: tf.Tensor3D[]; noise: Noise };
}

/** Random features and noise of one step, in both layouts. */
function randomStep({ step }: StepRunner, { config }: Case, random: Random): StepData {
	const { encoderTokens, decoderTokens } = tokenLayout(config, DIMS);
	const features: NamedTensor[] = [];
	const noise: Record<string, NamedTensor> = {};
	const batch = { features: [] as tf.Tensor3D[], noise: {} as Record<string, tf.Tensor3D> };
	for (let k = 0; k < config.groups; k++) {
		const shape: [number, number, number] = [IMAGES, encoderTokens, DIMS.dim];
		const data = randomNormal(shape, random);
		batch.features.push(tf.tensor3d(data, shape));
		features.push({ data, shape });
	}
	for (const { name, kind, shape } of step.noise) {
		const data = randomNormal(shape, random);
		if (kind === 'dropout' && config.noise.kind === 'dropout') {
			random.fillDropoutMask(data, config.noise.rate, 1 / (1 - config.noise.rate));
		}
		const [, width] = shape;
		noise[name] = { data, shape };
		batch.noise[NOISE_NAMES[name]] = tf.tensor3d(swapFirstAxes(data, decoderTokens, IMAGES), [
			IMAGES,
			decoderTokens,
			width,
		]);
	}
	return { features, noise, batch };
}

function settingsOf(
	{ config, attentionEpsilon }: Case,
	optimiser: OptimiserConfig,
	step: number,
): TfjsSettings {
	const [rate, share] = STEPS[step];
	const { grid, prefix, patches } = tokenLayout(config, DIMS);
	const points = patches * IMAGES;
	return {
		model: {
			...DIMS,
			grid,
			prefix,
			groups: config.groups,
			mixer: config.mixer,
			recentering: config.recentering,
			attentionEpsilon,
			jitterScale: config.noise.kind === 'jitter' ? config.noise.scale : undefined,
		},
		optimiser,
		mining: optimiser.hardMining
			? { hard: Math.max(1, Math.trunc(points * (1 - share))), factor: optimiser.hardMiningFactor }
			: null,
		corrections: correctionsAt(step + 1),
		learningRate: (name) => (isSlow(name) ? rate / 10 : rate),
	};
}

function isSlow(name: string): boolean {
	return name.startsWith('bottleneck.fc0.');
}

async function openStep(
	{ config, attentionEpsilon, optimised = false }: Case,
	optimiser: OptimiserConfig,
	specs: ParameterSpec[],
): Promise<StepRunner> {
	const spec: TrainingStepSpec = {
		config,
		optimiser,
		dims: DIMS,
		parameters: specs,
		images: IMAGES,
		featureType: 'float32',
		attentionEpsilon,
		exposeGradients: !optimised,
		secondRate: config.bottleneck === 'reduced' ? isSlow : undefined,
	};
	return StepRunner.open(spec, { optimised });
}

/** Fails with the tensor's name. */
function expectWithin(name: string, found: number, limit: number): void {
	expect({ name, found: Math.max(found, limit) }).toEqual({ name, found: limit });
}

async function valuesOf(tensor: tf.Tensor): Promise<Float32Array> {
	return (await tensor.data()) as Float32Array;
}

describe('the training step agrees with TensorFlow.js', () => {
	beforeAll(useTfjsCpu);

	test.each(CASES)('$title', async (one) => {
		const optimiser: OptimiserConfig = { ...REFERENCE_OPTIMISER, ...one.optimiser };
		const specs = parameterSpecs(one.config, DIMS, REDUCED_WIDTH);
		const random = createRandom(11);
		const parameters = randomParameters(specs, random);
		const runner = await openStep(one, optimiser, specs);
		let ours = runner.initialState(parameters);
		let theirs = oracle.initialState(
			Object.fromEntries(
				[...parameters].map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
			),
		);
		for (let step = 0; step < STEPS.length; step++) {
			const { features, noise, batch } = randomStep(runner, one, random);
			const [learningRate, share] = STEPS[step];
			const output = await runner.run(ours, {
				features,
				noise,
				step: step + 1,
				share,
				learningRate,
				learningRate2: one.config.bottleneck === 'reduced' ? learningRate / 10 : undefined,
			});
			const before = tf.memory().numTensors;
			const expected = oracle.trainStep(theirs, batch, settingsOf(one, optimiser, step));
			// Four states and a gradient of every parameter, loss and norm: everything else is freed.
			expect(tf.memory().numTensors - before).toBeLessThanOrEqual(5 * specs.length + 2);
			expectWithin('loss', Math.abs(output.loss - (await valuesOf(expected.loss))[0]), LOSS_TOLERANCE);
			const norm = (await valuesOf(expected.gradientNorm))[0];
			expectWithin('norm', Math.abs(output.gradientNorm / norm - 1), GRADIENT_TOLERANCE);
			await expectGradients(output, expected.gradients);
			ours = output.state;
			theirs = expected.state;
		}
		for (const { name } of specs) {
			if (one.config.mixer.kind === 'softmax' && name.endsWith('qkv.bias')) continue;
			const actual = ours[`${name}.value`].data as Float32Array;
			expectWithin(
				name,
				maxDifference(actual, await valuesOf(theirs.values[name])),
				PARAMETER_TOLERANCE,
			);
		}
		await runner.release();
	});
});

async function expectGradients(
	{ gradients }: StepOutput,
	expected: TfjsStepResult['gradients'],
): Promise<void> {
	for (const [name, gradient] of gradients) {
		const error = relativeError(gradient, await valuesOf(expected[name]));
		expectWithin(name, error, GRADIENT_TOLERANCE);
	}
}

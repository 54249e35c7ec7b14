import * as tf from '@tensorflow/tfjs';
import { Graph, mul, sizeOf } from '../../src/graph';
import { BETA1, BETA2, clipFactor, stableAdamW } from '../../src/model/optimizer';
import { learningRateAt } from '../../src/model/schedule';
import { createRandom } from '../../src/random';
import type { Value } from '../../src/runtime/session';
import { describeGolden } from '../support/golden';
import { floatsOf, openGolden, parametersOf, type Golden } from '../support/goldenModel';
import { floats, maxDifference, runGraph, scalar } from '../support/run';
import { correctionsAt } from '../../src/model/tfjs/step';
import { oracle, useTfjsCpu } from '../support/tfjsStep';

const NAMES = ['w', 'b', 'k'];
const SCHEDULE = { iterations: 7, warmup: 3, learningRate: 2e-3, finalLearningRate: 2e-4 };
const WEIGHT_DECAY = 1e-4;
/** Eight float32 steps of lr 2e-3 on values around 1. */
const TOLERANCE = 5e-7;

interface Variant {
	readonly amsgrad: boolean;
	readonly eps: number;
	readonly clip: number | null;
	readonly weightDecay?: number;
}

/** One optimiser step on tensors of these shapes, without clipping when `clip` is null. */
function buildStep(
	shapes: Readonly<Record<string, readonly number[]>>,
	{ amsgrad, eps, clip, weightDecay = WEIGHT_DECAY }: Variant,
): Graph {
	const graph = new Graph();
	const slopes = NAMES.map((name) => graph.input(`${name}.gradient`, 'float32', shapes[name]));
	const { factor, norm } = clipFactor(slopes, clip ?? 1);
	const scalars = {
		learningRate: graph.input('learningRate', 'float32', []),
		firstCorrection: graph.input('firstCorrection', 'float32', []),
		secondCorrection: graph.input('secondCorrection', 'float32', []),
	};
	NAMES.forEach((name, i) => {
		const declare = (kind: string) => graph.input(`${name}.${kind}`, 'float32', shapes[name]);
		const after = stableAdamW(
			{
				value: declare('value'),
				first: declare('first'),
				second: declare('second'),
				largestSecond: amsgrad ? declare('largestSecond') : null,
			},
			slopes[i],
			clip === null ? graph.scalar(1) : factor,
			scalars,
			{ weightDecay, epsilon: eps },
		);
		for (const kind of kinds(amsgrad)) graph.output(`next.${name}.${kind}`, after[kind]!);
	});
	graph.output('norm', norm);
	return graph;
}

function kinds(amsgrad: boolean): ('value' | 'first' | 'second' | 'largestSecond')[] {
	return ['value', 'first', 'second', ...(amsgrad ? (['largestSecond'] as const) : [])];
}

function stepScalars(step: number): Record<string, Value> {
	return {
		firstCorrection: scalar(1 - BETA1 ** step),
		secondCorrection: scalar(Math.sqrt(1 - BETA2 ** step)),
	};
}

describeGolden('StableAdamW agrees with the reference', () => {
	let golden: Golden;
	let variants: Record<string, Variant>;
	beforeAll(async () => {
		golden = await openGolden('optimizer');
		variants = JSON.parse(golden.metadata.variants) as Record<string, Variant>;
	});

	test.each([
		'amsgrad_eps1e-10_clip0.1',
		'plain_eps1e-8_clip0.1',
		'amsgrad_eps1e-8_noclip',
		'amsgrad_eps1e-3_clip0.1',
	])('%s: eight steps', async (name) => {
		const variant = variants[name];
		const shapes = Object.fromEntries(NAMES.map((key) => [key, golden.shape(`init.${key}`)]));
		const graph = buildStep(shapes, variant);
		let state: Record<string, Value> = {};
		for (const key of NAMES) {
			for (const kind of kinds(variant.amsgrad)) {
				const start = golden.floats(`init.${key}`);
				state[`${key}.${kind}`] = floats(
					kind === 'value' ? start : new Float32Array(start.length),
					shapes[key],
				);
			}
		}
		const rates = golden.doubles(`${name}.lr`);
		const norms = golden.doubles(`${name}.grad_norm`);
		for (let step = 0; step < 8; step++) {
			const learningRate = learningRateAt(step, SCHEDULE);
			expect(learningRate).toBeCloseTo(rates[step], 12);
			const slopes = NAMES.map((key) => [
				`${key}.gradient`,
				floats(golden.floats(`grad${step}.${key}`), shapes[key]),
			]);
			const outputs = await runGraph(graph, {
				...state,
				...(Object.fromEntries(slopes) as Record<string, Value>),
				...stepScalars(step + 1),
				learningRate: scalar(learningRate),
			});
			if (variant.clip !== null) {
				const difference = Math.abs(floatsOf(outputs.norm)[0] - norms[step]);
				expect(difference).toBeLessThanOrEqual(1e-6 * norms[step]);
			}
			for (const key of NAMES) {
				const expected = golden.floats(`${name}.after${step + 1}.${key}`);
				expect(maxDifference(floatsOf(outputs[`next.${key}.value`]), expected)).toBeLessThan(
					TOLERANCE,
				);
			}
			state = Object.fromEntries(Object.keys(state).map((key) => [key, outputs[`next.${key}`]]));
		}
	});

	test('clipping scales all gradients of a model by one factor', async () => {
		const model = await openGolden('model_la');
		const raw = parametersOf(model, 'grad_p09');
		const clipped = parametersOf(model, 'clipped_p09');
		const graph = new Graph();
		const inputs = [...raw].map(([name, { shape }]) => graph.input(name, 'float32', shape));
		const { factor, norm } = clipFactor(inputs, 0.1);
		[...raw.keys()].forEach((name, i) => {
			graph.output(`clipped.${name}`, mul(inputs[i], factor));
		});
		graph.output('norm', norm);
		const feeds = Object.fromEntries(
			[...raw].map(([name, { data, shape }]) => [name, floats(data, shape)]),
		);
		const outputs = await runGraph(graph, feeds);
		expect(floatsOf(outputs.norm)[0] / model.number('grad_norm_p09')).toBeCloseTo(1, 6);
		for (const [name, { data }] of clipped) {
			expect(maxDifference(floatsOf(outputs[`clipped.${name}`]), data)).toBeLessThan(1e-8);
		}
	});
});

describe('StableAdamW', () => {
	const shapes = { w: [2], b: [2], k: [2] };
	const zeros = (): Value => floats(new Float32Array(2), [2]);

	/** State and gradients of one first step: all tensors alike. */
	async function firstStep(
		gradient: readonly number[],
		learningRate: number,
	): Promise<Record<string, Value>> {
		const graph = buildStep(shapes, { amsgrad: true, eps: 1e-10, clip: 0.1 });
		const feeds: Record<string, Value> = { ...stepScalars(1), learningRate: scalar(learningRate) };
		for (const name of NAMES) {
			feeds[`${name}.value`] = floats(Float32Array.of(1, -1), [2]);
			for (const kind of ['first', 'second', 'largestSecond']) feeds[`${name}.${kind}`] = zeros();
			feeds[`${name}.gradient`] = floats(Float32Array.from(gradient), [2]);
		}
		return runGraph(graph, feeds);
	}

	test('a learning rate of 0 leaves values as they are and still moves the moments', async () => {
		const outputs = await firstStep([0.01, -0.02], 0);
		expect([...floatsOf(outputs['next.w.value'])]).toEqual([1, -1]);
		expect(floatsOf(outputs['next.w.first'])[0]).toBeCloseTo(0.001, 8);
	});

	test('the first step of every element is the learning rate against its gradient, plus weight decay', async () => {
		const outputs = await firstStep([0.01, -0.02], 0.1);
		const decay = 1 - 0.1 * WEIGHT_DECAY;
		const [up, down] = floatsOf(outputs['next.w.value']);
		expect(up).toBeCloseTo(decay - 0.1, 5);
		expect(down).toBeCloseTo(-decay + 0.1, 5);
	});

	test('gradients shorter than the clip norm are left alone, longer ones scaled to it', async () => {
		const short = await firstStep([0.01, 0.02], 0);
		expect(floatsOf(short['next.w.first'])[1]).toBeCloseTo(0.1 * 0.02, 8);
		const long = await firstStep([3, 4], 0);
		// Three tensors of norm 5 have the norm 5 sqrt 3.
		expect(floatsOf(long['next.w.first'])[1]).toBeCloseTo((0.1 * 4 * 0.1) / (5 * Math.sqrt(3)), 7);
	});
});

describe('StableAdamW agrees with TensorFlow.js where its settings are strong', () => {
	beforeAll(useTfjsCpu);

	test.each([true, false])('amsgrad: %s, gradients that shrink', async (amsgrad) => {
		const shapes = { w: [3, 4], b: [4], k: [2, 1, 3, 3] };
		const optimiser = { amsgrad, epsilon: 1e-3, weightDecay: 0.5, clipNorm: 1 };
		const graph = buildStep(shapes, { amsgrad, eps: 1e-3, clip: null, weightDecay: 0.5 });
		const random = createRandom(3);
		const draw = (name: keyof typeof shapes, scale: number): tf.Tensor => {
			const shape = shapes[name];
			const values = Array.from({ length: sizeOf(shape) }, () => scale * random.normal());
			return tf.tensor(values, shape);
		};
		const everyTensor = (scale: number): Record<string, tf.Tensor> =>
			Object.fromEntries(NAMES.map((name) => [name, draw(name as keyof typeof shapes, scale)]));
		let state = oracle.initialState(everyTensor(1));
		let ours: Record<string, Value> = {};
		for (const name of NAMES) {
			for (const kind of kinds(amsgrad)) {
				ours[`${name}.${kind}`] = await valueOf(
					(kind === 'value' ? state.values : state.first)[name],
				);
			}
		}
		for (let step = 1; step <= 4; step++) {
			const slopes = everyTensor(0.1 ** step);
			const feeds: Record<string, Value> = {
				...ours,
				...stepScalars(step),
				learningRate: scalar(0.05),
			};
			for (const name of NAMES) feeds[`${name}.gradient`] = await valueOf(slopes[name]);
			const outputs = await runGraph(graph, feeds);
			state = oracle.stableAdamW(state, slopes, {
				optimiser,
				corrections: correctionsAt(step),
				learningRate: () => 0.05,
			});
			for (const name of NAMES) {
				const expected = (await valueOf(state.values[name])).data as Float32Array;
				expect(maxDifference(floatsOf(outputs[`next.${name}.value`]), expected)).toBeLessThan(2e-6);
			}
			ours = Object.fromEntries(Object.keys(ours).map((key) => [key, outputs[`next.${key}`]]));
		}
	});
});

async function valueOf(tensor: tf.Tensor): Promise<Value> {
	return floats((await tensor.data()) as Float32Array, tensor.shape);
}

import * as tf from '@tensorflow/tfjs';
import {
	gelu,
	Graph,
	gradients,
	layerNorm,
	mul,
	normalise,
	reshape,
	softmax,
	sumAll,
	type Tensor,
} from '../../../src/graph';
import { createRandom, type Random } from '../../../src/random';
import { describeOperator, expectClose, randomShape, sampleArray } from '../../support/operatorChecks';
import { refusalOf } from '../../support/refusals';
import { floats, runGraph } from '../../support/run';

/** TensorFlow.js has neither erf-GELU nor layer normalisation nor a softmax over other axes than the last. */
function geluInTensorflow(x: tf.Tensor): tf.Tensor {
	return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

function normaliseInTensorflow(x: tf.Tensor, epsilon: number): tf.Tensor {
	const { mean, variance } = tf.moments(x, -1, true);
	return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon)));
}

function softmaxInTensorflow(x: tf.Tensor, axis: number): tf.Tensor {
	const order = x.shape.map((_, i) => i);
	[order[axis], order[order.length - 1]] = [order.length - 1, axis];
	return tf.transpose(tf.softmax(tf.transpose(x, order)), order);
}

/** At least three elements a row, so that no row is nearly constant, where a normalised row is ill-conditioned. */
function rowsOf(random: Random): number[] {
	return [...randomShape(random, random.integer(3)), 3 + random.integer(6)];
}

describeOperator('gelu', (random) => ({
	shapes: [randomShape(random, random.integer(4))],
	ours: gelu,
	theirs: geluInTensorflow,
	sample: (r) => 2.5 * r.normal(),
}));

describeOperator(
	'softmax',
	(random) => {
		const rank = 1 + random.integer(4);
		const axis = random.integer(rank);
		return {
			shapes: [randomShape(random, rank)],
			ours: (x) => softmax(x, random.integer(2) === 0 ? axis : axis - rank),
			theirs: (x) => softmaxInTensorflow(x, axis),
		};
	},
	{ trials: 8 },
);

describeOperator('layerNorm', (random) => {
	const shape = rowsOf(random);
	const width = shape[shape.length - 1];
	const epsilon = [1e-6, 1e-2][random.integer(2)];
	return {
		shapes: [shape, [width], [width]],
		ours: (x, gain, bias) => layerNorm(x, gain, bias, epsilon),
		theirs: (x, gain, bias) => tf.add(tf.mul(normaliseInTensorflow(x, epsilon), gain), bias),
	};
});

describeOperator('normalise', (random) => {
	const epsilon = [1e-8, 1e-2][random.integer(2)];
	return {
		shapes: [rowsOf(random)],
		ours: (x) => normalise(x, epsilon),
		theirs: (x) => normaliseInTensorflow(x, epsilon),
	};
});

describeOperator('normalise with a shift', (random) => {
	const epsilon = [1e-8, 1e-2][random.integer(2)];
	const shift = [1, -2.5][random.integer(2)];
	return {
		shapes: [rowsOf(random)],
		ours: (x) => normalise(x, epsilon, shift),
		theirs: (x) => tf.add(normaliseInTensorflow(x, epsilon), shift),
	};
});

test('gelu and its gradient keep their limits where exp(x^2) overflows', async () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [4]);
	const y = gelu(x);
	graph.output('y', y);
	graph.output('slope', gradients(sumAll(y), [x])[0]!);
	const { y: value, slope } = await runGraph(graph, {
		x: floats(Float32Array.of(-1e4, -40, 40, 1e4), [4]),
	});
	expect([...value.data].map((v) => Math.abs(Number(v)))).toEqual([0, 0, 40, 1e4]);
	expect([...slope.data].map((v) => Math.abs(Number(v)))).toEqual([0, 0, 1, 1]);
});

test('normalise and layerNorm with gain 1 and bias 0 agree, gradients too', async () => {
	const shape = [5, 16];
	const random = createRandom(3);
	const weight = sampleArray(random, shape);
	const run = async (f: (x: Tensor, graph: Graph) => Tensor): Promise<ArrayLike<number>[]> => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', shape);
		const y = f(x, graph);
		graph.output('y', y);
		graph.output('slope', gradients(sumAll(mul(y, graph.constant(weight, shape))), [x])[0]!);
		const { y: value, slope } = await runGraph(graph, {
			x: floats(sampleArray(createRandom(4), shape), shape),
		});
		return [value.data as Float32Array, slope.data as Float32Array];
	};
	const short = await run((x) => normalise(x, 1e-8));
	const long = await run((x, graph) =>
		layerNorm(
			x,
			graph.constant(new Float32Array(16).fill(1), [16]),
			graph.constant(new Float32Array(16), [16]),
			1e-8,
		),
	);
	expectClose(short[0], long[0], 1e-6);
	expectClose(short[1], long[1], 1e-6);
});

test('a gradient of the gradient of a layer norm is refused rather than wrong', () => {
	for (const norm of [
		(x: Tensor) => normalise(x, 1e-6),
		(x: Tensor) =>
			layerNorm(
				x,
				x.graph.constant(Float32Array.of(1, 2, 3), [3]),
				x.graph.constant(new Float32Array(3), [3]),
				1e-6,
			),
	]) {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2, 3]);
		const [slope] = gradients(sumAll(mul(norm(x), x)), [x]);
		const refusal = refusalOf(() => gradients(sumAll(mul(slope!, x)), [x]));
		expect(refusal.message).toBe('LayerNormalization: it can be differentiated once, not twice');
	}
});

describe('rules', () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2, 3]);
	const [three, two] = [graph.input('three', 'float32', [3]), graph.input('two', 'float32', [2])];
	const one = reshape(graph.input('one', 'float32', [1]), []);
	const vectors = 'LayerNormalization: gain and bias must be vectors as long as the last axis, got';

	test.each([
		[`${vectors} [2, 3] and [2] and [3]`, () => layerNorm(x, two, three, 1e-6)],
		[`${vectors} [2, 3] and [3] and [2]`, () => layerNorm(x, three, two, 1e-6)],
		[`${vectors} [2, 3] and [2, 3] and [3]`, () => layerNorm(x, x, three, 1e-6)],
		[`${vectors} [] and [] and []`, () => layerNorm(one, one, one, 1e-6)],
		['LayerNormalization: at least one axis is needed, got []', () => normalise(one, 1e-6)],
		['Softmax: axis 2 must lie inside the rank 2, got [2, 3]', () => softmax(x, 2)],
		['Softmax: axis -1 must lie inside the rank 0, got []', () => softmax(one)],
	])('%s', (message, call) => {
		const refusal = refusalOf(call);
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe(message);
	});
});

import * as tf from '@tensorflow/tfjs';
import { Graph, gradients, linear, mul, sumAll } from '../../src/graph';
import { normLinear } from '../../src/model/normLinear';
import { createRandom } from '../../src/random';
import { floatsOf } from '../support/goldenModel';
import { floats, relativeError, runGraph } from '../support/run';

const ROWS = 7;
const WIDTH = 12;
const OUT = 5;
const SHAPES = { x: [ROWS, WIDTH], weight: [OUT, WIDTH], bias: [OUT], gain: [WIDTH], shift: [WIDTH] };
type Operand = keyof typeof SHAPES;
const OPERANDS = Object.keys(SHAPES) as Operand[];

function normals(shape: readonly number[], seed: number): Float32Array {
	const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
	createRandom(seed).fillNormal(values);
	return values;
}

const DATA = Object.fromEntries(OPERANDS.map((name, i) => [name, normals(SHAPES[name], i + 1)])) as Record<
	Operand,
	Float32Array
>;
const LOSS_WEIGHTS = normals([ROWS, OUT], 9);

/** Result and gradients by the definition, in TensorFlow.js: linear(LN(x)). */
function byDefinition(withBias: boolean): Record<string, Float32Array> {
	const at = (name: Operand): tf.Tensor => tf.tensor(DATA[name], SHAPES[name]);
	const result = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor, g: tf.Tensor, s: tf.Tensor): tf.Tensor => {
		const { mean, variance } = tf.moments(x, -1, true);
		const normal = x.sub(mean).div(variance.add(1e-8).sqrt()).mul(g).add(s);
		const product = tf.matMul(normal, w, false, true);
		return withBias ? product.add(b) : product;
	};
	const inputs = OPERANDS.map(at);
	const [x, w, b, g, s] = inputs;
	const loss = (...of: tf.Tensor[]): tf.Scalar =>
		result(of[0], of[1], of[2], of[3], of[4])
			.mul(tf.tensor(LOSS_WEIGHTS, [ROWS, OUT]))
			.sum();
	const slopes = withBias
		? tf.grads(loss)(inputs)
		: tf.grads((xs, ws, gs, ss) => loss(xs, ws, b, gs, ss))([x, w, g, s]);
	const names = OPERANDS.filter((name) => withBias || name !== 'bias');
	return Object.fromEntries([
		['y', result(x, w, b, g, s).dataSync() as Float32Array],
		...names.map((name, i) => [`d ${name}`, slopes[i].dataSync() as Float32Array]),
	]) as Record<string, Float32Array>;
}

async function ours(withBias: boolean, biasInWeights: boolean): Promise<Record<string, Float32Array>> {
	const graph = new Graph();
	const names = OPERANDS.filter((name) => withBias || name !== 'bias');
	const inputs = names.map((name) => graph.input(name, 'float32', SHAPES[name]));
	const of = Object.fromEntries(names.map((name, i) => [name, inputs[i]]));
	const layer = normLinear(
		of.x,
		{ weight: of.weight, bias: withBias ? of.bias : null },
		{ gain: of.gain, shift: of.shift },
		{ biasInWeights },
	);
	const y = linear(layer.rows, layer.weight, layer.bias);
	graph.output('y', y);
	gradients(sumAll(mul(y, graph.constant(LOSS_WEIGHTS, [ROWS, OUT]))), inputs).forEach((slope, i) => {
		graph.output(`d ${names[i]}`, slope!);
	});
	const results = await runGraph(
		graph,
		Object.fromEntries(names.map((name) => [name, floats(DATA[name], SHAPES[name])])),
	);
	return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, floatsOf(value)]));
}

describe.each([
	['as an addend', false],
	['in its weights', true],
])('a linear layer behind LN with its bias %s', (_, biasInWeights) => {
	test.each([
		['with a bias of its own', true],
		['without', false],
	])('%s gives what the definition gives, gradients too', async (__, withBias) => {
		const expected = byDefinition(withBias);
		const got = await ours(withBias, biasInWeights);
		expect(Object.keys(got)).toHaveLength(withBias ? 6 : 5);
		for (const [name, values] of Object.entries(got))
			expect(relativeError(values, expected[name])).toBeLessThan(5e-6);
	});
});

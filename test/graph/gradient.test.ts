import * as tf from '@tensorflow/tfjs';
import {
	add,
	concat,
	div,
	exp,
	gelu,
	gradients,
	Graph,
	hookGradient,
	mul,
	neg,
	pad,
	reduceMax,
	reshape,
	scale,
	softmax,
	square,
	stopGradient,
	sub,
	sumAll,
	sumSquareAll,
	tanh,
	withGradient,
	type Tensor,
} from '../../src/graph';
import { emitOne } from '../../src/graph/graph';
import { createRandom } from '../../src/random';
import { evaluate } from '../support/interpreter';
import { expectClose, FLOAT32_TOLERANCE, sampleArray } from '../support/operatorChecks';
import { refusalOf } from '../support/refusals';
import { floats, runGraph } from '../support/run';

/** Values of a gradient, in float64. */
function valuesOf(slope: Tensor | null, x: Tensor, data: readonly number[]): number[] {
	if (!slope) throw new Error('No gradient arrived');
	return [...evaluate(x.graph, [slope], new Map([[x, data]]))[0].data];
}

describe('reverse mode', () => {
	test('sums the gradients of all paths', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		// x^2 + 3x + e^x
		const [slope] = gradients(sumAll(add(add(square(x), scale(x, 3)), exp(x))), [x]);
		expectClose(valuesOf(slope, x, [0, 1]), [4, 5 + Math.E], 1e-12);
	});

	test('of a random tangle agrees with TensorFlow.js', async () => {
		const shape = [3, 4];
		const random = createRandom(11);
		for (let round = 0; round < 3; round++) {
			const recipe = Array.from({ length: 15 }, () => [
				random.integer(5),
				random.next(),
				random.next(),
			]);
			const data = [sampleArray(random, shape), sampleArray(random, shape)];
			const graph = new Graph();
			const inputs = data.map((_, i) => graph.input(`x${i}`, 'float32', shape));
			const loss = sumAll(tangle(inputs, recipe, { add, sub, mul, tanh, softmax }));
			gradients(loss, inputs).forEach((slope, i) => {
				graph.output(`slope${i}`, slope!);
			});
			const results = await runGraph(graph, { x0: floats(data[0], shape), x1: floats(data[1], shape) });
			const { add: tfAdd, sub: tfSub, mul: tfMul, tanh: tfTanh, softmax: tfSoftmax } = tf;
			const operators = { add: tfAdd, sub: tfSub, mul: tfMul, tanh: tfTanh, softmax: tfSoftmax };
			tf.grads((...x) => tf.sum(tangle(x, recipe, operators)))(
				data.map((values) => tf.tensor(values, [3, 4])),
			).forEach((slope, i) => {
				expectClose(results[`slope${i}`].data as Float32Array, slope.dataSync(), FLOAT32_TOLERANCE);
			});
		}
	});

	test('of an intermediate value stops there', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const middle = exp(x);
		const [ofMiddle, ofX] = gradients(sumSquareAll(middle), [middle, x]);
		expectClose(valuesOf(ofMiddle, x, [0, 1]), [2, 2 * Math.E], 1e-12);
		expectClose(valuesOf(ofX, x, [0, 1]), [2, 2 * Math.E ** 2], 1e-12);
	});

	test('of the value itself is 1', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', []);
		expect(valuesOf(gradients(x, [x])[0], x, [7])).toEqual([1]);
	});

	test('of a target that is not reached is null', () => {
		const graph = new Graph();
		const [x, unused] = [graph.input('x', 'float32', [2]), graph.input('unused', 'float32', [2])];
		exp(unused);
		const later = neg(x);
		const [ofX, ofUnused, ofLater, ofMax] = gradients(sumAll(add(x, stopGradient(unused))), [
			x,
			unused,
			later,
			reduceMax(x, [0]),
		]);
		expect(ofX).not.toBeNull();
		expect([ofUnused, ofLater, ofMax]).toEqual([null, null, null]);
	});

	test('of a target named twice is the same twice', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const [first, second] = gradients(sumAll(exp(x)), [x, x]);
		expect(first).toBe(second);
	});

	test('can be taken again for other targets', () => {
		const graph = new Graph();
		const [x, y] = [graph.input('x', 'float32', [2]), graph.input('y', 'float32', [2])];
		const loss = sumAll(mul(exp(x), y));
		const [ofX] = gradients(loss, [x]);
		const [ofY] = gradients(loss, [y]);
		expect(gradients(loss, [x, y])).toEqual([ofX, ofY]);
	});

	test('applied twice gives second derivatives of smooth operators', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [3]);
		const at = [-1.2, 0.1, 0.9];
		const second = (y: Tensor): number[] => {
			const [slope] = gradients(sumAll(y), [x]);
			return valuesOf(gradients(sumAll(slope!), [x])[0], x, at);
		};
		expectClose(
			second(tanh(x)),
			at.map((v) => -2 * Math.tanh(v) * (1 - Math.tanh(v) ** 2)),
			1e-7,
		);
		// GELU'' = phi(x) (2 - x^2)
		const density = (v: number): number => Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI);
		expectClose(
			second(gelu(x)),
			at.map((v) => density(v) * (2 - v * v)),
			1e-6,
		);
	});

	test.each([[[1]], [[2, 3]]])('of a value of shape %j is refused', (shape) => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', shape);
		const refusal = refusalOf(() => gradients(exp(x), [x]));
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe(
			`gradients: the differentiated value must be a scalar, got [${shape.join(', ')}]`,
		);
	});
});

describe('gradients given by hand', () => {
	test('stopGradient keeps the value and cuts the gradient', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const [slope] = gradients(sumAll(mul(x, stopGradient(x))), [x]);
		expect(valuesOf(slope, x, [3, 5])).toEqual([3, 5]);
		expect(gradients(sumAll(stopGradient(exp(x))), [x])).toEqual([null]);
	});

	test('hookGradient keeps the value and changes the gradient, once per call', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const times = (factor: number) => (y: Tensor) => hookGradient(y, (g) => scale(g, factor));
		const y = mul(times(10)(x), times(100)(x));
		const [slope] = gradients(sumAll(y), [x]);
		expect(valuesOf(slope, x, [3, 5])).toEqual([330, 550]);
		expect([...evaluate(graph, [y], new Map([[x, [3, 5]]]))[0].data]).toEqual([9, 25]);
	});

	test('a hook sees the complete gradient of its tensor', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [1]);
		const hooked = hookGradient(x, square);
		// Three paths of slope 1: (1 + 1 + 1)^2, not 1 + 1 + 1.
		const [slope] = gradients(sumAll(add(add(hooked, hooked), reshape(reshape(hooked, []), [1]))), [x]);
		expect(valuesOf(slope, x, [7])).toEqual([9]);
	});

	test('withGradient replaces the rule of the operators that made the value', () => {
		const graph = new Graph();
		const [x, z] = [graph.input('x', 'float32', [2]), graph.input('z', 'float32', [2])];
		const y = withGradient(exp(x), [x, z], (g) => [scale(g, 5), scale(g, 7)]);
		const slopes = gradients(sumAll(y), [x, z]);
		expect(slopes.map((slope) => valuesOf(slope, x, [3, 4]))).toEqual([
			[5, 5],
			[7, 7],
		]);
	});

	test('withGradient may let nothing flow into an operand', () => {
		const graph = new Graph();
		const [x, z] = [graph.input('x', 'float32', [2]), graph.input('z', 'float32', [2])];
		const slopes = gradients(sumAll(withGradient(div(x, z), [x, z], (g) => [g, null])), [x, z]);
		expect(slopes[0]).not.toBeNull();
		expect(slopes[1]).toBeNull();
	});

	test.each([
		['a hook', (x: Tensor) => hookGradient(x, (g) => pad(g, 0, 0, 1)), 'input 0'],
		['a replaced rule', (x: Tensor) => withGradient(exp(x), [x], (g) => [concat([g, g], 0)]), 'input 1'],
	])('%s that gives another shape is refused', (_, operator, slot) => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const refusal = refusalOf(() => gradients(sumAll(operator(x)), [x]));
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toMatch(
			`Identity: the gradient of ${slot} must have the input's shape, got [2] and [`,
		);
	});

	test('an operator whose rule gives a wrong shape is named', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const y = emitOne(graph, {
			opType: 'Odd',
			inputs: [x],
			outputs: [x],
			gradient: ([g]) => [g && reshape(g, [2, 1])],
		});
		const refusal = refusalOf(() => gradients(sumAll(y), [x]));
		expect(refusal.message).toBe(
			"Odd: the gradient of input 0 must have the input's shape, got [2] and [2, 1]",
		);
	});

	test('an operator whose rule forgets an operand is named', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const y = emitOne(graph, { opType: 'Odd', inputs: [x, x], outputs: [x], gradient: ([g]) => [g] });
		const refusal = refusalOf(() => gradients(sumAll(y), [x]));
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe('Odd: its gradient rule covers 1 of 2 inputs');
	});
});

interface TangleOperators<T> {
	readonly add: (a: T, b: T) => T;
	readonly sub: (a: T, b: T) => T;
	readonly mul: (a: T, b: T) => T;
	readonly tanh: (a: T) => T;
	readonly softmax: (a: T) => T;
}

/** Every step combines two values made so far; the last value depends on many of them along many paths. */
function tangle<T>(inputs: readonly T[], recipe: readonly number[][], operators: TangleOperators<T>): T {
	const made = [...inputs];
	for (const [operator, first, second] of recipe) {
		const a = made[Math.floor(first * made.length)];
		const b = made[Math.floor(second * made.length)];
		made.push(
			[
				() => operators.add(a, b),
				() => operators.sub(a, b),
				() => operators.mul(operators.tanh(a), b),
				() => operators.tanh(a),
				() => operators.softmax(a),
			][operator](),
		);
	}
	return made.reduce((sum, value) => operators.add(sum, value));
}

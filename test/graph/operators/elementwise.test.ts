import * as tf from '@tensorflow/tfjs';
import {
	add,
	div,
	eluPlusOne,
	erf,
	exp,
	gradients,
	Graph,
	greaterOrEqual,
	maximum,
	minimum,
	mul,
	neg,
	offset,
	reciprocal,
	relu,
	scale,
	sqrt,
	square,
	sub,
	tanh,
	toFloat32,
	where,
	type Tensor,
} from '../../../src/graph';
import type { Random } from '../../../src/random';
import {
	broadcastingShapes,
	describeOperator,
	describeValue,
	randomShape,
	type Trial,
} from '../../support/operatorChecks';
import { refusalOf } from '../../support/refusals';
import { runGraph, scalar } from '../../support/run';

type Binary<T> = (a: T, b: T) => T;
type Unary<T> = (x: T) => T;

/** Away from zero, so that dividing by it keeps float32 accurate. */
const awayFromZero = (random: Random): number =>
	(random.integer(2) === 0 ? -1 : 1) * (0.5 + 2 * random.next());
const positive = (random: Random): number => 0.3 + 2 * random.next();

function binary(ours: Binary<Tensor>, theirs: Binary<tf.Tensor>, sample?: (random: Random) => number) {
	return (random: Random): Trial => ({ shapes: broadcastingShapes(random), ours, theirs, sample });
}

/** TensorFlow.js does not sum the gradients of these over broadcast axes, so its operands are broadcast before. */
function broadcastFirst(f: Binary<tf.Tensor>): Binary<tf.Tensor> {
	return (a, b) => {
		const { shape } = tf.add(a, b);
		return f(tf.broadcastTo(a, shape), tf.broadcastTo(b, shape));
	};
}

function unary(ours: Unary<Tensor>, theirs: Unary<tf.Tensor>, sample?: (random: Random) => number) {
	return (random: Random): Trial => ({
		shapes: [randomShape(random, random.integer(4))],
		ours,
		theirs,
		sample,
	});
}

describeOperator('add', binary(add, tf.add), { trials: 8 });
describeOperator('sub', binary(sub, tf.sub), { trials: 8 });
describeOperator('mul', binary(mul, tf.mul), { trials: 8 });
describeOperator('div', binary(div, tf.div, awayFromZero), { trials: 8 });
describeOperator('maximum', binary(maximum, broadcastFirst(tf.maximum)), { trials: 8 });
describeOperator('minimum', binary(minimum, broadcastFirst(tf.minimum)), { trials: 8 });
describeOperator('neg', unary(neg, tf.neg));
describeOperator('exp', unary(exp, tf.exp));
describeOperator('sqrt', unary(sqrt, tf.sqrt, positive));
describeOperator('reciprocal', unary(reciprocal, tf.reciprocal, awayFromZero));
describeOperator('tanh', unary(tanh, tf.tanh));
describeOperator('relu', unary(relu, tf.relu));
describeOperator('erf', unary(erf, tf.erf));
describeOperator('square', unary(square, tf.square));
describeOperator(
	'scale',
	unary(
		(x) => scale(x, -1.75),
		(x) => tf.mul(x, -1.75),
	),
);
describeOperator(
	'offset',
	unary(
		(x) => offset(x, 0.25),
		(x) => tf.add(x, 0.25),
	),
);
describeOperator(
	'eluPlusOne',
	unary(eluPlusOne, (x) => tf.add(tf.elu(x), 1)),
);

describeOperator(
	'mul of a tensor with itself',
	unary((x) => mul(x, x), tf.square),
);

/** Bounds as one row each of the last axis: clamping built from maximum and minimum. */
describeOperator('rowwise clamp', (random) => {
	const shape = randomShape(random, 2);
	return {
		shapes: [shape, [shape[0], 1]],
		ours: (x, bound) => minimum(maximum(x, neg(bound)), bound),
		theirs: (x, bound) => broadcastFirst(tf.minimum)(broadcastFirst(tf.maximum)(x, tf.neg(bound)), bound),
		sample: positive,
	};
});

describeOperator(
	'where',
	(random) => ({
		shapes: broadcastingShapes(random, 3),
		// No gradient flows through a condition; the added zeros give its operand one.
		ours: (c, x, y) => add(where(greaterOrEqual(c, c.graph.scalar(0)), x, y), scale(c, 0)),
		theirs: (c, x, y) => {
			const { shape } = tf.add(tf.add(x, y), c);
			const [whole, left, right] = [c, x, y].map((operand) => tf.broadcastTo(operand, shape));
			return tf.add(tf.where(tf.greaterEqual(whole, 0), left, right), tf.mul(c, 0));
		},
	}),
	{ trials: 8 },
);

describeValue('greaterOrEqual', (random) => ({
	shapes: broadcastingShapes(random),
	ours: greaterOrEqual,
	theirs: (a, b) => tf.greaterEqual(a, b),
	// Few values, so that many are equal.
	sample: (r) => r.integer(3),
}));

test.each([
	['maximum', maximum],
	['minimum', minimum],
])('at a tie %s gives its whole gradient to the first operand', async (_, operator) => {
	const graph = new Graph();
	const [a, b] = [graph.input('a', 'float32', []), graph.input('b', 'float32', [])];
	gradients(operator(a, b), [a, b]).forEach((slope, i) => {
		graph.output(`slope${i}`, slope!);
	});
	const { slope0, slope1 } = await runGraph(graph, { a: scalar(2), b: scalar(2) });
	expect([slope0.data[0], slope1.data[0]]).toEqual([1, 0]);
});

test('toFloat32 reads float16 bit patterns and bytes exactly', async () => {
	const graph = new Graph();
	graph.output('half', toFloat32(graph.input('bits', 'float16', [4])));
	graph.output('whole', toFloat32(graph.input('bytes', 'uint8', [3])));
	const { half, whole } = await runGraph(graph, {
		// 1, -2, the smallest subnormal 2^-24, the largest finite value.
		bits: { dtype: 'float16', shape: [4], data: Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff) },
		bytes: { dtype: 'uint8', shape: [3], data: Uint8Array.of(0, 1, 255) },
	});
	expect([...half.data]).toEqual([1, -2, 2 ** -24, 65504]);
	expect([...whole.data]).toEqual([0, 1, 255]);
});

test('toFloat32, scale by 1 and offset by 0 add no node', () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2]);
	expect([toFloat32(x), scale(x, 1), offset(x, 0)]).toEqual([x, x, x]);
	expect(graph.nodes).toHaveLength(0);
});

describe('rules', () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2, 3]);
	const y = graph.input('y', 'float32', [2]);
	const bytes = graph.input('bytes', 'uint8', [2, 3]);
	const mask = graph.input('mask', 'bool', [2, 3]);

	test.each([
		['Add', () => add(x, y)],
		['Sub', () => sub(x, y)],
		['Mul', () => mul(x, y)],
		['Div', () => div(x, y)],
		['Max', () => maximum(x, y)],
		['Min', () => minimum(x, y)],
		['GreaterOrEqual', () => greaterOrEqual(x, y)],
		['Where', () => where(mask, x, y)],
	])('%s refuses shapes that do not broadcast', (operator, call) => {
		const { code, message } = refusalOf(call);
		expect(code).toBe('GRAPH_SHAPE');
		expect(message).toBe(`${operator}: trailing extents must be equal or 1, got [2, 3] and [2]`);
	});

	test('Where refuses a condition that does not broadcast', () => {
		const narrow = graph.input('narrow', 'bool', [2]);
		expect(refusalOf(() => where(narrow, x, x)).message).toBe(
			'Where: trailing extents must be equal or 1, got [2] and [2, 3]',
		);
	});

	test('Where refuses a condition that is not bool', () => {
		expect(refusalOf(() => where(x, x, x)).message).toBe(
			'Where: the condition must be bool, not float32, got [2, 3]',
		);
	});

	test.each([
		['Add', () => add(x, bytes)],
		['GreaterOrEqual', () => greaterOrEqual(x, bytes)],
		['Where', () => where(mask, x, bytes)],
	])('%s refuses operands of two types', (operator, call) => {
		expect(refusalOf(call).message).toBe(
			`${operator}: operands must have one type, not float32 and uint8, got [2, 3] and [2, 3]`,
		);
	});
});

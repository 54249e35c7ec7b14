import * as tf from '@tensorflow/tfjs';
import { gemm, Graph, linear, matmul, sumRows, swapLast } from '../../../src/graph';
import { broadcastingShapes, describeOperator, randomShape } from '../../support/operatorChecks';
import { refusalOf } from '../../support/refusals';

describeOperator(
	'matmul with broadcast batches',
	(random) => {
		const [rows, inner, columns] = randomShape(random, 3);
		const [batchA, batchB] = broadcastingShapes(random).map((shape) => shape.slice(-2));
		const repeat = (x: tf.Tensor, batch: number[]): tf.Tensor =>
			tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
		const { shape: batch } = tf.add(tf.zeros(batchA), tf.zeros(batchB));
		return {
			shapes: [
				[...batchA, rows, inner],
				[...batchB, inner, columns],
			],
			ours: matmul,
			// TensorFlow.js does not sum the gradients of a product over broadcast batches.
			theirs: (a, b) => tf.matMul(repeat(a, batch), repeat(b, batch)),
		};
	},
	{ trials: 12 },
);

const VARIANTS = [0, 1, 2, 3].map((bits) => ({ transposeA: (bits & 1) !== 0, transposeB: (bits & 2) !== 0 }));

describe.each(VARIANTS)('gemm %o', ({ transposeA, transposeB }) => {
	describeOperator(
		'with an addend of any shape that broadcasts, and a factor',
		(random) => {
			const [rows, inner, columns] = randomShape(random, 3);
			const addends = [[], [1], [columns], [1, columns], [rows, 1], [rows, columns]];
			const alpha = 2 * random.next() - 1;
			return {
				shapes: [
					transposeA ? [inner, rows] : [rows, inner],
					transposeB ? [columns, inner] : [inner, columns],
					addends[random.integer(addends.length)],
				],
				ours: (a, b, c) => gemm(a, b, c, { transposeA, transposeB, alpha }),
				theirs: (a, b, c) => tf.add(tf.mul(tf.matMul(a, b, transposeA, transposeB), alpha), c),
			};
		},
		{ trials: 10 },
	);

	describeOperator('without an addend', (random) => {
		const [rows, inner, columns] = randomShape(random, 3);
		return {
			shapes: [
				transposeA ? [inner, rows] : [rows, inner],
				transposeB ? [columns, inner] : [inner, columns],
			],
			ours: (a, b) => gemm(a, b, null, { transposeA, transposeB }),
			theirs: (a, b) => tf.matMul(a, b, transposeA, transposeB),
		};
	});
});

describeOperator('linear', (random) => {
	const [rows, inner, columns] = randomShape(random, 3);
	return {
		shapes: [[rows, inner], [columns, inner], [columns]],
		ours: linear,
		theirs: (x, weight, bias) => tf.add(tf.matMul(x, weight, false, true), bias),
	};
});

describe.each([
	['more outputs than inputs', 1, 3],
	['more inputs than outputs', 3, 1],
])('linear on so many rows that its weight gradient takes a transposed copy, %s', (_, inner, columns) => {
	describeOperator(
		'with a bias',
		() => ({
			shapes: [[1030, inner], [columns, inner], [columns]],
			ours: linear,
			theirs: (x, weight, bias) => tf.add(tf.matMul(x, weight, false, true), bias),
		}),
		{ trials: 1 },
	);
});

describe.each([
	['blocks of rows', 8200],
	['one piece, for want of a divisor', 8209],
])('linear on so many rows that the product is computed in %s', (_, rows) => {
	describeOperator(
		'with a bias',
		() => ({
			shapes: [[rows, 2], [3, 2], [3]],
			ours: linear,
			theirs: (x, weight, bias) => tf.add(tf.matMul(x, weight, false, true), bias),
		}),
		{ trials: 1, differences: false },
	);
});

test('a tall product with a constant matrix stays one product, whose matrix is packed once', () => {
	const graph = new Graph();
	const weights = graph.constant(new Float32Array(6), [3, 2]);
	linear(graph.input('x', 'float32', [8200, 2]), weights, null);
	expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Gemm']);
});

describeOperator('sumRows', (random) => ({
	shapes: [randomShape(random, 2)],
	ours: sumRows,
	theirs: (x) => tf.sum(x, 0, true),
}));

describeOperator('swapLast', (random) => {
	const rank = 2 + random.integer(3);
	const order = Array.from({ length: rank }, (_, axis) => axis);
	[order[rank - 2], order[rank - 1]] = [rank - 1, rank - 2];
	return { shapes: [randomShape(random, rank)], ours: swapLast, theirs: (x) => tf.transpose(x, order) };
});

describe('rules', () => {
	const graph = new Graph();
	const input = (name: string, ...shape: number[]) => graph.input(name, 'float32', shape);
	const [a, b, vector] = [input('a', 2, 3), input('b', 4, 5), input('vector', 3)];
	const [stack, other] = [input('stack', 2, 2, 3), input('other', 3, 3, 2)];
	const half = graph.input('half', 'float16', [3, 2]);
	const fits = input('fits', 3, 2);

	test.each([
		[
			'MatMul: columns of the first must equal rows of the second, got [2, 3] and [4, 5]',
			() => matmul(a, b),
		],
		[
			'MatMul: columns of the first must equal rows of the second, got [2, 3] and [3]',
			() => matmul(a, vector),
		],
		['MatMul: trailing extents must be equal or 1, got [2] and [3]', () => matmul(stack, other)],
		[
			'MatMul: operands must have one type, not float32 and float16, got [2, 3] and [3, 2]',
			() => matmul(a, half),
		],
		['Gemm: columns of the first must equal rows of the second, got [2, 3] and [4, 5]', () => gemm(a, b)],
		[
			'Gemm: columns of the first must equal rows of the second, got [3, 2] and [2, 3]',
			() => linear(fits, a, null),
		],
		['MatMul: the rows of a matrix are summed, got [2, 2, 3]', () => sumRows(stack)],
		['Gemm: two matrices are needed, got [2, 2, 3] and [3, 2]', () => gemm(stack, fits)],
		['Gemm: trailing extents must be equal or 1, got [3] and [2, 2]', () => gemm(a, fits, vector)],
		[
			'Gemm: the addend must broadcast to the product, got [3, 3, 2] and [1, 2]',
			() => gemm(input('row', 1, 3), fits, other),
		],
		[
			'Gemm: operands must have one type, not float32 and float16, got [2, 3] and [3, 2]',
			() => gemm(a, half),
		],
		[
			'Gemm: operands must have one type, not float32 and float16, got [2, 3] and [3, 2]',
			() => gemm(a, fits, half),
		],
	])('%s', (message, call) => {
		const refusal = refusalOf(call);
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe(message);
	});

	test('swapLast of a vector is refused', () => {
		expect(refusalOf(() => swapLast(vector)).message).toBe(
			'Transpose: the order [-1] must name every axis once, got [3]',
		);
	});
});

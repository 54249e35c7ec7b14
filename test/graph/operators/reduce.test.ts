import * as tf from '@tensorflow/tfjs';
import {
	expand,
	Graph,
	reduceMax,
	reduceMean,
	reduceSum,
	reduceSumSquare,
	sumAll,
	sumSquareAll,
	topK,
	type Tensor,
} from '../../../src/graph';
import type { Random } from '../../../src/random';
import { describeOperator, describeValue, randomShape, type Trial } from '../../support/operatorChecks';
import { refusalOf } from '../../support/refusals';

type Reduction<T> = (x: T, axes: number[]) => T;

function reduction(ours: Reduction<Tensor>, theirs: Reduction<tf.Tensor>) {
	return (random: Random): Trial & { theirs: (x: tf.Tensor) => tf.Tensor } => {
		const rank = 1 + random.integer(4);
		const all = random.shuffle(Array.from({ length: rank }, (_, axis) => axis));
		const axes = all
			.slice(0, 1 + random.integer(rank))
			.map((axis) => (random.integer(2) === 0 ? axis : axis - rank));
		return {
			shapes: [randomShape(random, rank)],
			ours: (x) => ours(x, axes),
			theirs: (x) => theirs(x, axes),
		};
	};
}

describeOperator(
	'reduceSum',
	reduction(reduceSum, (x, axes) => tf.sum(x, axes, true)),
	{ trials: 8 },
);
describeOperator(
	'reduceMean',
	reduction(reduceMean, (x, axes) => tf.mean(x, axes, true)),
	{ trials: 8 },
);
describeOperator(
	'reduceSumSquare',
	reduction(reduceSumSquare, (x, axes) => tf.sum(tf.square(x), axes, true)),
	{ trials: 8 },
);
describeValue(
	'reduceMax',
	reduction(reduceMax, (x, axes) => tf.max(x, axes, true)),
);

/** Rank 0 included: a scalar's sum of squares is its square. */
function whole(ours: (x: Tensor) => Tensor, theirs: (x: tf.Tensor) => tf.Tensor) {
	let rank = 0;
	return (random: Random): Trial => ({ shapes: [randomShape(random, rank++ % 4)], ours, theirs });
}

describeOperator(
	'sumAll',
	whole(sumAll, (x) => tf.sum(x)),
);
describeOperator(
	'sumSquareAll',
	whole(sumSquareAll, (x) => tf.sum(tf.square(x))),
);

describeOperator('expand', (random) => {
	const shape = randomShape(random, 3);
	const from = shape.map((extent) => (random.integer(2) === 0 ? 1 : extent));
	return { shapes: [from], ours: (x) => expand(x, shape), theirs: (x) => tf.broadcastTo(x, shape) };
});

describeValue('topK', (random) => {
	const length = 1 + random.integer(9);
	const count = 1 + random.integer(length);
	return { shapes: [[length]], ours: (x) => topK(x, count), theirs: (x) => tf.topk(x, count).values };
});

test('a reduction over no axis is the operand, or its square', () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2]);
	expect([reduceSum(x, []), reduceMean(x, []), reduceMax(x, [])]).toEqual([x, x, x]);
	expect(reduceSumSquare(x, []).node?.opType).toBe('Mul');
});

test('the order in which axes are named makes no second node', () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2, 3, 4]);
	expect(reduceSum(x, [2, 0])).toBe(reduceSum(x, [0, -1]));
});

describe('rules', () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2, 3]);
	const row = graph.input('row', 'float32', [3]);

	test.each([
		['ReduceSum', reduceSum],
		['ReduceMean', reduceMean],
		['ReduceMax', reduceMax],
		['ReduceSumSquare', reduceSumSquare],
	])('%s refuses axes outside the rank and axes named twice', (operator, reduce) => {
		expect(refusalOf(() => reduce(x, [2])).message).toBe(
			`${operator}: axis 2 must lie inside the rank 2, got [2, 3]`,
		);
		expect(refusalOf(() => reduce(x, [0.5])).message).toBe(
			`${operator}: axis 0.5 must lie inside the rank 2, got [2, 3]`,
		);
		expect(refusalOf(() => reduce(x, [1, -1])).message).toBe(
			`${operator}: axes [1, -1] must be distinct, got [2, 3]`,
		);
	});

	test.each([
		[
			'TopK: a whole count from 1 to the length of a vector is needed, not 4, got [3]',
			() => topK(row, 4),
		],
		[
			'TopK: a whole count from 1 to the length of a vector is needed, not 0, got [3]',
			() => topK(row, 0),
		],
		[
			'TopK: a whole count from 1 to the length of a vector is needed, not 1.5, got [3]',
			() => topK(row, 1.5),
		],
		[
			'TopK: a whole count from 1 to the length of a vector is needed, not 1, got [2, 3]',
			() => topK(x, 1),
		],
		[
			'Expand: ranks must be equal and every extent 1 or that of the target, got [3] and [2, 3]',
			() => expand(row, [2, 3]),
		],
		[
			'Expand: ranks must be equal and every extent 1 or that of the target, got [2, 3] and [4, 3]',
			() => expand(x, [4, 3]),
		],
	])('%s', (message, call) => {
		const refusal = refusalOf(call);
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe(message);
	});
});

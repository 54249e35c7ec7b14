import * as tf from '@tensorflow/tfjs';
import { add, concat, gather, Graph, pad, reshape, scale, slice, split, transpose } from '../../../src/graph';
import { createRandom } from '../../../src/random';
import { describeOperator, expectClose, randomShape, sampleArray } from '../../support/operatorChecks';
import { refusalOf } from '../../support/refusals';
import { floats, runGraph } from '../../support/run';

describeOperator('reshape', (random) => {
	const [rows, columns, depth] = randomShape(random, 3);
	const shape = [[columns * rows * depth], [columns, rows * depth], [1, rows, depth * columns, 1]][
		random.integer(3)
	];
	return {
		shapes: [[rows, columns, depth]],
		ours: (x) => reshape(x, shape),
		theirs: (x) => tf.reshape(x, shape),
	};
});

describeOperator(
	'transpose',
	(random) => {
		const rank = 2 + random.integer(3);
		const order = random.shuffle(Array.from({ length: rank }, (_, axis) => axis));
		return {
			shapes: [randomShape(random, rank)],
			ours: (x) => transpose(x, order),
			theirs: (x) => tf.transpose(x, order),
		};
	},
	{ trials: 8 },
);

describeOperator('slice', (random) => {
	const shape = randomShape(random, 3).map((extent) => extent + 2);
	const axis = random.integer(3);
	const start = random.integer(shape[axis]);
	const end = start + 1 + random.integer(shape[axis] - start);
	return {
		shapes: [shape],
		ours: (x) => slice(x, random.integer(2) === 0 ? axis : axis - 3, start, end),
		theirs: (x) => {
			const from = shape.map((_, i) => (i === axis ? start : 0));
			return tf.slice(
				x,
				from,
				shape.map((extent, i) => (i === axis ? end - start : extent)),
			);
		},
	};
});

describeOperator('split', (random) => {
	const axis = random.integer(3);
	const count = 2 + random.integer(2);
	const shape = randomShape(random, 3).map((extent, i) => (i === axis ? extent * count : extent));
	// All parts, and then all but the second: where no gradient comes back, it is zero.
	const used = random.integer(2) === 0 ? [0, 1, count - 1] : [0, count - 1];
	return {
		shapes: [shape],
		ours: (x) => {
			const parts = split(x, random.integer(2) === 0 ? axis : axis - 3, count);
			return used.map((k, i) => scale(parts[k], i + 1)).reduce((sum, part) => add(sum, part));
		},
		theirs: (x) => {
			const parts = tf.split(x, count, axis);
			return used
				.map((k, i) => tf.mul(parts[k], i + 1))
				.reduce((sum: tf.Tensor, part) => tf.add(sum, part));
		},
	};
});

describeOperator('pad', (random) => {
	const shape = randomShape(random, 3);
	const axis = random.integer(3);
	const [before, after] = [random.integer(3), random.integer(3)];
	return {
		shapes: [shape],
		ours: (x) => pad(x, axis, before, after),
		theirs: (x) =>
			tf.pad(
				x,
				shape.map((_, i) => (i === axis ? [before, after] : [0, 0])),
			),
	};
});

describeOperator('concat', (random) => {
	const shape = randomShape(random, 3);
	const axis = random.integer(3);
	const shapes = Array.from({ length: 1 + random.integer(3) }, () =>
		shape.map((extent, i) => (i === axis ? 1 + random.integer(4) : extent)),
	);
	return {
		shapes,
		ours: (...parts) => concat(parts, random.integer(2) === 0 ? axis : axis - 3),
		theirs: (...parts) => tf.concat(parts, axis),
	};
});

describeOperator('concat of a tensor with itself', () => ({
	shapes: [[2, 3]],
	ours: (x) => concat([x, x, x], 1),
	theirs: (x) => tf.concat([x, x, x], 1),
}));

test('gather takes the element that an index given at run time names', async () => {
	const data = sampleArray(createRandom(1), [4, 2, 3]);
	for (const i of [0, 3]) {
		const graph = new Graph();
		graph.output('y', gather(graph.input('x', 'float32', [4, 2, 3]), graph.input('i', 'int64', [])));
		const { y } = await runGraph(graph, {
			x: floats(data, [4, 2, 3]),
			i: { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(i)) },
		});
		expect(y.shape).toEqual([2, 3]);
		expectClose(y.data as Float32Array, tf.gather(tf.tensor(data, [4, 2, 3]), i).dataSync(), 0);
	}
});

test('rearranging into the same arrangement adds no node', () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2, 3]);
	expect([
		reshape(x, [2, 3]),
		transpose(x, [0, 1]),
		slice(x, 1, 0, 3),
		pad(x, 0, 0, 0),
		concat([x], 0),
	]).toEqual([x, x, x, x, x]);
	expect(graph.nodes).toHaveLength(0);
});

describe('rules', () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2, 3]);
	const bytes = graph.input('bytes', 'uint8', [2, 3]);
	const index = graph.input('index', 'int64', []);
	const one = graph.scalar(1);

	test.each([
		[
			'Reshape: both shapes must have the same number of elements, got [2, 3] and [5]',
			() => reshape(x, [5]),
		],
		['Transpose: the order [0] must name every axis once, got [2, 3]', () => transpose(x, [0])],
		['Transpose: the order [0, 0] must name every axis once, got [2, 3]', () => transpose(x, [0, 0])],
		['Transpose: the order [1, 2] must name every axis once, got [2, 3]', () => transpose(x, [1, 2])],
		['Slice: 1 to 4 must be a part of axis 1, got [2, 3]', () => slice(x, 1, 1, 4)],
		['Slice: -1 to 2 must be a part of axis 1, got [2, 3]', () => slice(x, 1, -1, 2)],
		['Slice: 2 to 2 must be a part of axis 1, got [2, 3]', () => slice(x, -1, 2, 2)],
		['Slice: 0.5 to 2 must be a part of axis 1, got [2, 3]', () => slice(x, 1, 0.5, 2)],
		['Split: axis 1 must divide into 2 equal parts, got [2, 3]', () => split(x, 1, 2)],
		['Split: axis 0 must divide into 0 equal parts, got [2, 3]', () => split(x, 0, 0)],
		['Slice: axis 2 must lie inside the rank 2, got [2, 3]', () => slice(x, 2, 0, 1)],
		['Pad: amounts must be whole and not negative (-1, 0), got [2, 3]', () => pad(x, 0, -1, 0)],
		['Pad: amounts must be whole and not negative (0, 1.5), got [2, 3]', () => pad(x, 0, 0, 1.5)],
		['Pad: axis -3 must lie inside the rank 2, got [2, 3]', () => pad(x, -3, 0, 1)],
		['Concat: at least one tensor is needed, got none', () => concat([], 0)],
		[
			'Concat: extents other than axis 0 must be equal, got [2, 3] and [2, 4]',
			() => concat([x, pad(x, 1, 0, 1)], 0),
		],
		[
			'Concat: extents other than axis 0 must be equal, got [2, 3] and [6]',
			() => concat([x, reshape(x, [6])], 0),
		],
		[
			'Concat: operands must have one type, not float32 and uint8, got [2, 3] and [2, 3]',
			() => concat([x, bytes], 0),
		],
		['Concat: axis 2 must lie inside the rank 2, got [2, 3]', () => concat([x, x], 2)],
		['Gather: the index must be an int64 scalar, got []', () => gather(x, one)],
		['Gather: the index must be an int64 scalar, got [1]', () => gather(x, graph.integers([0]))],
		['Gather: a tensor with at least one axis is needed, got []', () => gather(one, index)],
	])('%s', (message, call) => {
		const refusal = refusalOf(call);
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe(message);
	});
});

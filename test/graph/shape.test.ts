import {
	broadcastAxes,
	broadcastShape,
	normaliseAxis,
	sameShape,
	shapeError,
	sizeOf,
} from '../../src/graph/shape';
import { refusalOf } from '../support/refusals';

test('a scalar has one element, an empty axis none', () => {
	expect([sizeOf([]), sizeOf([2, 3]), sizeOf([2, 0])]).toEqual([1, 6, 0]);
});

test('shapes are the same when rank and extents are', () => {
	expect([sameShape([], []), sameShape([2], [2]), sameShape([2], [3]), sameShape([2], [2, 1])]).toEqual([
		true,
		true,
		false,
		false,
	]);
});

// Results as NumPy 2 gives them (numpy.broadcast_shapes).
test.each([
	[[], [], []],
	[[], [2, 3], [2, 3]],
	[[3], [2, 3], [2, 3]],
	[[2, 1], [3], [2, 3]],
	[
		[4, 1, 3],
		[2, 1],
		[4, 2, 3],
	],
	[[0], [1], [0]],
	[[2, 0], [1], [2, 0]],
])('%j and %j broadcast to %j', (a, b, expected) => {
	expect(broadcastShape('Add', a, b)).toEqual(expected);
	expect(broadcastShape('Add', b, a)).toEqual(expected);
});

test.each([
	[[2], [3]],
	[[0], [2]],
	[[2, 3], [2]],
])('%j and %j do not broadcast', (a, b) => {
	const { code, message } = refusalOf(() => broadcastShape('Add', a, b));
	expect(code).toBe('GRAPH_SHAPE');
	expect(message).toBe(
		`Add: trailing extents must be equal or 1, got [${a.join(', ')}] and [${b.join(', ')}]`,
	);
});

test.each([
	[[3], [2, 3], [0]],
	[[1, 3], [2, 3], [0]],
	[[1, 3], [1, 3], []],
	[[1], [4, 2, 3], [0, 1, 2]],
	[[], [4, 2], [0, 1]],
	[
		[2, 1, 3],
		[5, 2, 4, 3],
		[0, 2],
	],
])('%j repeats to %j along the axes %j', (from, shape, axes) => {
	expect(broadcastAxes(from, shape)).toEqual(axes);
});

test('negative axes count from the end', () => {
	expect([
		normaliseAxis('Sum', 0, [2, 3]),
		normaliseAxis('Sum', -1, [2, 3]),
		normaliseAxis('Sum', -2, [2, 3]),
	]).toEqual([0, 1, 0]);
});

test.each([2, -3, 0.5, NaN])('axis %d of a matrix is refused', (axis) => {
	expect(refusalOf(() => normaliseAxis('Sum', axis, [2, 3])).message).toBe(
		`Sum: axis ${axis} must lie inside the rank 2, got [2, 3]`,
	);
});

test('an error names the operator, its rule and every shape', () => {
	const { code, message } = shapeError('MatMul', 'matrices are needed', [2], [], [3, 4]);
	expect([code, message]).toEqual([
		'GRAPH_SHAPE',
		'MatMul: matrices are needed, got [2] and [] and [3, 4]',
	]);
});

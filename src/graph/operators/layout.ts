import { emitOne, requireSameType, type Node, type Tensor } from '../graph';
import { normaliseAxis, sameShape, shapeError, sizeOf, type Shape } from '../shape';

/** The same elements in row-major order under another shape. */
export function reshape(x: Tensor, shape: Shape): Tensor {
	if (sizeOf(shape) !== sizeOf(x.shape))
		throw shapeError('Reshape', 'both shapes must have the same number of elements', x.shape, shape);
	if (sameShape(x.shape, shape)) return x;
	return emitOne(x.graph, {
		opType: 'Reshape',
		inputs: [x, x.graph.integers(shape)],
		outputs: [{ dtype: x.dtype, shape }],
		gradient: ([g]) => [g && reshape(g, x.shape), null],
	});
}

/** Axes in a new order: axis i of the result is axis order[i] of x. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
	const sorted = [...order].sort((a, b) => a - b);
	if (order.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
		throw shapeError('Transpose', `the order [${order.join(', ')}] must name every axis once`, x.shape);
	}
	if (order.every((axis, i) => axis === i)) return x;
	const inverse = order.map((_, axis) => order.indexOf(axis));
	return emitOne(x.graph, {
		opType: 'Transpose',
		inputs: [x],
		outputs: [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]) }],
		attributes: { perm: order },
		gradient: ([g]) => [g && transpose(g, inverse)],
	});
}

/** Whether a node only gives the same elements another shape or order. */
export function isView({ opType }: Node): boolean {
	return opType === 'Reshape' || opType === 'Transpose';
}

/** What a tensor is a view of, and the nodes that lead from there to it. */
export function behindViews(tensor: Tensor): { readonly base: Tensor; readonly views: readonly Node[] } {
	const views: Node[] = [];
	let base = tensor;
	while (base.node !== null && isView(base.node)) {
		views.unshift(base.node);
		base = base.node.inputs[0] ?? base;
	}
	return { base, views };
}

/** The first element, as a scalar. */
export function firstOf(x: Tensor): Tensor {
	return reshape(slice(reshape(x, [sizeOf(x.shape)]), 0, 0, 1), []);
}

/** Elements start (included) to end (excluded) along one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
	const at = normaliseAxis('Slice', axis, x.shape);
	const extent = x.shape[at];
	if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end > extent || start >= end) {
		throw shapeError('Slice', `${start} to ${end} must be a part of axis ${at}`, x.shape);
	}
	if (start === 0 && end === extent) return x;
	const { graph } = x;
	return emitOne(graph, {
		opType: 'Slice',
		inputs: [x, graph.integers([start]), graph.integers([end]), graph.integers([at])],
		outputs: [{ dtype: x.dtype, shape: withExtent(x.shape, at, end - start) }],
		gradient: ([g]) => [g && pad(g, at, start, extent - end), null, null, null],
	});
}

/** Equal parts one after the other along one axis, whose gradients are joined in one go. */
export function split(x: Tensor, axis: number, count: number): readonly Tensor[] {
	const at = normaliseAxis('Split', axis, x.shape);
	const extent = x.shape[at];
	if (!Number.isInteger(count) || count < 1 || extent % count !== 0)
		throw shapeError('Split', `axis ${at} must divide into ${count} equal parts`, x.shape);
	const { graph } = x;
	const part = { dtype: x.dtype, shape: withExtent(x.shape, at, extent / count) };
	return graph.emit({
		opType: 'Split',
		inputs: [x],
		outputs: new Array<typeof part>(count).fill(part),
		attributes: { axis: at, num_outputs: count },
		gradient: (gradients) => {
			const zeros = (): Tensor => graph.constant(new Float32Array(sizeOf(part.shape)), part.shape);
			return [
				concat(
					gradients.map((g) => g ?? zeros()),
					at,
				),
			];
		},
	});
}

/** Zeros before and after along one axis. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
	const at = normaliseAxis('Pad', axis, x.shape);
	if (!Number.isInteger(before) || !Number.isInteger(after) || before < 0 || after < 0) {
		throw shapeError('Pad', `amounts must be whole and not negative (${before}, ${after})`, x.shape);
	}
	if (before === 0 && after === 0) return x;
	const { graph } = x;
	const amounts = new Array<number>(2 * x.shape.length).fill(0);
	amounts[at] = before;
	amounts[x.shape.length + at] = after;
	const extent = x.shape[at];
	return emitOne(graph, {
		opType: 'Pad',
		inputs: [x, graph.integers(amounts)],
		outputs: [{ dtype: x.dtype, shape: withExtent(x.shape, at, extent + before + after) }],
		gradient: ([g]) => [g && slice(g, at, before, before + extent), null],
	});
}

/** Tensors one after the other along one axis. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
	if (parts.length === 0) throw shapeError('Concat', 'at least one tensor is needed');
	const [first, ...rest] = parts;
	const at = normaliseAxis('Concat', axis, first.shape);
	for (const part of rest) {
		requireSameType('Concat', first, part);
		if (!sameShape(withExtent(part.shape, at, 0), withExtent(first.shape, at, 0))) {
			throw shapeError(
				'Concat',
				`extents other than axis ${at} must be equal`,
				first.shape,
				part.shape,
			);
		}
	}
	if (rest.length === 0) return first;
	const total = parts.reduce((sum, part) => sum + part.shape[at], 0);
	return emitOne(first.graph, {
		opType: 'Concat',
		inputs: parts,
		outputs: [{ dtype: first.dtype, shape: withExtent(first.shape, at, total) }],
		attributes: { axis: at },
		gradient: ([g]) => {
			let start = 0;
			return parts.map((part) => {
				const end = start + part.shape[at];
				const own = g && slice(g, at, start, end);
				start = end;
				return own;
			});
		},
	});
}

/** The element (int64 scalar index, given at run time) along axis 0; no gradient flows. */
export function gather(x: Tensor, index: Tensor): Tensor {
	if (index.dtype !== 'int64' || index.shape.length !== 0)
		throw shapeError('Gather', 'the index must be an int64 scalar', index.shape);
	if (x.shape.length === 0)
		throw shapeError('Gather', 'a tensor with at least one axis is needed', x.shape);
	return emitOne(x.graph, {
		opType: 'Gather',
		inputs: [x, index],
		outputs: [{ dtype: x.dtype, shape: x.shape.slice(1) }],
		attributes: { axis: 0 },
		gradient: 'none',
	});
}

function withExtent(shape: Shape, axis: number, extent: number): Shape {
	return shape.map((old, i) => (i === axis ? extent : old));
}

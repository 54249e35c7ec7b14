import { emitOne, type Tensor } from '../graph';
import { broadcastAxes, normaliseAxis, sameShape, shapeError, type Shape } from '../shape';
import { reshape } from './layout';

/** Sum over axes, which stay as extents of 1. */
export function reduceSum(x: Tensor, axes: readonly number[]): Tensor {
	return reduce('ReduceSum', x, axes, (g) => expand(g, x.shape));
}

/** x repeated to a larger shape by broadcasting. */
export function expand(x: Tensor, shape: Shape): Tensor {
	if (sameShape(x.shape, shape)) return x;
	if (x.shape.length !== shape.length || x.shape.some((extent, i) => extent !== 1 && extent !== shape[i])) {
		throw shapeError(
			'Expand',
			'ranks must be equal and every extent 1 or that of the target',
			x.shape,
			shape,
		);
	}
	return emitOne(x.graph, {
		opType: 'Expand',
		inputs: [x, x.graph.integers(shape)],
		outputs: [{ dtype: x.dtype, shape }],
		gradient: ([g]) => [g && reduceSum(g, broadcastAxes(x.shape, shape)), null],
	});
}

/** Largest element over axes, which stay as extents of 1; no gradient flows. */
export function reduceMax(x: Tensor, axes: readonly number[]): Tensor {
	return reduce('ReduceMax', x, axes, null);
}

/** Sum of all elements, as a scalar. */
export function sumAll(x: Tensor): Tensor {
	return reshape(reduceSum(x, allAxes(x)), []);
}

/** The `count` largest elements of a vector, descending; no gradient flows. */
export function topK(x: Tensor, count: number): Tensor {
	if (x.shape.length !== 1 || !Number.isInteger(count) || count < 1 || count > x.shape[0]) {
		throw shapeError(
			'TopK',
			`a whole count from 1 to the length of a vector is needed, not ${count}`,
			x.shape,
		);
	}
	const { graph } = x;
	const [values] = graph.emit({
		opType: 'TopK',
		inputs: [x, graph.integers([count])],
		outputs: [
			{ dtype: x.dtype, shape: [count] },
			{ dtype: 'int64', shape: [count] },
		],
		gradient: 'none',
	});
	return values;
}

/** A reduction node; `derivative` maps the result's gradient to the operand's, null ends it. */
export function reduce(
	opType: string,
	x: Tensor,
	axes: readonly number[],
	derivative: ((gradient: Tensor) => Tensor) | null,
): Tensor {
	const at = axes.map((axis) => normaliseAxis(opType, axis, x.shape)).sort((a, b) => a - b);
	if (at.some((axis, i) => axis === at[i - 1]))
		throw shapeError(opType, `axes [${axes.join(', ')}] must be distinct`, x.shape);
	const shape: Shape = x.shape.map((extent, axis) => (at.includes(axis) ? 1 : extent));
	if (at.length === 0) return x;
	return emitOne(x.graph, {
		opType,
		inputs: [x, x.graph.integers(at)],
		outputs: [{ dtype: x.dtype, shape }],
		attributes: { keepdims: 1 },
		gradient: derivative ? ([g]) => [g && derivative(g), null] : 'none',
	});
}

/** Every axis of a tensor. */
export function allAxes(x: Tensor): number[] {
	return x.shape.map((_, axis) => axis);
}

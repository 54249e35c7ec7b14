import type { Tensor } from '../graph';
import { normaliseAxis } from '../shape';
import { mul, scale, square } from './elementwise';
import { reshape } from './layout';
import { allAxes, expand, reduce } from './reduce';

/** Mean over axes, which stay as extents of 1. */
export function reduceMean(x: Tensor, axes: readonly number[]): Tensor {
	const count = axes.reduce(
		(product, axis) => product * x.shape[normaliseAxis('ReduceMean', axis, x.shape)],
		1,
	);
	return reduce('ReduceMean', x, axes, (g) => expand(scale(g, 1 / count), x.shape));
}

/** Sum of squares over axes, which stay as extents of 1. */
export function reduceSumSquare(x: Tensor, axes: readonly number[]): Tensor {
	if (axes.length === 0) return square(x);
	return reduce('ReduceSumSquare', x, axes, (g) => mul(scale(g, 2), x));
}

/** Sum of the squares of all elements, as a scalar. */
export function sumSquareAll(x: Tensor): Tensor {
	return reshape(reduceSumSquare(x, allAxes(x)), []);
}

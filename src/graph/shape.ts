import { DinomalyError } from '../errors';

/** Static extents, outermost first; a scalar has none. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
	let size = 1;
	for (const extent of shape) size *= extent;
	return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
	return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** An error that names the operator, the rule it enforces and the shapes it was given. */
export function shapeError(operator: string, rule: string, ...shapes: readonly Shape[]): DinomalyError {
	const found = shapes.length === 0 ? 'none' : shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ');
	return new DinomalyError('GRAPH_SHAPE', `${operator}: ${rule}, got ${found}`);
}

/** Shape after NumPy broadcasting: trailing extents must be equal or 1. */
export function broadcastShape(operator: string, a: Shape, b: Shape): Shape {
	const rank = Math.max(a.length, b.length);
	const result: number[] = [];
	for (let i = 0; i < rank; i++) {
		const left = a[a.length - rank + i] ?? 1;
		const right = b[b.length - rank + i] ?? 1;
		if (left !== right && left !== 1 && right !== 1) {
			throw shapeError(operator, 'trailing extents must be equal or 1', a, b);
		}
		result.push(left === 1 ? right : left);
	}
	return result;
}

/** Axes of `shape` (counted in `shape`) along which a tensor of shape `from` was repeated, and those it lacks. */
export function broadcastAxes(from: Shape, shape: Shape): number[] {
	const missing = shape.length - from.length;
	const axes: number[] = [];
	for (let axis = 0; axis < shape.length; axis++) {
		if (axis < missing || (from[axis - missing] === 1 && shape[axis] !== 1)) axes.push(axis);
	}
	return axes;
}

/** A non-negative axis, checked against the rank. */
export function normaliseAxis(operator: string, axis: number, shape: Shape): number {
	const normalised = axis < 0 ? axis + shape.length : axis;
	if (!Number.isInteger(axis) || normalised < 0 || normalised >= shape.length) {
		throw shapeError(operator, `axis ${axis} must lie inside the rank ${shape.length}`, shape);
	}
	return normalised;
}

import type { Shape } from '../../src/graph';

/** A dense array in float64, row-major. */
export interface Dense {
	readonly shape: Shape;
	readonly data: Float64Array;
}

/** Fills a shape element by element. */
export function build(shape: Shape, at: (index: number[]) => number): Dense {
	const data = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
	const index = new Array<number>(shape.length).fill(0);
	for (let i = 0; i < data.length; i++) {
		data[i] = at(index);
		for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
	}
	return { shape, data };
}

/** The element at an index of equal or higher rank, by NumPy's broadcasting; indices outside give zero. */
export function read({ shape, data }: Dense, index: readonly number[]): number {
	let offset = 0;
	const missing = index.length - shape.length;
	for (let axis = 0; axis < shape.length; axis++) {
		const i = shape[axis] === 1 ? 0 : index[axis + missing];
		if (i < 0 || i >= shape[axis]) return 0;
		offset = offset * shape[axis] + i;
	}
	return data[offset];
}

/** Common shape of operands that broadcast. */
export function commonShape(...operands: readonly Dense[]): number[] {
	const rank = Math.max(...operands.map(({ shape }) => shape.length));
	return Array.from({ length: rank }, (_, axis) => {
		const extents = operands.map(({ shape }) => shape[axis - rank + shape.length] ?? 1);
		return extents.find((extent) => extent !== 1) ?? 1;
	});
}

/** All indices of a shape in row-major order. */
export function indicesOf(shape: Shape): number[][] {
	const indices: number[][] = [];
	build(shape, (index) => indices.push([...index]));
	return indices;
}

/** A copy of a list with one element exchanged. */
export function replaced(list: readonly number[], at: number, value: number): number[] {
	const copy = [...list];
	copy[at] = value;
	return copy;
}

import { emitOne, requireSameType, type Tensor } from '../graph';
import { broadcastShape, sameShape, shapeError } from '../shape';
import { reduceTo } from './elementwise';
import { transpose } from './layout';

/** Matrix product over the last two axes; leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor): Tensor {
	requireSameType('MatMul', a, b);
	const [rows, inner] = a.shape.slice(-2);
	const [innerB, columns] = b.shape.slice(-2);
	if (a.shape.length < 2 || b.shape.length < 2 || inner !== innerB) {
		throw shapeError('MatMul', 'columns of the first must equal rows of the second', a.shape, b.shape);
	}
	const batch = broadcastShape('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2));
	return emitOne(a.graph, {
		opType: 'MatMul',
		inputs: [a, b],
		outputs: [{ dtype: a.dtype, shape: [...batch, rows, columns] }],
		gradient: ([g]) => {
			if (!g) return [null, null];
			return [reduceTo(matmul(g, swapLast(b)), a.shape), reduceTo(matmul(swapLast(a), g), b.shape)];
		},
	});
}

export interface GemmOptions {
	readonly transposeA?: boolean;
	readonly transposeB?: boolean;
	/** Factor of the product. */
	readonly alpha?: number;
}

/** alpha * a b (+ c) of two matrices, each optionally transposed first; c broadcasts to the result. */
export function gemm(a: Tensor, b: Tensor, c: Tensor | null = null, options: GemmOptions = {}): Tensor {
	const { transposeA = false, transposeB = false, alpha = 1 } = options;
	requireSameType('Gemm', a, b);
	if (c) requireSameType('Gemm', a, c);
	if (a.shape.length !== 2 || b.shape.length !== 2)
		throw shapeError('Gemm', 'two matrices are needed', a.shape, b.shape);
	const [rows, inner] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
	const [innerB, columns] = transposeB ? [b.shape[1], b.shape[0]] : b.shape;
	if (inner !== innerB)
		throw shapeError('Gemm', 'columns of the first must equal rows of the second', a.shape, b.shape);
	const shape = [rows, columns];
	if (c && !sameShape(broadcastShape('Gemm', c.shape, shape), shape))
		throw shapeError('Gemm', 'the addend must broadcast to the product', c.shape, shape);
	return emitOne(a.graph, {
		opType: 'Gemm',
		inputs: c ? [a, b, c] : [a, b],
		outputs: [{ dtype: a.dtype, shape }],
		attributes: { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } },
		gradient: ([g]) => {
			if (!g) return c ? [null, null, null] : [null, null];
			const da = transposeA
				? gemm(b, g, null, { transposeA: transposeB, transposeB: true, alpha })
				: gemm(g, b, null, { transposeB: !transposeB, alpha });
			const db = transposeB
				? gemm(g, a, null, { transposeA: true, transposeB: transposeA, alpha })
				: gemm(a, g, null, { transposeA: !transposeA, alpha });
			return c ? [da, db, reduceTo(g, c.shape)] : [da, db];
		},
	});
}

/** x W^T + b on the rows of a matrix: weights (out, in) as PyTorch keeps them, bias (out). */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
	return gemm(x, weight, bias, { transposeB: true });
}

/** Transposes the last two axes. */
export function swapLast(x: Tensor): Tensor {
	const rank = x.shape.length;
	return transpose(
		x,
		x.shape.map((_, axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis)),
	);
}

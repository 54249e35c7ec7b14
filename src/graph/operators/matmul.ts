import { emitOne, requireSameType, type Tensor } from '../graph';
import { broadcastShape, sameShape, shapeError, type Shape } from '../shape';
import { changes } from '../varying';
import { add, reduceTo, withGradient } from './elementwise';
import { reshape, transpose } from './layout';
import { expand } from './reduce';

/** From this many rows on a transposed copy pays. */
const LONG_SUM = 1024;

/** From this many rows on a product is computed in blocks of rows. */
const TALL = 8192;
/** Rows of a block: its part of the result stays in a core's own cache while the sum over the inner axis goes on. */
const FEWEST_BLOCK_ROWS = 200;
const MOST_BLOCK_ROWS = 1600;
/** The right matrix is copied this many times at most. */
const MOST_COPIES = 5;

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
	const inputs = c ? [a, b, c] : [a, b];
	const rule = (g: Tensor): readonly Tensor[] => {
		const da = transposeA
			? gemm(b, g, null, { transposeA: transposeB, transposeB: true, alpha })
			: gemm(g, b, null, { transposeB: !transposeB, alpha });
		const db = transposeB
			? transposedGemm(g, a, transposeA, alpha)
			: gemm(a, g, null, { transposeA: !transposeA, alpha });
		if (changes(b)) db.graph.loose.push(db);
		return c ? [da, db, addendGradient(g, c.shape)] : [da, db];
	};
	const blocks = transposeA || alpha !== 1 ? null : rowBlocks(a, b);
	if (blocks) {
		const product = blockProduct(a, b, transposeB, blocks);
		return withGradient(c ? add(product, c) : product, inputs, rule);
	}
	return emitOne(a.graph, {
		opType: 'Gemm',
		inputs,
		outputs: [{ dtype: a.dtype, shape }],
		attributes: { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } },
		gradient: ([g]) => (g ? rule(g) : inputs.map(() => null)),
	});
}

/** How the rows of a tall product are cut: copies x blocks x rows. */
type RowBlocks = readonly [copies: number, blocks: number, rows: number];

/**
 * How to cut the rows of a, or null when the product is better left whole: when it is low, has no suitable divisor, or its right matrix is
 * a constant, which ONNX Runtime packs once for all runs.
 */
function rowBlocks(a: Tensor, b: Tensor): RowBlocks | null {
	const [rows] = a.shape;
	if (a.dtype !== 'float32' || rows < TALL || !changes(b)) return null;
	for (let copies = 2; copies <= MOST_COPIES; copies++) {
		if (rows % copies !== 0) continue;
		const perCopy = rows / copies;
		for (
			let blocks = Math.ceil(perCopy / MOST_BLOCK_ROWS);
			perCopy / blocks >= FEWEST_BLOCK_ROWS;
			blocks++
		)
			if (perCopy % blocks === 0) return [copies, blocks, perCopy / blocks];
	}
	return null;
}

/**
 * a b as a batch of products, up to a fifth faster: ONNX Runtime sums a whole matrix over a stretch of the inner axis after the other, and
 * a tall result leaves the cache in between. A right matrix with a single copy would be taken for the whole product again.
 */
function blockProduct(a: Tensor, b: Tensor, transposeB: boolean, [copies, blocks, rows]: RowBlocks): Tensor {
	const copied = expand(reshape(b, [1, 1, ...b.shape]), [copies, 1, ...b.shape]);
	const right = transposeB ? swapLast(copied) : copied;
	const product = matmul(reshape(a, [copies, blocks, rows, a.shape[1]]), right);
	return reshape(product, [a.shape[0], b.shape[transposeB ? 0 : 1]]);
}

/**
 * Sum over the rows of a matrix, which stay as an extent of 1: as a product with a row of ones, whose kernel reads the matrix at the
 * memory's rate on all threads, two to four times as fast as ONNX Runtime's ReduceSum over the first axis.
 */
export function sumRows(x: Tensor): Tensor {
	if (x.shape.length !== 2) throw shapeError('MatMul', 'the rows of a matrix are summed', x.shape);
	const [rows] = x.shape;
	return matmul(x.graph.constant(new Float32Array(rows).fill(1), [1, rows]), x);
}

/** x W^T + b on the rows of a matrix: weights (out, in) as PyTorch keeps them, bias (out). */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
	return gemm(x, weight, bias, { transposeB: true });
}

/** Gradients of `linear`'s weight and bias, where g arrives at its result. */
export function linearGradients(
	g: Tensor,
	{ x, bias }: { readonly x: Tensor; readonly bias: Tensor },
): { readonly weight: Tensor; readonly bias: Tensor } {
	const weight = transposedGemm(g, x, false, 1);
	weight.graph.loose.push(weight);
	return { weight, bias: addendGradient(g, bias.shape) };
}

/**
 * alpha * a^T b, or alpha * a^T b^T. A long sum over rows, as in a weight's gradient, runs up to a quarter faster when the narrower
 * matrix is written out transposed than when the product reads its columns.
 */
function transposedGemm(a: Tensor, b: Tensor, transposeB: boolean, alpha: number): Tensor {
	if (transposeB || a.shape[0] < LONG_SUM) return gemm(a, b, null, { transposeA: true, transposeB, alpha });
	if (a.shape[1] < b.shape[1]) return gemm(writtenTransposed(a), b, null, { alpha });
	return writtenTransposed(gemm(writtenTransposed(b), a, null, { alpha }));
}

/** The transpose of a matrix, by way of three axes: ONNX Runtime would fold a plain one back into the product's flags. */
function writtenTransposed(x: Tensor): Tensor {
	const [rows, columns] = x.shape;
	return reshape(transpose(reshape(x, [rows, 1, columns]), [2, 0, 1]), [columns, rows]);
}

/** Gradient of what was added to a product: a bias gets the sum over the rows. */
function addendGradient(g: Tensor, shape: Shape): Tensor {
	return sameShape(shape, [g.shape[1]]) && g.dtype === 'float32'
		? reshape(sumRows(g), shape)
		: reduceTo(g, shape);
}

/** Transposes the last two axes. */
export function swapLast(x: Tensor): Tensor {
	const rank = x.shape.length;
	return transpose(
		x,
		x.shape.map((_, axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis)),
	);
}

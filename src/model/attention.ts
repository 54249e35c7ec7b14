import {
	add,
	div,
	eluPlusOne,
	linear,
	matmul,
	mul,
	neg,
	offset,
	reduceSum,
	reshape,
	scale,
	softmax,
	split,
	swapLast,
	transpose,
	withGradient,
	type Tensor,
} from '../graph';

/** Extents of a batch of token rows, ordered [token][image], for attention in `heads` heads. */
export interface HeadLayout {
	readonly tokens: number;
	readonly images: number;
	readonly heads: number;
	readonly dim: number;
}

export interface Projections {
	readonly query: Tensor;
	readonly key: Tensor;
	readonly value: Tensor;
}

/** Query, key and value rows from one (3D, D) weight; three products avoid splitting a wide result. */
export function project(x: Tensor, weight: Tensor, bias: Tensor | null): Projections {
	const weights = split(weight, 0, 3);
	const biases = bias && split(bias, 0, 3);
	const [query, key, value] = weights.map((part, i) => linear(x, part, biases?.[i] ?? null));
	return { query, key, value };
}

/**
 * Linear attention: phi(q) (phi(k)^T v) / (phi(q) sum phi(k)) with phi = elu + 1, over all tokens
 * (reference: LinearAttention2; Dinomaly eq. 4).
 *
 * @param epsilon added to the normaliser; the reference has none, Dinomaly2 1e-8
 */
export function linearAttention({ query, key, value }: Projections, layout: HeadLayout, epsilon = 0): Tensor {
	return positiveAttention({ query: eluPlusOne(query), key: eluPlusOne(key), value }, layout, epsilon);
}

/**
 * q (k^T v) / (q sum k). Its gradient is written out, as products leave their results in the order that the next step reads and most elementwise
 * work is done on rows as they come: what is differentiated operator by operator copies every matrix to heads and back, which takes as long as
 * the products.
 */
function positiveAttention({ query, key, value }: Projections, layout: HeadLayout, epsilon: number): Tensor {
	const { tokens, images, heads, dim } = layout;
	const [allHeads, width] = [images * heads, dim / heads];
	const byToken = (rows: Tensor): Tensor => reshape(rows, [tokens, allHeads, width]);
	const toRows = (perToken: Tensor): Tensor => reshape(perToken, [tokens * images, dim]);
	const [q, k, v] = [query, key, value].map((rows) => toHeads(rows, layout));
	const context = matmul(swapLast(k), v);
	const keySum = reshape(reduceSum(reshape(key, [tokens, images * dim]), [0]), [allHeads, width, 1]);
	const normaliser = swapFirst(offset(matmul(q, keySum), epsilon));
	const mixed = div(swapFirst(matmul(q, context)), normaliser);
	return withGradient(toRows(mixed), [query, key, value], (gradient) => {
		const scaled = div(byToken(gradient), normaliser);
		const ofProduct = swapFirst(scaled);
		const perToken = neg(reduceSum(mul(scaled, mixed), [-1]));
		// Two axes, as a product that reads single columns out of three takes far longer than this copy.
		const ofNormaliser = reshape(transpose(reshape(perToken, [tokens, allHeads]), [1, 0]), [
			allHeads,
			tokens,
			1,
		]);
		const ofQuery = add(matmul(ofProduct, swapLast(context)), matmul(ofNormaliser, swapLast(keySum)));
		const ofContext = matmul(swapLast(q), ofProduct);
		const ofKeySum = reshape(matmul(swapLast(q), ofNormaliser), [1, allHeads, width]);
		const ofKey = add(swapFirst(matmul(v, swapLast(ofContext))), ofKeySum);
		const ofValue = matmul(k, ofContext);
		return [fromHeads(ofQuery, layout), toRows(ofKey), fromHeads(ofValue, layout)];
	});
}

/**
 * Linear attention in its explicit N x N form, weights of masked neighbours removed before normalising
 * (reference: LinearAttention). `keep` is 1 where a query may see a key, (N, N).
 */
export function maskedLinearAttention(
	{ query, key, value }: Projections,
	layout: HeadLayout,
	keep: Tensor | null,
): Tensor {
	const similarity = matmul(toHeads(eluPlusOne(query), layout), swapLast(toHeads(eluPlusOne(key), layout)));
	const weights = keep ? mul(similarity, keep) : similarity;
	return fromHeads(div(matmul(weights, toHeads(value, layout)), reduceSum(weights, [-1])), layout);
}

/** Softmax attention; masked neighbours are zeroed after the softmax and the rest is not renormalised (reference: Attention). */
export function softmaxAttention(
	{ query, key, value }: Projections,
	layout: HeadLayout,
	keep: Tensor | null,
): Tensor {
	const temperature = 1 / Math.sqrt(layout.dim / layout.heads);
	const logits = scale(matmul(toHeads(query, layout), swapLast(toHeads(key, layout))), temperature);
	const weights = softmax(logits);
	return fromHeads(matmul(keep ? mul(weights, keep) : weights, toHeads(value, layout)), layout);
}

/**
 * 1 where a query token may attend to a key token, row-major (N, N): patches within floor(n / 2) in both axes are
 * removed, itself included; class token and registers see and are seen by all (reference: generate_mask).
 */
export function neighbourMask(grid: number, prefix: number, neighbour: number): Float32Array {
	const tokens = prefix + grid * grid;
	const reach = Math.floor(neighbour / 2);
	const keep = new Float32Array(tokens * tokens).fill(1);
	for (let q = 0; q < grid * grid; q++) {
		const row = Math.floor(q / grid);
		const column = q % grid;
		for (let y = Math.max(0, row - reach); y <= Math.min(grid - 1, row + reach); y++) {
			for (let x = Math.max(0, column - reach); x <= Math.min(grid - 1, column + reach); x++) {
				keep[(prefix + q) * tokens + prefix + y * grid + x] = 0;
			}
		}
	}
	return keep;
}

/** Rows (N B, D) to (B heads, N, D / heads). */
function toHeads(rows: Tensor, { tokens, images, heads, dim }: HeadLayout): Tensor {
	return swapFirst(reshape(rows, [tokens, images * heads, dim / heads]));
}

function fromHeads(x: Tensor, { tokens, images, dim }: HeadLayout): Tensor {
	return reshape(swapFirst(x), [tokens * images, dim]);
}

/** Transposes the first two of three axes. */
function swapFirst(x: Tensor): Tensor {
	return transpose(x, [1, 0, 2]);
}

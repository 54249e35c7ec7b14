import {
	add,
	concat,
	div,
	gemm,
	matmul,
	mul,
	neg,
	offset,
	pad,
	reduceMean,
	relu,
	reshape,
	scale,
	slice,
	sqrt,
	square,
	sub,
	swapLast,
	transpose,
	type Graph,
	type Tensor,
} from '../graph';
import { CHANNEL_MEAN, CHANNEL_STD } from '../imaging/preprocess';
import type { EncoderWeights } from '../weights/encoderWeights';
import { meanOf } from './decoder';

/** Widths in pixels of the box that is laid over the image before its edges are measured. */
const EDGE_WIDTHS = [3, 5, 9];
const DIRECTIONS = 8;
/** Pixels that are averaged before the windows are laid. */
const CELL = 4;
/** Keeps the square root's argument above 0. */
const EPSILON = 1e-10;

/** Gaussian windows around a patch: their deviation, and the offsets of their centres along each axis, in pixels. */
interface Windows {
	readonly deviation: number;
	readonly offsets: readonly number[];
}

/** The windows of each group of features: near the patch, and what surrounds it. */
const WINDOWS: readonly (readonly Windows[])[] = [
	[
		{ deviation: 4, offsets: [-4, 4] },
		{ deviation: 8, offsets: [-16, 0, 16] },
	],
	[
		{ deviation: 8, offsets: [0] },
		{ deviation: 12, offsets: [-48, -24, 0, 24, 48] },
	],
];

/**
 * Features made by hand in place of a transformer's, for images (images, 3, side, side): how strong edges of every direction are, and the
 * colours, in Gaussian windows around each patch, brought to the width of a token by principal components (the weights).
 * What is computed is in pretraining/drawing/descriptors.py. The class token is the mean of the patches.
 *
 * @param groups 1 or 2; there are no layers to make more of
 * @returns for each group (images, 1 + patches, D)
 */
export function appendDescriptors(image: Tensor, weights: EncoderWeights, groups: number): Tensor[] {
	const { graph } = image;
	const [images, , side] = image.shape;
	const { patch, dim } = weights.architecture;
	const grid = side / patch;
	const opponent = opponentColours(image);
	const edges = poolCells(edgeChannels(opponent, side), side);
	const colours = poolCells(opponent, side);
	const described = WINDOWS.map((windows, k) => {
		const rows = concat(
			windows.map((window) => lookThrough({ edges, colours }, window, { side, patch })),
			2,
		);
		const parameter = (name: string): Tensor =>
			graph.constant(weights.get(name), weights.shape(name), name);
		const patches = gemm(
			reshape(rows, [images * grid * grid, rows.shape[2]]),
			parameter(`descriptors.${k}.weight`),
			parameter(`descriptors.${k}.bias`),
		);
		const tokens = reshape(patches, [images, grid * grid, dim]);
		return concat([reduceMean(tokens, [1]), tokens], 1);
	});
	return groups === 1 ? [meanOf(described)] : described;
}

/** Gray, red against green, blue against gray, each in [-1, 1]: (images, 3, side, side). */
function opponentColours(image: Tensor): Tensor {
	const { graph } = image;
	const shape = [1, 3, 1, 1];
	const plain = add(
		mul(image, graph.constant(Float32Array.from(CHANNEL_STD), shape)),
		graph.constant(Float32Array.from(CHANNEL_MEAN), shape),
	);
	const [red, green, blue] = [0, 1, 2].map((channel) => slice(plain, 1, channel, channel + 1));
	const gray = reduceMean(plain, [1]);
	return concat([gray, sub(red, green), sub(blue, gray)], 1);
}

/** For each width: gray edges in each direction, colour edges, and what is brighter and darker than around it. */
function edgeChannels(opponent: Tensor, side: number): Tensor {
	const { graph } = opponent;
	return concat(
		EDGE_WIDTHS.flatMap((width) => {
			const blur = axisMatrix(graph, side, side, (row, column) => boxShare(row, column, width, side));
			const smooth = alongBoth(blur, opponent);
			const alongX = slopes(smooth, 3);
			const alongY = slopes(smooth, 2);
			const squared = offset(add(square(alongX), square(alongY)), EPSILON);
			const colours = sqrt(slice(squared, 1, 1, 3));
			const colourEdges = scale(add(slice(colours, 1, 0, 1), slice(colours, 1, 1, 2)), width / 6);
			const contrast = sub(gray(smooth), alongBoth(blur, gray(smooth)));
			return [
				...directions(gray(alongX), gray(alongY), div(graph.scalar(width / 6), gray(squared))),
				colourEdges,
				relu(contrast),
				relu(neg(contrast)),
			];
		}),
		1,
	);
}

/**
 * How strong the edges of each of the DIRECTIONS are: their size by the third power of the cosine to the direction, where that is positive.
 * Size times cosine is the slope along the direction, so this is its third power by `weight`, a constant over the squared size; and of two
 * opposite directions one has the positive slopes, the other the negative ones.
 */
function directions(alongX: Tensor, alongY: Tensor, weight: Tensor): Tensor[] {
	const half = DIRECTIONS / 2;
	const signed = Array.from({ length: half }, (_, k) => {
		const turn = (Math.PI * k) / half;
		const along = add(scale(alongX, Math.cos(turn)), scale(alongY, Math.sin(turn)));
		return mul(mul(square(along), along), weight);
	});
	return [...signed.map((edge) => relu(edge)), ...signed.map((edge) => relu(neg(edge)))];
}

function gray(x: Tensor): Tensor {
	return slice(x, 1, 0, 1);
}

/** The pixel after less the pixel before along an axis; 0 at the border. */
function slopes(x: Tensor, axis: 2 | 3): Tensor {
	const length = x.shape[axis];
	return pad(sub(slice(x, axis, 2, length), slice(x, axis, 0, length - 2)), axis, 1, 1);
}

function poolCells(x: Tensor, side: number): Tensor {
	const pool = axisMatrix(x.graph, side / CELL, side, (row, column) =>
		Math.floor(column / CELL) === row ? 1 / CELL : 0,
	);
	return alongBoth(pool, x);
}

/** Root of the mean edges and mean colours in windows at all pairs of offsets: (images, patches, channels * pairs). */
function lookThrough(
	{ edges, colours }: { readonly edges: Tensor; readonly colours: Tensor },
	{ deviation, offsets }: Windows,
	{ side, patch }: { readonly side: number; readonly patch: number },
): Tensor {
	const grid = side / patch;
	const many = offsets.length;
	const weights = axisMatrix(
		edges.graph,
		grid * many,
		side / CELL,
		gaussianShares({ deviation, offsets, side, patch }),
	);
	const seen = concat([sqrt(relu(alongBoth(weights, edges))), alongBoth(weights, colours)], 1);
	const [images, channels] = seen.shape;
	return reshape(transpose(reshape(seen, [images, channels, grid, many, grid, many]), [0, 2, 4, 1, 3, 5]), [
		images,
		grid * grid,
		channels * many * many,
	]);
}

/** The matrix on rows and on columns of each channel. */
function alongBoth(matrix: Tensor, x: Tensor): Tensor {
	return matmul(matmul(matrix, x), swapLast(matrix));
}

/** A matrix that acts on one axis of an image. */
function axisMatrix(
	graph: Graph,
	rows: number,
	columns: number,
	at: (row: number, column: number) => number,
): Tensor {
	const values = Float32Array.from({ length: rows * columns }, (_, i) =>
		at(Math.floor(i / columns), i % columns),
	);
	return graph.constant(values, [rows, columns]);
}

/** Mean over `width` pixels, of those inside the image. */
function boxShare(row: number, column: number, width: number, side: number): number {
	const reach = Math.floor(width / 2);
	if (Math.abs(row - column) > reach) return 0;
	return 1 / (Math.min(side - 1, row + reach) - Math.max(0, row - reach) + 1);
}

/** One row for each patch and offset, patches first; centres stay within the image. */
function gaussianShares({
	deviation,
	offsets,
	side,
	patch,
}: Windows & { readonly side: number; readonly patch: number }): (row: number, column: number) => number {
	const cells = side / CELL;
	const weight = (row: number, column: number): number => {
		const centre = (Math.floor(row / offsets.length) + 0.5) * patch + offsets[row % offsets.length];
		const distance = (column + 0.5) * CELL - Math.min(Math.max(centre, 0), side);
		return Math.exp(-(distance ** 2) / (2 * deviation ** 2));
	};
	const sums = new Map<number, number>();
	return (row, column) => {
		const sum =
			sums.get(row) ??
			Array.from({ length: cells }, (_, i) => weight(row, i)).reduce((total, one) => total + one, 0);
		sums.set(row, sum);
		return weight(row, column) / sum;
	};
}

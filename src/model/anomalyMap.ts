import { matmul, reduceMean, reshape, transpose, type Tensor } from '../graph';
import { meanOf } from './decoder';
import { pointDistance } from './loss';

/** Anomaly maps are smoothed and scored at this side (reference: evaluation_batch, resize_mask=256). */
export const EVAL_SIDE = 256;
/** The image score is the mean of this share of the largest map values (reference: evaluation_batch, max_ratio=0.01). */
export const TOP_FRACTION = 0.01;
/** Smoothing kernel (reference: get_gaussian_kernel(kernel_size=5, sigma=4)). */
const GAUSSIAN_SIZE = 5;
const GAUSSIAN_SIGMA = 4;

/** A linear map between two sides of a square image, one axis at a time; row-major (to, from). */
export interface ResizeMatrix {
	readonly to: number;
	readonly from: number;
	readonly data: Float64Array;
}

/**
 * Distances of the groups at the patch grid, averaged: (images, g, g).
 *
 * @param targets reconstruction targets, @param reconstructions theirs, each (patches, images, D)
 */
export function distanceMap(
	targets: readonly Tensor[],
	reconstructions: readonly Tensor[],
	grid: number,
): Tensor {
	const distances = targets.map((target, k) => pointDistance(target, reconstructions[k]));
	const mean = meanOf(distances);
	const [patches, images] = mean.shape;
	return reshape(transpose(reshape(mean, [patches, images]), [1, 0]), [images, grid, grid]);
}

/** M x M^T on every image: a separable linear resize, (images, from, from) to (images, to, to). */
export function resizeMap(map: Tensor, matrix: ResizeMatrix): Tensor {
	const { graph } = map;
	const left = graph.constant(Float32Array.from(matrix.data), [matrix.to, matrix.from]);
	const right = graph.constant(Float32Array.from(transposed(matrix).data), [matrix.from, matrix.to]);
	return matmul(matmul(left, map), right);
}

/** Mean of the top share of each image's map: (images). The reference truncates the number of pixels. */
export function imageScore(map: Tensor, fraction = TOP_FRACTION): Tensor {
	const [images, height, width] = map.shape;
	const count = Math.max(1, Math.trunc(height * width * fraction));
	const { graph } = map;
	const [largest] = graph.emit({
		opType: 'TopK',
		inputs: [reshape(map, [images, height * width]), graph.integers([count])],
		outputs: [
			{ dtype: 'float32', shape: [images, count] },
			{ dtype: 'int64', shape: [images, count] },
		],
		gradient: 'none',
	});
	return reshape(reduceMean(largest, [-1]), [images]);
}

/**
 * From the patch grid to the smoothed map in one linear map per axis: bilinear with aligned corners to the crop,
 * bilinear by half pixels to `side`, then the Gaussian with zeros outside (reference: cal_anomaly_maps, evaluation_batch).
 */
export function evaluationMatrix(grid: number, crop: number, side = EVAL_SIDE): ResizeMatrix {
	return compose(
		gaussianMatrix(side),
		compose(halfPixelMatrix(crop, side), alignedCornersMatrix(grid, crop)),
	);
}

/** Bilinear resize with aligned corners: src = dst (from - 1) / (to - 1). */
export function alignedCornersMatrix(from: number, to: number): ResizeMatrix {
	return interpolation(from, to, (i) => (to === 1 ? 0 : (i * (from - 1)) / (to - 1)));
}

/** Bilinear resize by half pixels, not antialiased: src = (dst + 0.5) from / to - 0.5, not below 0. */
export function halfPixelMatrix(from: number, to: number): ResizeMatrix {
	return interpolation(from, to, (i) => Math.max(0, ((i + 0.5) * from) / to - 0.5));
}

/** One axis of the 5 x 5 Gaussian, zeros outside the image. */
export function gaussianMatrix(side: number): ResizeMatrix {
	const reach = (GAUSSIAN_SIZE - 1) / 2;
	const taps = Array.from({ length: GAUSSIAN_SIZE }, (_, i) =>
		Math.exp(-((i - reach) ** 2) / (2 * GAUSSIAN_SIGMA ** 2)),
	);
	const total = taps.reduce((sum, tap) => sum + tap, 0);
	const data = new Float64Array(side * side);
	for (let i = 0; i < side; i++) {
		for (let j = Math.max(0, i - reach); j <= Math.min(side - 1, i + reach); j++)
			data[i * side + j] = taps[j - i + reach] / total;
	}
	return { to: side, from: side, data };
}

/** The linear map "first b, then a". */
export function compose(a: ResizeMatrix, b: ResizeMatrix): ResizeMatrix {
	const data = new Float64Array(a.to * b.from);
	for (let i = 0; i < a.to; i++) {
		for (let k = 0; k < a.from; k++) {
			const weight = a.data[i * a.from + k];
			if (weight === 0) continue;
			for (let j = 0; j < b.from; j++) data[i * b.from + j] += weight * b.data[k * b.from + j];
		}
	}
	return { to: a.to, from: b.from, data };
}

function interpolation(from: number, to: number, source: (index: number) => number): ResizeMatrix {
	const data = new Float64Array(to * from);
	for (let i = 0; i < to; i++) {
		const at = source(i);
		const low = Math.min(Math.floor(at), from - 1);
		const high = Math.min(low + 1, from - 1);
		const share = at - low;
		data[i * from + low] += 1 - share;
		data[i * from + high] += share;
	}
	return { to, from, data };
}

function transposed({ to, from, data }: ResizeMatrix): ResizeMatrix {
	const result = new Float64Array(data.length);
	for (let i = 0; i < to; i++) for (let j = 0; j < from; j++) result[j * to + i] = data[i * from + j];
	return { to: from, from: to, data: result };
}

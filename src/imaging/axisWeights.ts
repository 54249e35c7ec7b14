/** For each output pixel: where its run of input pixels starts, how long it is, and the weights of the run. */
export interface AxisWeights {
	readonly starts: Int32Array;
	readonly counts: Int32Array;
	/** `stride` weights per output pixel, in fixed point. */
	readonly weights: Int32Array;
	readonly stride: number;
}

/** Fixed-point digits of Pillow's 8-bit resampling: 32 bits less 8 of the pixel and 2 of headroom. */
export const PRECISION_BITS = 22;
const ONE = 1 << PRECISION_BITS;
export const ONE_HALF = 1 << (PRECISION_BITS - 1);

/**
 * Pillow's bilinear weights along one axis.
 * @param first, count the output pixels that are wanted, of `outputSize`
 */
export function axisWeights(
	inputSize: number,
	outputSize: number,
	first: number,
	count: number,
): AxisWeights {
	const scale = inputSize / outputSize;
	// The triangle has radius 1 in output pixels when shrinking, in input pixels when enlarging.
	const radius = Math.max(scale, 1);
	const stride = Math.ceil(radius) * 2 + 1;
	const starts = new Int32Array(count);
	const counts = new Int32Array(count);
	const weights = new Int32Array(count * stride);
	const exact = new Float64Array(stride);
	for (let i = 0; i < count; i++) {
		const centre = (first + i + 0.5) * scale;
		const start = Math.max(0, Math.trunc(centre - radius + 0.5));
		const end = Math.min(inputSize, Math.trunc(centre + radius + 0.5));
		let sum = 0;
		for (let t = start; t < end; t++) {
			const distance = Math.abs((t - centre + 0.5) * (1 / radius));
			const weight = distance < 1 ? 1 - distance : 0;
			exact[t - start] = weight;
			sum += weight;
		}
		for (let t = 0; t < end - start; t++) {
			weights[i * stride + t] = Math.trunc((exact[t] / sum) * ONE + 0.5);
		}
		starts[i] = start;
		counts[i] = end - start;
	}
	return { starts, counts, weights, stride };
}

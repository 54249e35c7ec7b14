import { evaluationMatrix, EVAL_SIDE } from './anomalyMap';

/** Anomaly map of the patches that count. */
export interface PartialMap {
	/** `EVAL_SIDE * EVAL_SIDE` values; 0 where no patch that counts has a part. */
	readonly map: Float32Array;
	/** For each value the share of it that patches that count have, in [0, 1]. */
	readonly reach: Float32Array;
}

/** The patches that a value of the map is made of along one axis, and their weights. */
interface Taps {
	readonly first: Int32Array;
	readonly count: number;
	/** `count` weights for each value. */
	readonly weights: Float64Array;
	/** Sum of the weights of each value: below 1 at the edges, where the reference smooths with zeros. */
	readonly sums: Float64Array;
}

/**
 * The anomaly map when some patches are not to count. A value of the map is a weighted mean of the distances of patches around it; patches
 * that do not count are left out of it, and the weights of the others make up for them. With all patches it is the reference's map.
 */
export class PartialMapper {
	private readonly taps: Taps;

	/** @param grid patches along a side, @param cropSize side in pixels that they cover */
	constructor(
		private readonly grid: number,
		cropSize: number,
	) {
		this.taps = tapsOf(evaluationMatrix(grid, cropSize).data, grid);
	}

	/**
	 * @param distances one of each patch, row by row
	 * @param used 0 for patches that do not count
	 */
	map(distances: Float32Array, used: Uint8Array): PartialMap {
		const counted = Float64Array.from(used, (one) => (one === 0 ? 0 : 1));
		const values = this.spread(counted.map((weight, i) => weight * distances[i]));
		const weights = this.spread(counted);
		const { sums } = this.taps;
		const map = new Float32Array(EVAL_SIDE * EVAL_SIDE);
		const reach = new Float32Array(map.length);
		for (let y = 0, i = 0; y < EVAL_SIDE; y++) {
			for (let x = 0; x < EVAL_SIDE; x++, i++) {
				if (weights[i] === 0) continue;
				const full = sums[y] * sums[x];
				map[i] = (values[i] * full) / weights[i];
				reach[i] = Math.min(1, weights[i] / full);
			}
		}
		return { map, reach };
	}

	/** From the patches to the map, first along rows, then along columns. */
	private spread(patches: Float64Array): Float64Array {
		const { grid } = this;
		const { first, count, weights } = this.taps;
		const across = new Float64Array(grid * EVAL_SIDE);
		for (let row = 0; row < grid; row++) {
			for (let x = 0; x < EVAL_SIDE; x++) {
				let sum = 0;
				for (let k = 0; k < count; k++)
					sum += weights[x * count + k] * patches[row * grid + first[x] + k];
				across[row * EVAL_SIDE + x] = sum;
			}
		}
		const result = new Float64Array(EVAL_SIDE * EVAL_SIDE);
		for (let y = 0; y < EVAL_SIDE; y++) {
			for (let k = 0; k < count; k++) {
				const weight = weights[y * count + k];
				if (weight === 0) continue;
				const from = (first[y] + k) * EVAL_SIDE;
				const to = y * EVAL_SIDE;
				for (let x = 0; x < EVAL_SIDE; x++) result[to + x] += weight * across[from + x];
			}
		}
		return result;
	}
}

/** The few entries of each row of a matrix (values, patches) that are not 0. */
function tapsOf(matrix: Float64Array, grid: number): Taps {
	const spans = Array.from({ length: EVAL_SIDE }, (_, i) => {
		const row = matrix.subarray(i * grid, (i + 1) * grid);
		const start = row.findIndex((weight) => weight !== 0);
		return { start, end: row.findLastIndex((weight) => weight !== 0) + 1 };
	});
	const count = Math.max(...spans.map(({ start, end }) => end - start));
	const first = Int32Array.from(spans, ({ start }) => Math.min(start, grid - count));
	const weights = new Float64Array(EVAL_SIDE * count);
	const sums = new Float64Array(EVAL_SIDE);
	for (let i = 0; i < EVAL_SIDE; i++) {
		for (let k = 0; k < count; k++) {
			weights[i * count + k] = matrix[i * grid + first[i] + k];
			sums[i] += weights[i * count + k];
		}
	}
	return { first, count, weights, sums };
}

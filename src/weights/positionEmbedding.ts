import { DinomalyError } from '../errors';

/** Patch rows and columns of an image. */
export interface PatchGrid {
	readonly rows: number;
	readonly columns: number;
}

/** Taps of one axis: 4 source indices and 4 float32 weights for each output position. */
interface Taps {
	readonly indices: Int32Array;
	readonly weights: Float32Array;
}

/** DINO and DINOv2 add this to the number of patches, so that rounding never loses one; it also shifts the sampling points. */
const OFFSET = 0.1;
/** Keys' cubic kernel as in PyTorch. */
const CUBIC_A = -0.75;
const TAPS = 4;

/**
 * Resamples a position embedding of shape (1 + gridSide^2, dim), cls row first, to (1 + rows * columns, dim): the cls row is kept, the map is
 * interpolated bicubically without antialiasing at points given by the scale (target + 0.1) / gridSide and not by the ratio of
 * the sizes, coordinates in float32 (DINO and DINOv2 `interpolate_pos_encoding`, interpolate_offset 0.1, as the reference uses
 * it). The stored grid itself comes back unchanged. Always returns a new array. Throws ENCODER_INVALID when the table has another size.
 */
export function resamplePositionEmbedding(
	table: Float32Array,
	gridSide: number,
	target: number | PatchGrid,
	dim: number,
): Float32Array {
	const { rows, columns } = typeof target === 'number' ? { rows: target, columns: target } : target;
	const expected = (1 + gridSide * gridSide) * dim;
	if (table.length !== expected) {
		throw new DinomalyError(
			'ENCODER_INVALID',
			`Expected a position embedding of ${expected} values (${gridSide} x ${gridSide} patches and cls, width ${dim}), found ${table.length}`,
			{ hint: 'Use an encoder whose position embedding was made for square images.' },
		);
	}
	if (rows === gridSide && columns === gridSide) return table.slice();
	const out = new Float32Array((1 + rows * columns) * dim);
	out.set(table.subarray(0, dim));
	const map = table.subarray(dim);
	const vertical = cubicTaps(gridSide, rows);
	const horizontal = cubicTaps(gridSide, columns);
	const sums = new Float64Array(dim);
	for (let y = 0; y < rows; y++) {
		for (let x = 0; x < columns; x++) {
			sums.fill(0);
			for (let i = 0; i < TAPS; i++) {
				const sourceRow = vertical.indices[y * TAPS + i] * gridSide;
				for (let j = 0; j < TAPS; j++) {
					const source = (sourceRow + horizontal.indices[x * TAPS + j]) * dim;
					const weight = vertical.weights[y * TAPS + i] * horizontal.weights[x * TAPS + j];
					for (let c = 0; c < dim; c++) sums[c] += weight * map[source + c];
				}
			}
			out.set(sums, (1 + y * columns + x) * dim);
		}
	}
	return out;
}

function cubicTaps(sourceSide: number, targetSide: number): Taps {
	const { fround } = Math;
	const step = fround(1 / ((targetSide + OFFSET) / sourceSide));
	const indices = new Int32Array(targetSide * TAPS);
	const weights = new Float32Array(targetSide * TAPS);
	for (let target = 0; target < targetSide; target++) {
		const position = fround(fround(step * fround(target + 0.5)) - 0.5);
		const first = Math.floor(position) - 1;
		for (let tap = 0; tap < TAPS; tap++) {
			indices[target * TAPS + tap] = Math.min(Math.max(first + tap, 0), sourceSide - 1);
			weights[target * TAPS + tap] = cubicWeight(Math.abs(position - (first + tap)));
		}
	}
	return { indices, weights };
}

/** Keys 1981, equation 4, with a = -0.75. */
function cubicWeight(distance: number): number {
	if (distance <= 1) return ((CUBIC_A + 2) * distance - (CUBIC_A + 3)) * distance * distance + 1;
	if (distance < 2)
		return ((CUBIC_A * distance - 5 * CUBIC_A) * distance + 8 * CUBIC_A) * distance - 4 * CUBIC_A;
	return 0;
}

import { DinomalyError } from '../../errors';

/**
 * Scores as integers of the same order: a float32 maps to a uint32 key such that `a < b` exactly when
 * `key(a) < key(b)`, and equal scores (0 and -0 too) share a key. Integers sort in linear time.
 */

const EXPONENT_BITS = 0x7f800000;
const SIGN_BIT = -0x80000000;

const scratchFloat = new Float32Array(1);
const scratchBits = new Int32Array(scratchFloat.buffer);

/** The scores' bits, as a view: no copy. */
export function bitsOf(scores: Float32Array): Int32Array {
	return new Int32Array(scores.buffer, scores.byteOffset, scores.length);
}

/** Key of a float32's bits; NaN and infinities have none, see `requireFinite`. */
export function keyOfBits(bits: number): number {
	const positiveZero = bits === SIGN_BIT ? 0 : bits;
	return (positiveZero ^ ((positiveZero >> 31) | SIGN_BIT)) >>> 0;
}

/** Key of a score, rounded to float32. */
export function keyOf(score: number): number {
	scratchFloat[0] = score;
	return keyOfBits(scratchBits[0]);
}

/** Score of a key. */
export function scoreOf(key: number): number {
	scratchBits[0] = key >= 0x80000000 ? key ^ SIGN_BIT : ~key;
	return scratchFloat[0];
}

/** Throws SCORE_NOT_FINITE when a score is NaN or infinite: no ranking of such scores means anything. */
export function requireFinite(scores: Float32Array): void {
	const bits = bitsOf(scores);
	for (let i = 0; i < bits.length; i++) {
		if ((bits[i] & EXPONENT_BITS) === EXPONENT_BITS) {
			throw new DinomalyError(
				'SCORE_NOT_FINITE',
				`Expected finite scores, found ${scores[i]} at index ${i}`,
				{
					hint: 'Check the model: training may have diverged, or its weights may be damaged.',
				},
			);
		}
	}
}

import { DinomalyError } from '../../errors';

/**
 * Scores as integers of the same order: a float32 maps to a uint32 key such that `a < b` exactly when
 * `key(a) < key(b)`, and equal scores (0 and -0 too) share a key. Integers sort in linear time.
 */

/** Digit of 11 bits: three passes cover 32 bits, and a pass's 2048 counters stay in the first-level cache. */
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const DIGIT_MASK = DIGITS - 1;
const PASSES = 3;

const EXPONENT_BITS = 0x7f800000;
const SIGN_BIT = -0x80000000;

/** Keys, each with a number that goes where its key goes. */
export interface TaggedKeys {
	readonly keys: Uint32Array;
	readonly tags: Int32Array;
}

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

/**
 * Sorts keys ascending, by least significant digit. Uses `keys` as working space and one more array of its size;
 * the result is in either, so only the returned array is to be used.
 */
export function sortKeys(keys: Uint32Array): Uint32Array {
	const starts = digitStarts(keys);
	let from = keys;
	let to: Uint32Array = new Uint32Array(keys.length);
	for (let pass = 0; pass < PASSES; pass++) {
		const next = starts[pass];
		if (next === null) continue;
		const shift = pass * DIGIT_BITS;
		for (let i = 0; i < from.length; i++) {
			const key = from[i];
			to[next[(key >>> shift) & DIGIT_MASK]++] = key;
		}
		[from, to] = [to, from];
	}
	return from;
}

/** As `sortKeys`, and takes a tag along with each key. */
export function sortTaggedKeys(keys: Uint32Array, tags: Int32Array): TaggedKeys {
	const starts = digitStarts(keys);
	let from: TaggedKeys = { keys, tags };
	let to: TaggedKeys = { keys: new Uint32Array(keys.length), tags: new Int32Array(keys.length) };
	for (let pass = 0; pass < PASSES; pass++) {
		const next = starts[pass];
		if (next === null) continue;
		scatterTagged(from, to, { next, shift: pass * DIGIT_BITS });
		[from, to] = [to, from];
	}
	return from;
}

function scatterTagged(from: TaggedKeys, to: TaggedKeys, digit: { next: Uint32Array; shift: number }): void {
	const { next, shift } = digit;
	const { keys, tags } = from;
	const { keys: toKeys, tags: toTags } = to;
	for (let i = 0; i < keys.length; i++) {
		const key = keys[i];
		const place = next[(key >>> shift) & DIGIT_MASK]++;
		toKeys[place] = key;
		toTags[place] = tags[i];
	}
}

/** For each pass, where the keys of each digit begin; null where all keys share the digit and the pass is idle. */
function digitStarts(keys: Uint32Array): (Uint32Array | null)[] {
	const low = new Uint32Array(DIGITS);
	const middle = new Uint32Array(DIGITS);
	const high = new Uint32Array(DIGITS);
	for (let i = 0; i < keys.length; i++) {
		const key = keys[i];
		low[key & DIGIT_MASK]++;
		middle[(key >>> DIGIT_BITS) & DIGIT_MASK]++;
		high[key >>> (2 * DIGIT_BITS)]++;
	}
	return [low, middle, high].map((counts) => countsToStarts(counts, keys.length));
}

function countsToStarts(counts: Uint32Array, total: number): Uint32Array | null {
	let start = 0;
	for (let digit = 0; digit < DIGITS; digit++) {
		const count = counts[digit];
		if (count === total) return null;
		counts[digit] = start;
		start += count;
	}
	return counts;
}

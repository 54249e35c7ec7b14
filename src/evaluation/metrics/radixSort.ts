/** Sorting of uint32 keys in linear time, least significant digit first; every pass keeps the order of equal digits. */

/** Digit of 11 bits: three passes cover 32 bits, and a pass's 2048 counters stay in the first-level cache. */
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const DIGIT_MASK = DIGITS - 1;

/** Keys per block: 256 KiB. */
const BLOCK_BITS = 16;
const BLOCK_KEYS = 1 << BLOCK_BITS;
const BLOCK_MASK = BLOCK_KEYS - 1;

/** Keys, each with a number that goes where its key goes. */
export interface TaggedKeys {
	readonly keys: Uint32Array;
	readonly tags: Int32Array;
}

/**
 * A growing collection of keys that can be sorted, and grow on.
 *
 * Memory: 4 bytes per key, and 4 more for the sorted array. The blocks themselves serve as the sort's second
 * array, so that the peak does not wait for the garbage collector.
 */
export class KeyCollection {
	readonly #blocks: Uint32Array[] = [];
	#length = 0;

	add(keys: Uint32Array): void {
		let taken = 0;
		while (taken < keys.length) {
			const offset = this.#length & BLOCK_MASK;
			if (offset === 0) this.#blocks.push(new Uint32Array(BLOCK_KEYS));
			const count = Math.min(BLOCK_KEYS - offset, keys.length - taken);
			this.#blocks[this.#blocks.length - 1].set(keys.subarray(taken, taken + count), offset);
			taken += count;
			this.#length += count;
		}
	}

	/** Hands over all keys in no order, some at a time. */
	forEachPart(take: (keys: Uint32Array) => void): void {
		for (let block = 0; block < this.#blocks.length; block++) take(this.#filledPart(block));
	}

	/** All keys, ascending. */
	sorted(): Uint32Array {
		const { low, middle, high } = this.#digitStarts();
		const sorted = new Uint32Array(this.#length);
		this.#scatterTo(sorted, low, 0);
		this.#scatterFrom(sorted, middle, DIGIT_BITS);
		this.#scatterTo(sorted, high, 2 * DIGIT_BITS);
		return sorted;
	}

	#digitStarts(): DigitStarts {
		const counts = noCounts();
		for (let block = 0; block < this.#blocks.length; block++)
			countDigits(this.#filledPart(block), counts);
		return startsOf(counts);
	}

	#scatterTo(to: Uint32Array, next: Uint32Array, shift: number): void {
		for (let block = 0; block < this.#blocks.length; block++) {
			const keys = this.#filledPart(block);
			for (let i = 0; i < keys.length; i++) to[next[(keys[i] >>> shift) & DIGIT_MASK]++] = keys[i];
		}
	}

	#scatterFrom(from: Uint32Array, next: Uint32Array, shift: number): void {
		const blocks = this.#blocks;
		for (let i = 0; i < from.length; i++) {
			const place = next[(from[i] >>> shift) & DIGIT_MASK]++;
			blocks[place >>> BLOCK_BITS][place & BLOCK_MASK] = from[i];
		}
	}

	#filledPart(block: number): Uint32Array {
		return this.#blocks[block].subarray(0, this.#length - block * BLOCK_KEYS);
	}
}

/** Sorts keys ascending, with their tags; returns new arrays. Equal keys keep their order. */
export function sortTaggedKeys(from: TaggedKeys): TaggedKeys {
	const counts = noCounts();
	countDigits(from.keys, counts);
	const { low, middle, high } = startsOf(counts);
	const first = emptyLike(from);
	const second = emptyLike(from);
	scatterTagged(from, first, { next: low, shift: 0 });
	scatterTagged(first, second, { next: middle, shift: DIGIT_BITS });
	scatterTagged(second, first, { next: high, shift: 2 * DIGIT_BITS });
	return first;
}

/** For each digit's values, how many keys have them, or where in the sorted order the next such key goes. */
interface DigitStarts {
	readonly low: Uint32Array;
	readonly middle: Uint32Array;
	readonly high: Uint32Array;
}

function noCounts(): DigitStarts {
	return { low: new Uint32Array(DIGITS), middle: new Uint32Array(DIGITS), high: new Uint32Array(DIGITS) };
}

function countDigits(keys: Uint32Array, { low, middle, high }: DigitStarts): void {
	for (let i = 0; i < keys.length; i++) {
		const key = keys[i];
		low[key & DIGIT_MASK]++;
		middle[(key >>> DIGIT_BITS) & DIGIT_MASK]++;
		high[key >>> (2 * DIGIT_BITS)]++;
	}
}

/** Turns counts into starts, in place. */
function startsOf(counts: DigitStarts): DigitStarts {
	for (const digit of [counts.low, counts.middle, counts.high]) {
		let start = 0;
		for (let value = 0; value < DIGITS; value++) {
			const count = digit[value];
			digit[value] = start;
			start += count;
		}
	}
	return counts;
}

function scatterTagged(from: TaggedKeys, to: TaggedKeys, digit: { next: Uint32Array; shift: number }): void {
	const { next, shift } = digit;
	const { keys: fromKeys, tags: fromTags } = from;
	const { keys: toKeys, tags: toTags } = to;
	for (let i = 0; i < fromKeys.length; i++) {
		const place = next[(fromKeys[i] >>> shift) & DIGIT_MASK]++;
		toKeys[place] = fromKeys[i];
		toTags[place] = fromTags[i];
	}
}

function emptyLike({ keys, tags }: TaggedKeys): TaggedKeys {
	return { keys: new Uint32Array(keys.length), tags: new Int32Array(tags.length) };
}

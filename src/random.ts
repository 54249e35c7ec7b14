/** Seeded random numbers: the same seed gives the same run on every machine, and the state can be saved and restored. */

/** The four 32-bit words of the generator, as plain numbers, so that a checkpoint can hold them. */
export type RandomState = readonly [number, number, number, number];

export interface Random {
	/** Uniform in [0, 1), with 53 random bits. */
	next(): number;
	/** Uniform in 0 .. 2^32 - 1. */
	uint32(): number;
	/** Uniform in 0 .. bound - 1 without bias; `bound` is a whole number in 1 .. 2^32. */
	integer(bound: number): number;
	/** Normal with mean 0 and standard deviation 1. */
	normal(): number;
	/** Shuffles in place (Fisher-Yates) and returns the same array. */
	shuffle<T>(array: T[]): T[];
	/**
	 * Fills `target` with `keepValue` where an element is kept and 0 where it is dropped.
	 * `rate` is the share dropped, in [0, 1], rounded to a multiple of 2^-16. A `keepValue` of
	 * 1 / (1 - rate) gives inverted dropout at once; a Uint8Array takes only whole numbers.
	 */
	fillDropoutMask(target: Uint8Array | Float32Array, rate: number, keepValue?: number): void;
	/** Fills `target` with normal numbers of mean 0 and standard deviation 1. */
	fillNormal(target: Float32Array): void;
	getState(): RandomState;
	/** Continues exactly where `getState` was called. */
	setState(state: RandomState): void;
}

/** Looked up once: where a test runs in a context of its own, a global costs more than the arithmetic. */
const { imul, sqrt, log, cos, sin, PI } = Math;
const { isInteger } = Number;
const TWO_POW_16 = 0x10000;
const TWO_POW_26 = 0x4000000;
const TWO_POW_32 = 0x100000000;
const TWO_POW_MINUS_53 = 2 ** -53;
const MASK_64 = (1n << 64n) - 1n;

/**
 * The generator xoshiro128** 1.1 (Blackman and Vigna 2018), whose state comes from two SplitMix64 outputs, low word first.
 * @param seed a whole number, |seed| <= 2^53 - 1; throws a RangeError otherwise
 */
export function createRandom(seed: number): Random {
	return new Xoshiro128(stateFromSeed(seed));
}

/** A seed for one named purpose, independent of the other purposes of the same seed. */
export function deriveSeed(seed: number, ...names: readonly string[]): number {
	// FNV-1a over the names, mixed with the seed by SplitMix64: adding a consumer never shifts the numbers of another.
	let hash = 0xcbf29ce484222325n;
	for (const name of names) {
		for (const byte of Buffer.from(`${name}\0`, 'utf8')) {
			hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & MASK_64;
		}
	}
	const [mixed] = splitMix64(seedBits(seed) ^ hash, 1);
	return Number(mixed >> 11n);
}

class Xoshiro128 implements Random {
	private a = 0;
	private b = 0;
	private c = 0;
	private d = 0;

	constructor(state: RandomState) {
		this.setState(state);
	}

	uint32(): number {
		const b = this.b;
		const x = imul(b, 5);
		const result = imul((x << 7) | (x >>> 25), 9) >>> 0;
		this.c ^= this.a;
		this.d ^= b;
		this.b ^= this.c;
		this.a ^= this.d;
		this.c ^= b << 9;
		this.d = (this.d << 11) | (this.d >>> 21);
		return result;
	}

	next(): number {
		const high = this.uint32() >>> 5;
		const low = this.uint32() >>> 6;
		return (high * TWO_POW_26 + low) * TWO_POW_MINUS_53;
	}

	integer(bound: number): number {
		if (!isInteger(bound) || bound < 1 || bound > TWO_POW_32) {
			throw new RangeError(`integer: expected a whole bound in 1 .. 2^32, got ${bound}`);
		}
		// Draws above the largest multiple of the bound would favour small results.
		const limit = TWO_POW_32 - (TWO_POW_32 % bound);
		let value = this.uint32();
		while (value >= limit) value = this.uint32();
		return value % bound;
	}

	normal(): number {
		// Box-Muller without keeping the second number, so that the state stays four words. 1 - next() is never 0.
		const radius = sqrt(-2 * log(1 - this.next()));
		return radius * cos(2 * PI * this.next());
	}

	shuffle<T>(array: T[]): T[] {
		for (let i = array.length - 1; i > 0; i--) {
			const j = this.integer(i + 1);
			const swapped = array[i];
			array[i] = array[j];
			array[j] = swapped;
		}
		return array;
	}

	fillDropoutMask(target: Uint8Array | Float32Array, rate: number, keepValue = 1): void {
		if (!(rate >= 0 && rate <= 1))
			throw new RangeError(`fillDropoutMask: expected a rate in [0, 1], got ${rate}`);
		const threshold = Math.round(rate * TWO_POW_16);
		const even = target.length & ~1;
		// The generator of `uint32` with its state in registers: a mask takes tens of millions of draws a step.
		let { a, b, c, d } = this;
		for (let i = 0; i < even; i += 2) {
			const x = imul(b, 5);
			const bits = imul((x << 7) | (x >>> 25), 9);
			const shifted = b << 9;
			c ^= a;
			d ^= b;
			b ^= c;
			a ^= d;
			c ^= shifted;
			d = (d << 11) | (d >>> 21);
			// The sign bit of (half - threshold) is 1 where the element is dropped.
			target[i] = keepValue * (1 - (((bits >>> 16) - threshold) >>> 31));
			target[i + 1] = keepValue * (1 - (((bits & 0xffff) - threshold) >>> 31));
		}
		this.a = a;
		this.b = b;
		this.c = c;
		this.d = d;
		if (even < target.length) target[even] = this.uint32() >>> 16 < threshold ? 0 : keepValue;
	}

	fillNormal(target: Float32Array): void {
		let i = 0;
		for (; i + 1 < target.length; i += 2) {
			const radius = sqrt(-2 * log(1 - this.next()));
			const angle = 2 * PI * this.next();
			target[i] = radius * cos(angle);
			target[i + 1] = radius * sin(angle);
		}
		if (i < target.length) target[i] = this.normal();
	}

	getState(): RandomState {
		return [this.a >>> 0, this.b >>> 0, this.c >>> 0, this.d >>> 0];
	}

	setState(state: RandomState): void {
		// A checkpoint is read from disk, so the type is not enough.
		if (!isState(state)) {
			throw new RangeError(
				`setState: expected four 32-bit words, not all zero, got [${state.join(', ')}]`,
			);
		}
		this.a = state[0] | 0;
		this.b = state[1] | 0;
		this.c = state[2] | 0;
		this.d = state[3] | 0;
	}
}

function stateFromSeed(seed: number): RandomState {
	const [first, second] = splitMix64(seedBits(seed), 2);
	return [lowWord(first), lowWord(first >> 32n), lowWord(second), lowWord(second >> 32n)];
}

function isState(words: readonly number[]): boolean {
	const whole = words.every((word) => isInteger(word) && word >= 0 && word < TWO_POW_32);
	return whole && words.length === 4 && words.some((word) => word !== 0);
}

function seedBits(seed: number): bigint {
	if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: expected a whole number, got ${seed}`);
	return BigInt.asUintN(64, BigInt(seed));
}

/** SplitMix64 (Steele, Lea and Flood 2014), the seeding that the authors of xoshiro recommend. */
function splitMix64(seed: bigint, count: number): bigint[] {
	const outputs: bigint[] = [];
	let state = seed;
	for (let i = 0; i < count; i++) {
		state = (state + 0x9e3779b97f4a7c15n) & MASK_64;
		let z = state;
		z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK_64;
		z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK_64;
		outputs.push(z ^ (z >> 31n));
	}
	return outputs;
}

function lowWord(value: bigint): number {
	return Number(value & 0xffffffffn);
}

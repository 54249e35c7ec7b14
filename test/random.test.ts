import fc from 'fast-check';
import { createRandom, deriveSeed, type RandomState } from '../src/random';

const ALL_SEEDS = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });

/** From xoshiro128starstar.c 1.1 (prng.di.unimi.it) with state {1, 2, 3, 4}, also the test vector of Rust's rand_xoshiro. */
const REFERENCE_STATE: RandomState = [1, 2, 3, 4];
const REFERENCE_OUTPUTS = [
	11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
];

/** Computed with Python's big integers from the published SplitMix64 and xoshiro128** definitions. */
const SEEDED: readonly [number, RandomState, number[]][] = [
	[0, [2065550767, 3793791033, 2713282036, 1853398634], [3737715805, 2584255861, 2876756834]],
	[1, [2298633409, 2433363436, 1703865447, 3203108257], [1695105466, 1423115009, 634581793]],
	[-1, [459615264, 3839455607, 3690365641, 3919575143], [477689756, 2493998634, 555695776]],
	[2 ** 53 - 1, [4021704095, 616124332, 3074421144, 818148089], [1233166643, 1287031142, 661813442]],
];

test('the generator follows the reference outputs of xoshiro128**', () => {
	const random = createRandom(0);
	random.setState(REFERENCE_STATE);
	expect(REFERENCE_OUTPUTS.map(() => random.uint32())).toEqual(REFERENCE_OUTPUTS);
	expect(random.getState()).toEqual([939045227, 1864939416, 1451579149, 2199351389]);
});

test.each(SEEDED)('seed %d gives the SplitMix64 state', (seed, state, outputs) => {
	const random = createRandom(seed);
	expect(random.getState()).toEqual(state);
	expect(outputs.map(() => random.uint32())).toEqual(outputs);
});

test('uniform, normal, shuffle and dropout agree with an independent computation for seed 1', () => {
	const uniform = createRandom(1);
	expect([uniform.next(), uniform.next()]).toEqual([0.3946724931250869, 0.1477500889354657]);
	const normal = createRandom(1);
	expect(normal.normal()).toBeCloseTo(0.6003514352215559, 14);
	expect(normal.normal()).toBeCloseTo(0.43936935307458386, 14);
	expect(createRandom(1).shuffle([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual([2, 3, 0, 7, 9, 4, 5, 1, 8, 6]);
	const mask = new Uint8Array(20);
	createRandom(1).fillDropoutMask(mask, 0.2);
	expect(Array.from(mask).join('')).toBe('11100111011010111110');
});

test('a restored state continues exactly where it was saved', () => {
	fc.assert(
		fc.property(ALL_SEEDS, fc.nat(50), (seed, steps) => {
			const random = createRandom(seed);
			for (let i = 0; i < steps; i++) random.normal();
			const state = JSON.parse(JSON.stringify(random.getState())) as RandomState;
			const expected = [random.next(), random.normal(), random.uint32()];
			const resumed = createRandom(0);
			resumed.setState(state);
			expect([resumed.next(), resumed.normal(), resumed.uint32()]).toEqual(expected);
		}),
	);
});

test('uniform numbers fill [0, 1) evenly (chi-square over 100 bins)', () => {
	const random = createRandom(5);
	const bins = new Float64Array(100);
	const draws = 200_000;
	for (let i = 0; i < draws; i++) bins[Math.floor(random.next() * 100)]++;
	const expected = draws / 100;
	const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
	// 99 degrees of freedom: 99.9 % of samples stay below 148.2.
	expect(chiSquare).toBeLessThan(148.2);
});

test('normal numbers have mean 0, variance 1 and the Gaussian share within one sigma', () => {
	const values = new Float32Array(100_001);
	createRandom(9).fillNormal(values);
	let sum = 0;
	let squares = 0;
	let within = 0;
	for (const value of values) {
		sum += value;
		squares += value * value;
		if (Math.abs(value) < 1) within++;
	}
	expect(Math.abs(sum / values.length)).toBeLessThan(0.015);
	expect(squares / values.length).toBeCloseTo(1, 1);
	expect(within / values.length).toBeCloseTo(0.6827, 2);
});

test('integers cover 0 .. bound - 1 evenly', () => {
	const random = createRandom(3);
	const counts = new Float64Array(7);
	for (let i = 0; i < 70_000; i++) counts[random.integer(7)]++;
	for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(450);
	expect(random.integer(1)).toBe(0);
});

test('a shuffle is a permutation', () => {
	fc.assert(
		fc.property(fc.array(fc.integer()), ALL_SEEDS, (values, seed) => {
			const shuffled = createRandom(seed).shuffle([...values]);
			expect(shuffled.sort((a, b) => a - b)).toEqual([...values].sort((a, b) => a - b));
		}),
	);
});

test.each([0, 0.2, 0.4, 1])('a dropout mask drops a share of %d and scales what it keeps', (rate) => {
	const mask = new Float32Array(200_001);
	createRandom(11).fillDropoutMask(mask, rate, 1.25);
	let dropped = 0;
	for (const value of mask) {
		if (value === 0) dropped++;
		else if (value !== 1.25) throw new Error(`unexpected value ${value}`);
	}
	expect(Math.abs(dropped / mask.length - rate)).toBeLessThan(0.005);
});

test('float and byte masks of one seed drop the same elements', () => {
	const floats = new Float32Array(999);
	const bytes = new Uint8Array(999);
	createRandom(2).fillDropoutMask(floats, 0.3);
	createRandom(2).fillDropoutMask(bytes, 0.3);
	expect(Array.from(floats)).toEqual(Array.from(bytes));
});

test('derived seeds differ by name and by seed, and stay the same', () => {
	const seeds = [
		deriveSeed(1, 'a'),
		deriveSeed(1, 'b'),
		deriveSeed(2, 'a'),
		deriveSeed(1, 'a', 'b'),
		deriveSeed(1, 'ab'),
	];
	expect(new Set(seeds).size).toBe(seeds.length);
	expect(deriveSeed(1, 'a')).toBe(seeds[0]);
	for (const seed of seeds) expect(Number.isSafeInteger(seed)).toBe(true);
});

test.each([Number.NaN, 0.5, 2 ** 60])('seed %d is refused', (seed) => {
	expect(() => createRandom(seed)).toThrow(RangeError);
});

test('impossible bounds, rates and states are refused', () => {
	const random = createRandom(0);
	expect(() => random.integer(0)).toThrow(RangeError);
	expect(() => random.integer(2 ** 33)).toThrow(RangeError);
	expect(() => {
		random.fillDropoutMask(new Uint8Array(1), Number.NaN);
	}).toThrow(RangeError);
	expect(() => {
		random.setState([0, 0, 0, 0]);
	}).toThrow(RangeError);
	expect(() => {
		random.setState([1, 2, 3, -4]);
	}).toThrow(RangeError);
});

import fc from 'fast-check';

import { shareOfLogArea } from '../../../src/evaluation/metrics/aupimo';
import { PixelAccumulator, type PixelMode } from '../../../src/evaluation/metrics/pixelAccumulator';

const SIDE = 256;
const SIZE = SIDE * SIDE;
const [LOWEST, HIGHEST] = [1e-5, 1e-4];

interface Sample {
	readonly map: Float32Array;
	readonly mask: Uint8Array | null;
}

/** Numbers in [0, 1), the same in NumPy (multiplier of Numerical Recipes). */
function linearCongruential(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

/** Exponential noise, brighter by some step within a disc; four good images come first. */
function samples(seed: number, round: (score: number) => number = (score) => score): Sample[] {
	const random = linearCongruential(seed);
	const discs = [undefined, undefined, undefined, undefined, [60, 70, 20, 8], [128, 128, 40, 9.5]];
	return [...discs, [200, 40, 6, 12]].map((disc) => {
		const noise = Array.from({ length: SIZE }, () => -Math.log(1 - random()));
		if (disc === undefined) return { map: Float32Array.from(noise, round), mask: null };
		const [x, y, radius, step] = disc;
		const mask = Uint8Array.from(noise, (_, i) =>
			Number(((i % SIDE) - x) ** 2 + (Math.floor(i / SIDE) - y) ** 2 < radius ** 2),
		);
		return { map: Float32Array.from(noise, (value, i) => round(value + step * mask[i])), mask };
	});
}

function measure(given: readonly Sample[], mode: PixelMode = 'exact') {
	const pixels = new PixelAccumulator({ mode });
	for (const { map, mask } of given) pixels.add(map, mask, SIDE, SIDE);
	return pixels.result().aupimo;
}

/** By the definition: a curve for each image over all thresholds, its area by trapezoids over the logarithm of the shared rate. */
function bruteAupimo(given: readonly Sample[]): number {
	const good = given.filter(({ mask }) => mask === null).flatMap(({ map }) => [...map]);
	const top = Float64Array.from(good).sort().reverse();
	const rateAt = (threshold: number): number =>
		top.subarray(0, 200).filter((score) => score >= threshold).length / good.length;
	const areas = given.flatMap(({ map, mask }) => {
		if (mask === null) return [];
		const own = [...map].filter((_, i) => mask[i] !== 0);
		const thresholds = [...new Set([...own, ...top.subarray(0, 199)])]
			.filter((score) => score > top[199])
			.sort((a, b) => b - a);
		let [area, lastRate, lastOverlap] = [0, 0, 0];
		const level = (rate: number): number => Math.log(Math.min(HIGHEST, Math.max(LOWEST, rate)));
		for (const threshold of thresholds) {
			const rate = rateAt(threshold);
			const overlap = own.filter((score) => score >= threshold).length / own.length;
			const [from, to] = [level(lastRate), level(rate)];
			if (lastRate === 0) area += (to - from) * lastOverlap;
			else if (rate > lastRate) {
				const at = (z: number): number =>
					lastOverlap +
					((overlap - lastOverlap) * (z - Math.log(lastRate))) / Math.log(rate / lastRate);
				area += ((to - from) * (at(from) + at(to))) / 2;
			}
			[lastRate, lastOverlap] = [rate, overlap];
		}
		return [area / Math.log(HIGHEST / LOWEST)];
	});
	return areas.reduce((sum, area) => sum + area, 0) / areas.length;
}

test('AUPIMO equals what an independent NumPy program finds on the same pixels', () => {
	// numpy 2, one curve for each image over all distinct scores, np.trapezoid over the logarithm: 0.12419, 0.60657 and 1.
	expect(measure(samples(7)).value).toBeCloseTo(0.5769205741308104, 12);
});

test('AUPIMO equals its definition, also where good and anomalous pixels tie', () => {
	for (const [seed, round] of [
		[1, (score: number) => score],
		[2, (score: number) => Math.round(score * 1000) / 1000],
		[3, (score: number) => Math.round(score * 20) / 20],
	] as const) {
		const given = samples(seed, round);
		expect(measure(given).value).toBeCloseTo(bruteAupimo(given), 12);
	}
});

test('false positives come from good images only: what a defective image shows beside its mask does not count', () => {
	const given = samples(5);
	const louder = given.map(({ map, mask }) => ({
		map: map.map((score, i) => (mask !== null && mask[i] === 0 ? score + 100 : score)),
		mask,
	}));
	expect(measure(louder)).toEqual(measure(given));
});

test('large and small defects weigh the same: the mean is over images', () => {
	const given = samples(6);
	const defects = given.filter(({ mask }) => mask !== null);
	const alone = defects.map((one) => measure([...given.slice(0, 4), one]).value!);
	expect(measure(given).value).toBeCloseTo((alone[0] + alone[1] + alone[2]) / 3, 12);
});

test('without enough good pixels, without defects and with one score for all, the reason says so', () => {
	const [good, , , , defect] = samples(1);
	const constant = { map: new Float32Array(SIZE).fill(0.5), mask: null };
	expect(measure([good, defect])).toEqual({
		value: null,
		reason: expect.stringContaining('at least 100,000 pixels of them, and there are 65536'),
	});
	expect(measure([good, good])).toEqual({
		value: null,
		reason: expect.stringContaining('no anomalous pixel'),
	});
	for (const mode of ['exact', 'histogram'] as const)
		expect(measure([constant, constant, defect], mode)).toEqual({
			value: null,
			reason: expect.stringContaining('131072 of 131072 pixels of good images share the highest score'),
		});
});

test('a defect above all good pixels is 1, one below them 0', () => {
	const [first, second, , , defect] = samples(8);
	const with_ = (score: number): Sample => ({
		map: defect.map.map((value, i) => (defect.mask![i] === 0 ? value : score)),
		mask: defect.mask,
	});
	expect(measure([first, second, with_(1000)]).value).toBe(1);
	expect(measure([first, second, with_(-1)]).value).toBe(0);
});

test('the share of a pixel lies in [0, 1] and falls with the false positives above it', () => {
	const count = fc.integer({ min: 0, max: 500 });
	fc.assert(
		fc.property(count, count, count, fc.integer({ min: 100_000, max: 4_000_000 }), (a, b, c, pixels) => {
			const [first, second, third] = [a, b, c].sort((x, y) => x - y);
			const limits = { lowest: LOWEST * pixels, highest: HIGHEST * pixels };
			const [early, late] = [
				shareOfLogArea(first, second, limits),
				shareOfLogArea(second, third, limits),
			];
			expect(early).toBeLessThanOrEqual(1);
			expect(late).toBeGreaterThanOrEqual(0);
			expect(late).toBeLessThanOrEqual(early + 1e-12);
		}),
		{ numRuns: 500, seed: 41 },
	);
});

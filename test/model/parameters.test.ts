import { sizeOf } from '../../src/graph';
import type { ModelConfig } from '../../src/model/config';
import type { EncoderDims } from '../../src/model/layout';
import { initialParameters, parameterCount, parameterSpecs } from '../../src/model/parameters';
import { createRandom } from '../../src/random';
import { describeGolden } from '../support/golden';
import { DINOMALY2_CASES, DINOMALY_CASES, GOLDEN_REDUCED_WIDTH } from '../support/goldenCases';
import { openGolden, parametersOf, REFERENCE_MODEL, TINY_DIMS } from '../support/goldenModel';
import { maxDifference } from '../support/run';

const BASE: EncoderDims = { ...TINY_DIMS, dim: 768, heads: 12 };
const CONV: ModelConfig = { ...REFERENCE_MODEL, mixer: { kind: 'conv', kernel: 5 } };
/** Deviation of a normal distribution of deviation 0.01 that is cut at three times that. */
const CUT_DEVIATION = 0.01 * 0.98658;

interface Statistics {
	readonly mean: number;
	readonly deviation: number;
	readonly largest: number;
}

function statistics(values: Float32Array): Statistics {
	const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
	const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
	const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
	return { mean, deviation: Math.sqrt(squares / values.length), largest };
}

describeGolden('parameters agree with the reference', () => {
	test.each([...DINOMALY_CASES, ...DINOMALY2_CASES])(
		'names and shapes of $file',
		async ({ file, config }) => {
			const specs = parameterSpecs(config, TINY_DIMS, GOLDEN_REDUCED_WIDTH);
			const ours = Object.fromEntries(specs.map(({ name, shape }) => [name, shape]));
			const theirs = parametersOf(await openGolden(file), 'param');
			expect(ours).toEqual(Object.fromEntries([...theirs].map(([name, { shape }]) => [name, shape])));
		},
	);

	test("the spread of fresh weights is the reference's", async () => {
		const theirs = parametersOf(await openGolden('model_la_official_init'), 'param');
		const ours = initialParameters(parameterSpecs(REFERENCE_MODEL, TINY_DIMS), createRandom(1));
		const name = 'decoder.0.mlp.fc1.weight';
		const { mean, deviation, largest } = statistics(theirs.get(name)!.data);
		const own = statistics(ours.get(name)!);
		expect(Math.abs(own.mean - mean)).toBeLessThan(5e-4);
		expect(own.deviation / deviation).toBeCloseTo(1, 1);
		expect(Math.max(own.largest, largest)).toBeLessThanOrEqual(Math.fround(0.03));
		for (const one of ['decoder.0.mlp.fc1.bias', 'decoder.3.norm1.weight', 'decoder.3.norm1.bias']) {
			expect(ours.get(one)).toEqual(theirs.get(one)!.data);
		}
	});
});

describe('fresh parameters', () => {
	const specs = parameterSpecs(CONV, TINY_DIMS);
	const fresh = initialParameters(specs, createRandom(3));

	test('weights are normal with deviation 0.01, cut at 0.03', () => {
		const all = [...fresh]
			.filter(([name]) => /(fc|pwconv)\d\.weight$/.test(name))
			.map(([, values]) => values);
		const joined = new Float32Array(all.reduce((sum, { length }) => sum + length, 0));
		all.reduce((start, values) => (joined.set(values, start), start + values.length), 0);
		const { mean, deviation, largest } = statistics(joined);
		const standardError = CUT_DEVIATION / Math.sqrt(joined.length);
		expect(Math.abs(mean)).toBeLessThan(4 * standardError);
		expect(Math.abs(deviation / CUT_DEVIATION - 1)).toBeLessThan(4 / Math.sqrt(2 * joined.length));
		expect(largest).toBeLessThanOrEqual(Math.fround(0.03));
		expect(largest).toBeGreaterThan(0.0295);
	});

	test('biases are 0, gains are 1', () => {
		for (const [name, values] of fresh) {
			if (name.endsWith('.bias')) expect(new Set(values)).toEqual(new Set([0]));
			if (/norm\d\.weight$/.test(name)) expect(new Set(values)).toEqual(new Set([1]));
		}
	});

	test('depthwise kernels are uniform within 1 / side', () => {
		const { mean, deviation, largest } = statistics(fresh.get('decoder.0.conv.dwconv.weight')!);
		expect(Math.abs(mean)).toBeLessThan(0.015);
		expect(deviation / (0.2 / Math.sqrt(3))).toBeCloseTo(1, 1);
		expect(largest).toBeLessThanOrEqual(Math.fround(0.2));
	});

	test('the same seed gives the same parameters, another seed others', () => {
		const [again, other] = [3, 4].map((seed) => initialParameters(specs, createRandom(seed)));
		for (const [name, values] of fresh) expect(maxDifference(again.get(name)!, values)).toBe(0);
		const name = 'decoder.7.mlp.fc2.weight';
		expect(maxDifference(other.get(name)!, fresh.get(name)!)).toBeGreaterThan(0.01);
	});

	test('every tensor has as many values as its shape says', () => {
		for (const { name, shape } of specs) expect(fresh.get(name)).toHaveLength(sizeOf(shape));
		expect(new Set(specs.map(({ name }) => name)).size).toBe(specs.length);
	});
});

test('a decoder for ViT-B has 61.4 million parameters', () => {
	const dim = 768;
	const mlp = 8 * dim * dim + 5 * dim;
	const block = 4 * dim * dim + 4 * dim + mlp + 4 * dim;
	expect(parameterCount(parameterSpecs(REFERENCE_MODEL, BASE))).toBe(mlp + 8 * block);
});

test('the reduced bottleneck has a first layer of 256 unless told otherwise', () => {
	const specs = parameterSpecs({ ...REFERENCE_MODEL, bottleneck: 'reduced' }, BASE);
	const shapes = Object.fromEntries(specs.map(({ name, shape }) => [name, shape]));
	expect(shapes['bottleneck.fc0.weight']).toEqual([256, 768]);
	expect(shapes['bottleneck.fc1.weight']).toEqual([3072, 256]);
	expect(shapes['bottleneck.fc2.weight']).toEqual([768, 3072]);
});

test('recentering alone does not change the layers', () => {
	const recentered = parameterSpecs({ ...REFERENCE_MODEL, recentering: true }, TINY_DIMS);
	expect(recentered).toEqual(parameterSpecs(REFERENCE_MODEL, TINY_DIMS));
});

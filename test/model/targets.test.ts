import { Graph } from '../../src/graph';
import type { ModelConfig } from '../../src/model/config';
import { tokenLayout, type EncoderDims } from '../../src/model/layout';
import { targetsOf, tokensFirst } from '../../src/model/targets';
import { createRandom } from '../../src/random';
import type { Value } from '../../src/runtime/session';
import { float32ToHalf, halfToFloat32 } from '../../src/weights/halfPrecision';
import { floatsOf, REFERENCE_MODEL, swapFirstAxes } from '../support/goldenModel';
import { floats, maxDifference, runGraph } from '../support/run';

const DIMS: EncoderDims = {
	dim: 4,
	heads: 1,
	patch: 14,
	registers: 1,
	targetLayers: [0, 1, 2, 3, 4, 5, 6, 7],
};
const CONFIG: ModelConfig = { ...REFERENCE_MODEL, imageSize: 28, cropSize: 28 };
const IMAGES = 2;
const TOKENS = 6;
const SIZE = TOKENS * IMAGES * DIMS.dim;

function randomFeatures(): Uint16Array[] {
	const random = createRandom(1);
	return [0, 1].map(() => {
		const values = new Float32Array(SIZE);
		random.fillNormal(values);
		return float32ToHalf(values);
	});
}

async function targets(features: readonly Value[], config: ModelConfig): Promise<Record<string, Value>> {
	const graph = new Graph();
	const inputs = features.map(({ dtype, shape }, k) => graph.input(`feature${k}`, dtype, shape));
	const { fused, groups } = targetsOf(inputs, config, DIMS);
	graph.output('fused', fused);
	groups.forEach((group, k) => {
		graph.output(`group${k}`, group);
	});
	return runGraph(graph, Object.fromEntries(features.map((value, k) => [`feature${k}`, value])));
}

describe('bottleneck input and targets', () => {
	const halves = randomFeatures();
	const shape = [TOKENS, IMAGES, DIMS.dim];
	const singles = halves.map((half) => halfToFloat32(half));
	const asFloat32 = singles.map((data) => floats(data, shape));
	const asFloat16 = halves.map((data): Value => ({ dtype: 'float16', shape, data }));

	test('the bottleneck sees the mean of all groups, every token', async () => {
		const { fused } = await targets(asFloat32, CONFIG);
		expect(fused.shape).toEqual([TOKENS * IMAGES, DIMS.dim]);
		const mean = singles[0].map((value, i) => (value + singles[1][i]) / 2);
		expect(maxDifference(floatsOf(fused), mean)).toBeLessThan(1e-6);
	});

	test('targets are patches only', async () => {
		const { group1 } = await targets(asFloat32, CONFIG);
		expect(group1.shape).toEqual([4, IMAGES, DIMS.dim]);
		expect(floatsOf(group1)).toEqual(singles[1].slice(2 * IMAGES * DIMS.dim));
	});

	test('a convolutional mixer sees patches only', async () => {
		const { fused } = await targets(asFloat32, { ...CONFIG, mixer: { kind: 'conv', kernel: 3 } });
		expect(fused.shape).toEqual([4 * IMAGES, DIMS.dim]);
	});

	test('float16 features are computed with in float32', async () => {
		const full = await targets(asFloat32, { ...CONFIG, recentering: true });
		const half = await targets(asFloat16, { ...CONFIG, recentering: true });
		for (const name of Object.keys(full)) expect(floatsOf(half[name])).toEqual(floatsOf(full[name]));
	});

	test('recentered targets have mean 0 and variance 1 and do not change with the class token and patches together', async () => {
		const { group0 } = await targets(asFloat32, { ...CONFIG, recentering: true });
		const shifted = floats(
			singles[0].map((value) => value + 3),
			shape,
		);
		const { group0: again } = await targets([shifted, asFloat32[1]], { ...CONFIG, recentering: true });
		expect(maxDifference(floatsOf(again), floatsOf(group0))).toBeLessThan(1e-5);
		for (let row = 0; row < 4 * IMAGES; row++) {
			const values = floatsOf(group0).subarray(row * DIMS.dim, (row + 1) * DIMS.dim);
			const mean = values.reduce((sum, value) => sum + value, 0) / DIMS.dim;
			const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / DIMS.dim;
			expect(mean).toBeCloseTo(0, 5);
			expect(variance).toBeCloseTo(1, 4);
		}
	});

	test('tokens come first in the layout of the decoder', async () => {
		const graph = new Graph();
		graph.output('out', tokensFirst(graph.input('x', 'float32', [IMAGES, TOKENS, DIMS.dim])));
		const { out } = await runGraph(graph, { x: floats(singles[0], [IMAGES, TOKENS, DIMS.dim]) });
		expect(floatsOf(out)).toEqual(swapFirstAxes(singles[0], IMAGES, TOKENS));
	});

	test('token counts follow crop, patch, registers and mixer', () => {
		const { grid, patches, prefix, encoderTokens, decoderTokens } = tokenLayout(CONFIG, DIMS);
		expect([grid, patches, prefix, encoderTokens, decoderTokens]).toEqual([2, 4, 2, 6, 6]);
		expect(tokenLayout({ ...CONFIG, mixer: { kind: 'conv', kernel: 3 } }, DIMS).decoderTokens).toBe(4);
	});
});

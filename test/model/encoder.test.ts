import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../src/graph';
import { buildEncoder } from '../../src/model/encoder';
import { layerGroups } from '../../src/model/layout';
import { createRandom } from '../../src/random';
import type { Value } from '../../src/runtime/session';
import { describeGolden } from '../support/golden';
import {
	encodeTiny,
	floatsOf,
	openGolden,
	openTinyEncoder,
	TINY_DIMS,
	type Golden,
} from '../support/goldenModel';
import { randomEncoder } from '../support/randomEncoder';
import { floats, relativeError, runGraph } from '../support/run';
import { encoderBlocks } from '../support/tfjsEncoder';
import { useTfjsCpu } from '../support/tfjsStep';

/** float32 of the reference is about 1e-6 away from its own float64. */
const TOLERANCE = 5e-6;

describeGolden('the encoder agrees with the reference', () => {
	let golden: Golden;
	let outputs: Record<string, Value>;

	beforeAll(async () => {
		golden = await openGolden('model_la');
		const graph = buildEncoder({
			weights: await openTinyEncoder(),
			cropSize: 56,
			images: 2,
			targetLayers: TINY_DIMS.targetLayers,
			groups: 2,
			exposeBlocks: true,
		});
		outputs = await runGraph(graph, { image: floats(golden.floats('x'), golden.shape('x')) });
	});

	test('tokens before the first block: class token, registers without position, patches', () => {
		expect(outputs.tokens0.shape).toEqual([2, 21, 32]);
		expect(relativeError(floatsOf(outputs.tokens0), golden.floats('tokens0'))).toBeLessThan(TOLERANCE);
	});

	test.each(Array.from({ length: 10 }, (_, i) => i))('residual stream after block %i', (block) => {
		const actual = floatsOf(outputs[`block${block}`]);
		expect(relativeError(actual, golden.floats(`enc_block_${block}`))).toBeLessThan(TOLERANCE);
	});

	test('blocks after the last target layer are not built', () => {
		expect(outputs).not.toHaveProperty('block10');
	});

	test('the embedding sums the directions of the patch tokens of each group, without class and registers', () => {
		const [images, tokens, width] = outputs.feature0.shape;
		const expected = Array.from({ length: images }, (_, image) =>
			['feature0', 'feature1'].flatMap((name) => {
				const sum = new Array<number>(width).fill(0);
				for (let token = 1 + TINY_DIMS.registers; token < tokens; token++) {
					const at = (image * tokens + token) * width;
					const values = [...floatsOf(outputs[name]).subarray(at, at + width)];
					const length = Math.hypot(...values);
					for (const [i, value] of values.entries()) sum[i] += value / length;
				}
				return sum;
			}),
		).flat();
		expect(outputs.embedding.shape).toEqual([images, 2 * width]);
		expect(relativeError(floatsOf(outputs.embedding), expected)).toBeLessThan(TOLERANCE);
	});

	test.each([1, 2, 4, 8])('%i groups are the means of their target layers', async (groups) => {
		const image = { data: golden.floats('x'), shape: golden.shape('x') };
		const features = await encodeTiny(image, groups);
		expect(features).toHaveLength(groups);
		layerGroups(groups).forEach((layers, k) => {
			const mean = new Float64Array(features[k].length);
			for (const layer of layers) {
				const block = golden.floats(`enc_block_${TINY_DIMS.targetLayers[layer]}`);
				for (let i = 0; i < mean.length; i++) mean[i] += block[i] / layers.length;
			}
			expect(relativeError(features[k], mean)).toBeLessThan(TOLERANCE);
		});
	});
});

describe('the encoder agrees with TensorFlow.js', () => {
	beforeAll(useTfjsCpu);

	const fused = { plainAttention: false };
	const plain = { plainAttention: true };
	test.each([
		{ family: 'dinov2', registers: 4, layerScale: true, ...fused },
		{ family: 'vit', registers: 0, layerScale: false, ...fused },
		{ family: 'beit', registers: 0, layerScale: true, ...fused },
		{ family: 'dinov2', registers: 4, layerScale: true, ...plain },
		{ family: 'vit', registers: 0, layerScale: false, ...plain },
		{ family: 'beit', registers: 0, layerScale: true, ...plain },
	] as const)(
		'$family with $registers registers, attention written out: $plainAttention',
		async (traits) => {
			const { plainAttention, ...architecture } = traits;
			const weights = randomEncoder(architecture);
			const targetLayers = [0, 1, 2, 3, 4, 5, 6, 7];
			const graph = buildEncoder({
				weights,
				cropSize: 6,
				images: 2,
				targetLayers,
				groups: 8,
				plainAttention,
			});
			const shape: [number, number, number, number] = [2, 3, 6, 6];
			const image = new Float32Array(sizeOf(shape));
			createRandom(4).fillNormal(image);
			const outputs = await runGraph(graph, { image: floats(image, shape) });
			const expected = encoderBlocks(tf.tensor4d(image, shape), weights, targetLayers);
			for (const [k, block] of expected.entries()) {
				expect(outputs[`feature${k}`].shape).toEqual(block.shape);
				const reference = (await block.data()) as Float32Array;
				expect(relativeError(floatsOf(outputs[`feature${k}`]), reference)).toBeLessThan(TOLERANCE);
			}
		},
	);
});

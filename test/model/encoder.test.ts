import { buildEncoder } from '../../src/model/encoder';
import { layerGroups } from '../../src/model/layout';
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
import { floats, relativeError, runGraph } from '../support/run';

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

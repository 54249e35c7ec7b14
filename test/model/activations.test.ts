import { eluPlusOne, gelu, Graph, layerNorm, normalise, type Tensor } from '../../src/graph';
import { describeGolden } from '../support/golden';
import { floatsOf, openGolden, type Golden } from '../support/goldenModel';
import { floats, maxDifference, runGraph } from '../support/run';

async function apply(
	x: Float32Array,
	shape: readonly number[],
	operator: (x: Tensor) => Tensor,
): Promise<Float32Array> {
	const graph = new Graph();
	graph.output('y', operator(graph.input('x', 'float32', shape)));
	return floatsOf((await runGraph(graph, { x: floats(x, shape) })).y);
}

describeGolden('activations and norms agree with the reference', () => {
	let golden: Golden;
	beforeAll(async () => {
		golden = await openGolden('misc');
	});

	test('GELU is the exact one', async () => {
		const y = await apply(golden.floats('gelu_x'), golden.shape('gelu_x'), gelu);
		expect(maxDifference(y, golden.floats('gelu_y'))).toBeLessThan(1e-6);
	});

	test('elu + 1', async () => {
		const y = await apply(golden.floats('elu1_x'), golden.shape('elu1_x'), eluPlusOne);
		expect(maxDifference(y, golden.floats('elu1_y'))).toBeLessThan(1e-6);
	});

	test.each([1e-8, 1e-6, 1e-5])(
		'layer norm with epsilon %d, which small rows make visible',
		async (epsilon) => {
			const shape = golden.shape('ln_x');
			const expected = golden.floats(`ln_eps${epsilon.toExponential().replace(/-(\d)$/, '-0$1')}`);
			const x = golden.floats('ln_x');
			expect(maxDifference(await apply(x, shape, (t) => normalise(t, epsilon)), expected)).toBeLessThan(
				2e-6,
			);
			const [, width] = shape;
			const affine = await apply(x, shape, (t) => {
				const ones = t.graph.constant(new Float32Array(width).fill(1), [width]);
				return layerNorm(t, ones, t.graph.constant(new Float32Array(width), [width]), epsilon);
			});
			expect(maxDifference(affine, expected)).toBeLessThan(2e-6);
		},
	);
});

import { add, gelu, gemm, Graph, linear, mul, quantiseLinears, reshape, type Tensor } from '../../src/graph';
import { rewrite } from '../../src/graph/rewrite';
import { createRandom, type Random } from '../../src/random';
import { describeInt8 } from '../support/int8';
import { floats, maxDifference, relativeError, runGraph } from '../support/run';

const ROWS = 5;
const INNER = 96;
const OUT = 64;

function normals(random: Random, length: number, deviation = 1): Float32Array {
	const data = new Float32Array(length);
	random.fillNormal(data);
	return data.map((value) => value * deviation);
}

/** ONNX's DynamicQuantizeLinear and symmetric weights with a scale per output, in whole numbers, written from the specification. */
function byHand(x: Float32Array, weight: Float32Array, bias: Float32Array): Float64Array {
	const [low, high] = [Math.min(0, ...x), Math.max(0, ...x)];
	const scale = (high - low) / 255;
	const zero = Math.min(255, Math.max(0, Math.round(-low / scale)));
	const result = new Float64Array(ROWS * OUT);
	for (let o = 0; o < OUT; o++) {
		const row = weight.subarray(o * INNER, (o + 1) * INNER);
		const unit = Math.max(...row.map(Math.abs)) / 127;
		for (let r = 0; r < ROWS; r++) {
			let sum = 0;
			for (let i = 0; i < INNER; i++) {
				const code = Math.min(255, Math.max(0, Math.round(x[r * INNER + i] / scale) + zero));
				sum += (code - zero) * Math.round(row[i] / unit);
			}
			result[r * OUT + o] = sum * scale * unit + bias[o];
		}
	}
	return result;
}

describeInt8('a linear layer in 8-bit integers', () => {
	test('gives what whole numbers give by hand, and nearly what float32 gives', async () => {
		const random = createRandom(3);
		const x = normals(random, ROWS * INNER, 2);
		const weight = normals(random, OUT * INNER, 0.1);
		const bias = normals(random, OUT);
		const graph = new Graph();
		const layer = linear(
			graph.input('x', 'float32', [ROWS, INNER]),
			graph.constant(weight, [OUT, INNER]),
			graph.constant(bias, [OUT]),
		);
		graph.output('y', layer);
		const feeds = { x: floats(x, [ROWS, INNER]) };
		const quantised = (await runGraph(quantiseLinears(graph), feeds)).y.data as Float32Array;
		const exact = (await runGraph(graph, feeds)).y.data as Float32Array;
		expect(maxDifference(quantised, byHand(x, weight, bias))).toBeLessThan(1e-4);
		expect(relativeError(quantised, exact)).toBeGreaterThan(1e-4);
		expect(relativeError(quantised, exact)).toBeLessThan(0.02);
	});

	test('an output whose weights are all 0 gives its bias', async () => {
		const random = createRandom(4);
		const weight = normals(random, OUT * INNER);
		weight.fill(0, 0, INNER);
		const bias = normals(random, OUT);
		const graph = new Graph();
		const x = graph.input('x', 'float32', [ROWS, INNER]);
		graph.output('y', linear(x, graph.constant(weight, [OUT, INNER]), graph.constant(bias, [OUT])));
		const { y } = await runGraph(quantiseLinears(graph), {
			x: floats(normals(random, ROWS * INNER), [ROWS, INNER]),
		});
		for (let r = 0; r < ROWS; r++) expect((y.data as Float32Array)[r * OUT]).toBe(bias[0]);
	});
});

function operatorsOf(graph: Graph): string[] {
	return graph.liveNodes().map(({ opType }) => opType);
}

describe('which layers are quantised', () => {
	const weight = new Float32Array(OUT * INNER).fill(0.5);

	function layerOf(make: (x: Tensor, graph: Graph) => Tensor): string[] {
		const graph = new Graph();
		graph.output('y', make(graph.input('x', 'float32', [ROWS, INNER]), graph));
		return operatorsOf(quantiseLinears(graph));
	}

	test('those with fixed weights, also when these are worked out of constants', () => {
		const folded = layerOf((x, graph) => {
			const gain = graph.constant(new Float32Array(INNER).fill(2), [INNER]);
			return linear(x, mul(graph.constant(weight, [OUT, INNER]), gain), null);
		});
		expect(folded).toContain('DynamicQuantizeMatMul');
		expect(folded).not.toContain('Gemm');
	});

	test.each<[string, (x: Tensor, graph: Graph) => Tensor]>([
		['weights that change', (x, graph) => linear(x, graph.input('w', 'float32', [OUT, INNER]), null)],
		[
			'a bias that changes',
			(x, graph) => linear(x, graph.constant(weight, [OUT, INNER]), graph.input('b', 'float32', [OUT])),
		],
		['weights in rows', (x, graph) => gemm(x, graph.constant(weight, [INNER, OUT]))],
		[
			'a factor',
			(x, graph) =>
				gemm(x, graph.constant(weight, [OUT, INNER]), null, { transposeB: true, alpha: 0.5 }),
		],
		[
			'few outputs',
			(x, graph) => linear(x, graph.constant(weight.slice(0, 8 * INNER), [8, INNER]), null),
		],
	])('not those with %s', (_, make) => {
		expect(layerOf(make)).not.toContain('DynamicQuantizeMatMul');
		expect(layerOf(make)).toContain('Gemm');
	});
});

test('a rewritten graph keeps names, shared constants and every bit of its results', async () => {
	const random = createRandom(5);
	const graph = new Graph();
	const x = graph.input('x', 'float32', [ROWS, INNER]);
	const shared = graph.constant(normals(random, INNER), [INNER], 'shared');
	const hidden = gelu(add(x, shared));
	graph.output('hidden', hidden);
	graph.output('again', hidden);
	graph.output('x again', x);
	graph.output('shared again', reshape(shared, [1, INNER]));
	const copy = rewrite(graph, () => null);
	expect([...copy.outputs.keys()]).toEqual([...graph.outputs.keys()]);
	expect(copy.constants.map(({ name }) => name)).toContain('shared');
	expect(copy.constants[0].data).toBe(graph.constants[0].data);
	const feeds = { x: floats(normals(random, ROWS * INNER), [ROWS, INNER]) };
	expect(await runGraph(copy, feeds)).toEqual(await runGraph(graph, feeds));
});

import {
	foldConstants,
	Graph,
	halveLinears,
	linear,
	mul,
	quantiseLinears,
	scale,
	serialise,
	standardQuantisedLinear,
} from '../../src/graph';
import { createRandom, type Random } from '../../src/random';
import { describeInt8 } from '../support/int8';
import { parseModel } from '../support/onnxReader';
import { floats, maxDifference, relativeError, runGraph } from '../support/run';

const ROWS = 5;
const INNER = 96;
const OUT = 64;

function normals(random: Random, length: number, deviation = 1): Float32Array {
	const data = new Float32Array(length);
	random.fillNormal(data);
	return data.map((value) => value * deviation);
}

interface Layer {
	readonly x: Float32Array;
	readonly weight: Float32Array;
	readonly bias: Float32Array;
	readonly graph: Graph;
}

/** A layer whose weights are made of two constants, as those of encoders with layer scale are. */
function layer(seed: number): Layer {
	const random = createRandom(seed);
	const [x, weight, bias] = [
		normals(random, ROWS * INNER, 2),
		normals(random, OUT * INNER, 0.1),
		normals(random, OUT),
	];
	const graph = new Graph();
	const halves = mul(
		graph.constant(
			weight.map((value) => value / 2),
			[OUT, INNER],
		),
		graph.scalar(2),
	);
	const y = linear(graph.input('x', 'float32', [ROWS, INNER]), halves, graph.constant(bias, [OUT]));
	graph.output('y', scale(y, 3));
	return { x, weight, bias, graph };
}

const compute = async (graph: Graph) =>
	Object.fromEntries(Object.entries(await runGraph(graph, {})).map(([name, { data }]) => [name, data]));

const run = async (graph: Graph, x: Float32Array): Promise<Float32Array> =>
	(await runGraph(graph, { x: floats(x, [ROWS, INNER]) })).y.data as Float32Array;

/** The nearest float16, from its definition: 11 bits of significand, nothing below 2^-24. */
function half(value: number): number {
	if (value === 0) return 0;
	const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value))));
	const unit = 2 ** (exponent - 10);
	const steps = value / unit;
	const low = Math.floor(steps);
	const up = steps - low > 0.5 || (steps - low === 0.5 && low % 2 !== 0);
	return (up ? low + 1 : low) * unit;
}

test('a linear layer in float16 gives what rounded factors give by hand', async () => {
	const { x, weight, bias, graph } = layer(3);
	const byHand = new Float64Array(ROWS * OUT);
	for (let r = 0; r < ROWS; r++)
		for (let o = 0; o < OUT; o++) {
			let sum = half(bias[o]);
			for (let i = 0; i < INNER; i++) sum += half(x[r * INNER + i]) * half(weight[o * INNER + i]);
			byHand[r * OUT + o] = 3 * sum;
		}
	const found = await run(halveLinears(graph), x);
	const exact = await run(graph, x);
	// The result itself is rounded to 11 bits, and sums may be as well.
	expect(relativeError(found, byHand)).toBeLessThan(1e-3);
	expect(maxDifference(found, exact)).toBeGreaterThan(1e-4);
});

test('what float16 cannot hold is clipped, not infinite', async () => {
	const { graph, x } = layer(4);
	x[0] = 1e6;
	expect((await run(halveLinears(graph), x)).every(Number.isFinite)).toBe(true);
});

test('folding computes what never changes once, and nothing else changes', async () => {
	const { x, graph } = layer(5);
	const coarse = halveLinears(graph);
	const folded = await foldConstants(coarse, compute);
	expect([...(await run(folded, x))]).toEqual([...(await run(coarse, x))]);
	const { nodes, initialisers } = parseModel(serialise(folded));
	expect(nodes.map(({ opType }) => opType)).toEqual(['Min', 'Max', 'Cast', 'Gemm', 'Cast', 'Mul']);
	const FLOAT16 = 10;
	const weights = initialisers.find(({ shape }) => shape.length === 2);
	expect(weights).toMatchObject({ elementType: FLOAT16, shape: [OUT, INNER] });
	expect(weights!.raw).toHaveLength(2 * OUT * INNER);
});

test('a graph in which everything changes stays as it is', async () => {
	const graph = new Graph();
	graph.output('y', scale(graph.input('x', 'float32', [2]), 2));
	expect(await foldConstants(graph, compute)).toBe(graph);
});

describeInt8('a linear layer in 8-bit integers in operators of ONNX itself', () => {
	test("gives what the runtime's own operator gives", async () => {
		const { x, graph } = layer(6);
		const standard = quantiseLinears(graph, standardQuantisedLinear);
		const own = await run(quantiseLinears(graph), x);
		expect(relativeError(await run(standard, x), own)).toBeLessThan(1e-6);
		const folded = await foldConstants(standard, compute);
		expect(relativeError(await run(folded, x), own)).toBeLessThan(1e-6);
		const { nodes, initialisers } = parseModel(serialise(folded));
		expect(nodes.every(({ domain }) => domain === '')).toBe(true);
		const INT8 = 3;
		expect(
			initialisers.some(({ elementType, shape }) => elementType === INT8 && shape.length === 2),
		).toBe(true);
	});
});

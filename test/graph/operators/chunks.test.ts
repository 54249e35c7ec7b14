import {
	add,
	geluLinear,
	Graph,
	gradients,
	inChunks,
	linear,
	mul,
	normalise,
	reshape,
	scale,
	sumAll,
	transpose,
	type Tensor,
} from '../../../src/graph';
import { createRandom } from '../../../src/random';
import { floatsOf } from '../../support/goldenModel';
import { refusalOf } from '../../support/refusals';
import { floats, relativeError, runGraph } from '../../support/run';

const COUNT = 3;
const ROWS = 1200;
const WIDTH = 6;
const WIDE = 10;
const SIZES = {
	x: [COUNT * ROWS, WIDTH],
	keep: [COUNT * ROWS, WIDTH],
	w: [WIDE, WIDTH],
	v: [WIDTH, WIDE],
	b: [WIDTH],
};
type Name = keyof typeof SIZES;

type Work = (
	x: Tensor,
	keep: Tensor,
	weights: Readonly<Record<'w' | 'v' | 'b', Tensor>>,
) => readonly Tensor[];

function normals(shape: readonly number[], seed: number): Float32Array {
	const random = createRandom(seed);
	return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() / 2);
}

/** Results of `work` and the slopes of a weighted sum of them, in chunks or at once. */
async function run(work: Work, { isChunked, pieceBytes = 0 }: { isChunked: boolean; pieceBytes?: number }) {
	const graph = new Graph({ pieceBytes });
	const at = Object.fromEntries(
		Object.entries(SIZES).map(([name, shape]) => [name, graph.input(name, 'float32', shape)]),
	) as Record<Name, Tensor>;
	const cut = (tensor: Tensor): Tensor => reshape(tensor, [COUNT, ROWS, WIDTH]);
	const results = isChunked
		? inChunks([cut(at.x), cut(at.keep)], (x, keep) => work(x, keep, at)).map((result) =>
				reshape(result, [COUNT * ROWS, result.shape[2]]),
			)
		: work(at.x, at.keep, at);
	const weighted = results.map((result, i) =>
		sumAll(mul(result, graph.constant(normals(result.shape, i + 9), result.shape))),
	);
	const weights = [at.w, at.v, at.b];
	const slopes = gradients(weighted.reduce(add), weights);
	for (const [i, result] of results.entries()) graph.output(`result${i}`, result);
	for (const [i, slope] of slopes.entries()) if (slope) graph.output(`slope${i}`, slope);
	const found = await runGraph(
		graph,
		Object.fromEntries(
			Object.entries(SIZES).map(([name, shape], i) => [name, floats(normals(shape, i), shape)]),
		),
	);
	return {
		found: new Map(Object.entries(found).map(([name, value]) => [name, floatsOf(value)])),
		scans: graph.liveNodes().filter(({ opType }) => opType === 'Scan').length,
	};
}

const block: Work = (x, keep, { w, v, b }) => {
	const rows = mul(x, keep);
	return [add(rows, geluLinear(linear(normalise(rows, 1e-6, 1), w, null), v, b))];
};

test.each<[string, Work]>([
	['a block', block],
	[
		'two blocks with the same weights',
		(x, keep, at) => block(...(block(x, keep, at) as [Tensor]), keep, at),
	],
	[
		'two results, one of them on the way to the other',
		(x, keep, at) => {
			const [first] = block(x, keep, at);
			return [first, ...block(first, keep, at)];
		},
	],
	[
		'a weight that is made of others outside',
		(x, keep, at) => block(x, keep, { ...at, w: add(at.w, transpose(scale(at.v, 2), [1, 0])) }),
	],
	['a weight that nothing flows back to', (x, keep, { w }) => [linear(mul(x, keep), w, null)]],
])('%s: results and slopes are the same in chunks and at once', async (_, work) => {
	const whole = await run(work, { isChunked: false });
	expect(whole.scans).toBe(0);
	for (const pieceBytes of [0, 4 * WIDE * 100]) {
		const chunked = await run(work, { isChunked: true, pieceBytes });
		expect(chunked.scans).toBe(2);
		expect([...chunked.found.keys()]).toEqual([...whole.found.keys()]);
		for (const [name, values] of chunked.found)
			expect(relativeError(values, whole.found.get(name) ?? [])).toBeLessThan(1e-5);
	}
});

test('results that are not asked for send no gradient back', async () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2, 3, 1]);
	const w = graph.input('w', 'float32', [1]);
	const [doubled] = inChunks([x], (rows) => [scale(mul(rows, w), 2), mul(rows, mul(w, w))]);
	const [slope] = gradients(sumAll(doubled), [w]);
	graph.output('slope', slope ?? w);
	const found = await runGraph(graph, {
		x: floats(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3, 1]),
		w: floats(Float32Array.of(7), [1]),
	});
	expect([...floatsOf(found.slope)]).toEqual([42]);
});

test('what a chunk reads of the graph around it may be a constant, an input, or computed', async () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2, 2]);
	const shift = graph.input('shift', 'float32', [2]);
	const factor = graph.constant(Float32Array.of(10, 100), [2], 'factor');
	const [y] = inChunks([x], (row) => [add(mul(row, factor), scale(shift, 2))]);
	graph.output('y', y);
	const found = await runGraph(graph, {
		x: floats(Float32Array.of(1, 2, 3, 4), [2, 2]),
		shift: floats(Float32Array.of(0.5, 1), [2]),
	});
	expect([...floatsOf(found.y)]).toEqual([11, 202, 31, 402]);
});

test('a tensor of a graph that is not around it is refused', () => {
	const graph = new Graph();
	const other = new Graph().input('other', 'float32', [2]);
	const x = graph.input('x', 'float32', [2, 2]);
	expect(refusalOf(() => inChunks([x], (row) => [add(row, other)])).message).toContain('different graphs');
	const [inside] = [new Graph({ parent: graph }).input('inside', 'float32', [2])];
	expect(
		refusalOf(() => {
			graph.output('y', inside);
		}).message,
	).toContain('another graph');
});

test('bodies within bodies, one behind the other: every name is its own', async () => {
	const graph = new Graph({ pieceBytes: 4 * WIDE * 100 });
	const names = ['w', 'v', 'b'] as const;
	const [w, v, b] = names.map((name) => graph.input(name, 'float32', SIZES[name]));
	const x = graph.input('x', 'float32', [2, ROWS, WIDTH]);
	const through = (tensor: Tensor): Tensor =>
		inChunks([tensor, tensor], (rows, keep) => block(rows, keep, { w, v, b }))[0];
	const [first, second] = [through(x), through(scale(x, 2))];
	const [slope] = gradients(sumAll(mul(first, second)), [w]);
	graph.output('slope', slope ?? w);
	const found = await runGraph(graph, {
		x: floats(normals(x.shape, 1), x.shape),
		...Object.fromEntries(names.map((name, i) => [name, floats(normals(SIZES[name], i), SIZES[name])])),
	});
	expect(graph.liveNodes().filter(({ opType }) => opType === 'Scan')).toHaveLength(4);
	expect(floatsOf(found.slope).every(Number.isFinite)).toBe(true);
});

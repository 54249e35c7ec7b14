import {
	add,
	gelu,
	geluLinear,
	Graph,
	gradients,
	linear,
	mul,
	normalise,
	sumAll,
	type Tensor,
} from '../../../src/graph';
import type { Node } from '../../../src/graph/graph';
import { inPieces } from '../../../src/graph/operators/pieces';
import { createRandom } from '../../../src/random';
import { refusalOf } from '../../support/refusals';
import { floatsOf } from '../../support/goldenModel';
import { floats, relativeError, runGraph } from '../../support/run';

const WIDTH = 5;

function normals(count: number, seed: number): Float32Array {
	const random = createRandom(seed);
	return Float32Array.from({ length: count }, () => random.normal());
}

/** Values and slopes of what `build` makes of x (rows, WIDTH), in pieces of so many bytes, and the operators that computed it. */
async function run(build: (x: Tensor) => Tensor, rows: number, pieceBytes: number) {
	const graph = new Graph({ pieceBytes });
	const x = graph.input('x', 'float32', [rows, WIDTH]);
	const weights = graph.constant(normals(rows * WIDTH, 2), [rows, WIDTH]);
	const y = build(x);
	const [slope] = gradients(sumAll(mul(y, weights)), [x]);
	graph.output('y', y);
	if (slope) graph.output('slope', slope);
	const result = await runGraph(graph, { x: floats(normals(rows * WIDTH, 1), [rows, WIDTH]) });
	return {
		values: floatsOf(result.y),
		slopes: floatsOf(result.slope),
		scans: graph.liveNodes().filter(({ opType }) => opType === 'Scan').length,
	};
}

test.each([
	['gelu', gelu],
	['normalise', (x: Tensor) => normalise(x, 1e-6)],
	['normalise with a shift', (x: Tensor) => normalise(x, 1e-6, 1)],
	['two in a row', (x: Tensor) => gelu(add(normalise(gelu(x), 1e-6), x))],
])('the slopes of %s are the same in pieces and at once', async (_, build) => {
	const whole = await run(build, 24, 0);
	const pieces = await run(build, 24, 4 * WIDTH * 6);
	expect(whole.scans).toBe(0);
	expect(pieces.scans).toBeGreaterThan(0);
	expect(pieces.values).toEqual(whole.values);
	expect(relativeError(pieces.slopes, whole.slopes)).toBeLessThan(1e-6);
});

test.each([
	['a prime number of rows', 23],
	['few rows', 6],
])('%s is done at once', async (_, rows) => {
	expect((await run(gelu, rows, 4 * WIDTH * 6)).scans).toBe(0);
});

test('operands of other widths and further axes are cut along their rows', async () => {
	const graph = new Graph({ pieceBytes: 4 * 6 * 3 });
	const a = graph.input('a', 'float32', [12, 2, 3]);
	const b = graph.input('b', 'float32', [12, 1, 1]);
	const done = inPieces([a, b], (x, y) => mul(x, y));
	expect(done.shape).toEqual([12, 2, 3]);
	graph.output('done', done);
	const left = normals(72, 3);
	const right = normals(12, 4);
	const { done: found } = await runGraph(graph, {
		a: floats(left, [12, 2, 3]),
		b: floats(right, [12, 1, 1]),
	});
	expect(floatsOf(found)).toEqual(left.map((value, i) => value * right[Math.floor(i / 6)]));
});

test('an operand that is broadcast along rows keeps the work in one', () => {
	const graph = new Graph({ pieceBytes: 4 * WIDTH });
	const x = graph.input('x', 'float32', [WIDTH, WIDTH]);
	const row = graph.input('row', 'float32', [WIDTH]);
	expect(inPieces([x, row], (a, b) => mul(a, b)).node?.opType).toBe('Mul');
});

test('a second derivative is refused', () => {
	const graph = new Graph({ pieceBytes: 4 * WIDTH });
	const x = graph.input('x', 'float32', [4, WIDTH]);
	const [slope] = gradients(sumAll(gelu(x)), [x]);
	expect(refusalOf(() => gradients(sumAll(slope!), [x])).message).toMatch(/cannot be differentiated/);
});

/** Two linear layers behind GELUs, one after the other, on 24 rows: the loss's gradients for x and all parameters. */
async function runLayers(layer: typeof geluLinear, pieceBytes: number) {
	const graph = new Graph({ pieceBytes });
	const feeds = new Map([
		['x', floats(normals(24 * WIDTH, 1), [24, WIDTH])],
		['w0', floats(normals(7 * WIDTH, 2), [7, WIDTH])],
		['b0', floats(normals(7, 3), [7])],
		['w1', floats(normals(7 * 3, 4), [3, 7])],
		['b1', floats(normals(3, 5), [3])],
	]);
	const [x, w0, b0, w1, b1] = [...feeds].map(([name, { shape }]) => graph.input(name, 'float32', shape));
	const y = layer(layer(x, w0, b0), w1, b1);
	graph.output('y', y);
	const loss = sumAll(mul(y, graph.constant(normals(24 * 3, 6), [24, 3])));
	const slopes = gradients(loss, [x, w0, b0, w1, b1]);
	for (const [i, slope] of slopes.entries()) graph.output(`slope${i}`, slope!);
	return { graph, slopes, results: await runGraph(graph, Object.fromEntries(feeds)) };
}

test.each([0, 4 * 7 * 6])(
	'a linear layer behind a GELU has the values and slopes of the two, with pieces of %i bytes',
	async (pieceBytes) => {
		const expected = await runLayers((x, weight, bias) => linear(gelu(x), weight, bias), 0);
		const found = await runLayers(geluLinear, pieceBytes);
		const scans = found.graph.liveNodes().filter(({ opType }) => opType === 'Scan');
		expect(scans).toHaveLength(pieceBytes === 0 ? 0 : 2);
		for (const [name, value] of Object.entries(expected.results))
			expect(relativeError(floatsOf(found.results[name]), floatsOf(value))).toBeLessThan(1e-6);
	},
);

test('work in pieces comes after the gradients of the weights before it', async () => {
	const { graph, slopes } = await runLayers(geluLinear, 4 * 7 * 6);
	const scans = graph.liveNodes().filter(({ opType }) => opType === 'Scan');
	const needs = (node: Node, wanted: Tensor): boolean =>
		node.inputs.some((input) => input === wanted || (input?.node && needs(input.node, wanted)));
	// The backward pass begins with the second layer; the first one's GELU comes last.
	const ofSecond = slopes[3]!;
	expect(scans.map((scan) => needs(scan, ofSecond))).toEqual([false, true]);
});

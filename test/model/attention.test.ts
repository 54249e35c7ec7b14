import { Graph, type Tensor } from '../../src/graph';
import {
	linearAttention,
	maskedLinearAttention,
	neighbourMask,
	softmaxAttention,
	type HeadLayout,
} from '../../src/model/attention';
import { createRandom } from '../../src/random';
import { describeGolden } from '../support/golden';
import { floatsOf, openGolden } from '../support/goldenModel';
import { floats, maxDifference, runGraph } from '../support/run';

const LAYOUT: HeadLayout = { tokens: 6, images: 2, heads: 2, dim: 8 };
const TOLERANCE = 2e-6;

interface Rows {
	readonly query: Float32Array;
	readonly key: Float32Array;
	readonly value: Float32Array;
}

function randomRows(): Rows {
	const random = createRandom(5);
	const rows = (): Float32Array => {
		const values = new Float32Array(LAYOUT.tokens * LAYOUT.images * LAYOUT.dim);
		random.fillNormal(values);
		return values;
	};
	return { query: rows(), key: rows(), value: rows() };
}

type Attend = (projections: { query: Tensor; key: Tensor; value: Tensor }) => Tensor;

async function attend(rows: Rows, attention: Attend): Promise<Float32Array> {
	const graph = new Graph();
	const shape = [LAYOUT.tokens * LAYOUT.images, LAYOUT.dim];
	const declare = (name: string): Tensor => graph.input(name, 'float32', shape);
	graph.output('out', attention({ query: declare('query'), key: declare('key'), value: declare('value') }));
	const feeds = Object.fromEntries(
		Object.entries(rows).map(([name, data]) => [name, floats(data as Float32Array, shape)]),
	);
	return floatsOf((await runGraph(graph, feeds)).out);
}

/** Attention written as loops over rows ordered [token][image]; `weigh` turns one query's similarities into weights. */
function byLoops(
	{ query, key, value }: Rows,
	similarity: (q: Float32Array, k: Float32Array) => number,
	weigh: (similarities: number[], token: number) => number[],
): Float32Array {
	const { tokens, images, heads, dim } = LAYOUT;
	const width = dim / heads;
	const out = new Float32Array(query.length);
	for (let b = 0; b < images; b++) {
		for (let h = 0; h < heads; h++) {
			const start = (token: number): number => (token * images + b) * dim + h * width;
			const part = (rows: Float32Array, token: number): Float32Array =>
				rows.subarray(start(token), start(token) + width);
			for (let q = 0; q < tokens; q++) {
				const similarities = Array.from({ length: tokens }, (_, k) =>
					similarity(part(query, q), part(key, k)),
				);
				weigh(similarities, q).forEach((weight, k) => {
					for (let c = 0; c < width; c++) out[start(q) + c] += weight * part(value, k)[c];
				});
			}
		}
	}
	return out;
}

function phi(t: number): number {
	return t > 0 ? t + 1 : Math.exp(t);
}

function dot(a: Float32Array, b: Float32Array, map: (t: number) => number = (t) => t): number {
	return a.reduce((sum, x, i) => sum + map(x) * map(b[i]), 0);
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}

/** A class token, a register and four patches, all four neighbours of each other. */
const KEEP = neighbourMask(2, 2, 3);
const kept = (token: number, key: number): number => KEEP[token * LAYOUT.tokens + key];
const keepIn = (graph: Graph): Tensor => graph.constant(KEEP, [LAYOUT.tokens, LAYOUT.tokens]);

describe('attention', () => {
	const rows = randomRows();

	test('linear attention weighs values by phi(q) phi(k), divided by their sum', async () => {
		const expected = byLoops(
			rows,
			(q, k) => dot(q, k, phi),
			(similarities) => similarities.map((one) => one / sum(similarities)),
		);
		const fast = await attend(rows, (projections) => linearAttention(projections, LAYOUT));
		expect(maxDifference(fast, expected)).toBeLessThan(TOLERANCE);
		const explicit = await attend(rows, (projections) =>
			maskedLinearAttention(projections, LAYOUT, null),
		);
		expect(maxDifference(explicit, expected)).toBeLessThan(TOLERANCE);
	});

	test('an epsilon enters the normaliser of linear attention', async () => {
		const expected = byLoops(
			rows,
			(q, k) => dot(q, k, phi),
			(similarities) => similarities.map((one) => one / (sum(similarities) + 100)),
		);
		const actual = await attend(rows, (projections) => linearAttention(projections, LAYOUT, 100));
		expect(maxDifference(actual, expected)).toBeLessThan(TOLERANCE);
	});

	test('masked linear attention normalises what is left', async () => {
		const expected = byLoops(
			rows,
			(q, k) => dot(q, k, phi),
			(similarities, token) => {
				const left = similarities.map((one, key) => one * kept(token, key));
				return left.map((one) => one / sum(left));
			},
		);
		const actual = await attend(rows, (projections) =>
			maskedLinearAttention(projections, LAYOUT, keepIn(projections.query.graph)),
		);
		expect(maxDifference(actual, expected)).toBeLessThan(TOLERANCE);
	});

	test('masked softmax attention does not', async () => {
		const width = LAYOUT.dim / LAYOUT.heads;
		const expected = byLoops(
			rows,
			(q, k) => Math.exp(dot(q, k) / Math.sqrt(width)),
			(similarities, token) =>
				similarities.map((one, key) => (one / sum(similarities)) * kept(token, key)),
		);
		const actual = await attend(rows, (projections) =>
			softmaxAttention(projections, LAYOUT, keepIn(projections.query.graph)),
		);
		expect(maxDifference(actual, expected)).toBeLessThan(TOLERANCE);
	});
});

describe('neighbour masks', () => {
	test('class token and registers see and are seen by all', () => {
		const prefix = 5;
		const tokens = prefix + 9;
		const keep = neighbourMask(3, prefix, 3);
		for (let token = 0; token < tokens; token++) {
			for (let other = 0; other < prefix; other++) {
				expect(keep[token * tokens + other]).toBe(1);
				expect(keep[other * tokens + token]).toBe(1);
			}
		}
	});

	test('an even width acts like the next odd one', () => {
		expect(neighbourMask(5, 1, 2)).toEqual(neighbourMask(5, 1, 3));
	});

	test('a patch in the middle loses itself and its eight neighbours, one in a corner four', () => {
		const keep = neighbourMask(4, 0, 3);
		const removed = (patch: number): number => 16 - sum([...keep.subarray(patch * 16, patch * 16 + 16)]);
		expect(removed(5)).toBe(9);
		expect(removed(0)).toBe(4);
		expect(removed(15)).toBe(4);
	});
});

describeGolden('neighbour masks agree with the reference', () => {
	test.each(['model_softmax_mask3', 'model_la1_mask3'])('%s', async (file) => {
		expect(neighbourMask(6, 5, 3)).toEqual((await openGolden(file)).floats('attn_mask'));
	});
});

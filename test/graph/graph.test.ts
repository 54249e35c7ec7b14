import {
	add,
	eluPlusOne,
	exp,
	gradients,
	Graph,
	hookGradient,
	layerNorm,
	mul,
	neg,
	normalise,
	scale,
	stopGradient,
	sumAll,
	withGradient,
	type Tensor,
} from '../../src/graph';
import { emitOne, type Attribute } from '../../src/graph/graph';
import { refusalOf } from '../support/refusals';

function emitWith(x: Tensor, attributes: Record<string, Attribute>): Tensor {
	return emitOne(x.graph, { opType: 'Custom', inputs: [x], outputs: [x], attributes, gradient: 'none' });
}

describe('equal things are built once', () => {
	test('equal nodes', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const y = graph.input('y', 'float32', [2]);
		expect(exp(add(x, y))).toBe(exp(add(x, y)));
		expect(graph.nodes).toHaveLength(2);
		expect(add(y, x)).not.toBe(add(x, y));
	});

	test('a gradient reuses nodes of the value', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', []);
		const y = exp(x);
		// d exp(x) = exp(x): one multiplication by 1 is all that is new.
		gradients(y, [x]);
		expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Exp', 'Mul']);
	});

	test('nodes that differ in any attribute stay apart', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const variants: Record<string, Attribute>[] = [
			{},
			{ a: 1 },
			{ a: 2 },
			{ b: 1 },
			{ a: '1' },
			{ a: [1] },
			{ a: { float: 1 } },
			{ a: { float: Infinity } },
			{ a: { float: -Infinity } },
			{ a: { float: NaN } },
			{ a: { float: 0 } },
			{ a: { float: -0 } },
		];
		const results = variants.map((attributes) => emitWith(x, attributes));
		expect(new Set(results).size).toBe(variants.length);
		expect(variants.map((attributes) => emitWith(x, { ...attributes }))).toEqual(results);
	});

	test('an absent operand is a difference', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const spec = { opType: 'Custom', outputs: [x], gradient: 'none' } as const;
		expect(emitOne(graph, { ...spec, inputs: [x, null] })).not.toBe(
			emitOne(graph, { ...spec, inputs: [x] }),
		);
		expect(emitOne(graph, { ...spec, inputs: [x], domain: 'other' })).not.toBe(
			emitOne(graph, { ...spec, inputs: [x] }),
		);
	});

	test('equal small constants, but for their shape and their bits', () => {
		const graph = new Graph();
		const [a, b] = [Float32Array.of(1, 2), Float32Array.of(1, 2)];
		expect(graph.constant(a, [2])).toBe(graph.constant(b, [2]));
		expect(graph.scalar(0.5)).toBe(graph.scalar(0.5));
		expect(graph.integers([1, 2])).toBe(graph.integers([1, 2]));
		expect(graph.constant(a, [2, 1])).not.toBe(graph.constant(b, [2]));
		expect(graph.scalar(0)).not.toBe(graph.scalar(-0));
		expect(graph.constant(new Float32Array(4), [4])).not.toBe(graph.integers([0, 0]));
	});

	test('large constants when they are the same array, under each of its shapes', () => {
		const graph = new Graph();
		const data = new Float32Array(5000);
		const [flat, square] = [graph.constant(data, [5000]), graph.constant(data, [50, 100])];
		expect(square).not.toBe(flat);
		expect([graph.constant(data, [5000]), graph.constant(data, [50, 100])]).toEqual([flat, square]);
		expect(graph.constant(new Float32Array(5000), [5000])).not.toBe(flat);
		expect(graph.constants).toHaveLength(3);
	});

	test('a named constant keeps its name beside an equal one without', () => {
		const graph = new Graph();
		graph.constant(Float32Array.of(1), [1]);
		graph.constant(Float32Array.of(1), [1], 'gain');
		expect(graph.constants.map(({ name }) => name)).toEqual([null, 'gain']);
	});

	test('nodes with a gradient of their own never merge with their twin', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2, 3]);
		const double = (g: Tensor): Tensor => scale(g, 2);
		expect(hookGradient(x, double)).not.toBe(hookGradient(x, double));
		expect(hookGradient(x, double)).not.toBe(stopGradient(x));
		expect(withGradient(x, [], () => [])).not.toBe(stopGradient(x));
		const unit = graph.constant(new Float32Array(3).fill(1), [3]);
		const zero = graph.constant(new Float32Array(3), [3]);
		expect(normalise(x, 1e-6)).not.toBe(layerNorm(x, unit, zero, 1e-6));
	});
});

describe('only what the outputs need is live', () => {
	test('nodes that no output reaches are dropped, the rest keeps its order', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const first = exp(x);
		exp(first);
		const second = neg(first);
		graph.output('y', second);
		expect(graph.nodes).toHaveLength(3);
		expect(graph.liveNodes()).toEqual([first.node, second.node]);
	});

	test('an operand that only a gradient refers to is dropped', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const y = withGradient(exp(x), [neg(x)], (g) => [g]);
		graph.output('y', y);
		expect(graph.liveNodes().map(({ opType }) => opType)).toEqual(['Exp', 'Identity']);
	});

	test('gradients that are not asked for cost nothing', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const y = eluPlusOne(x);
		gradients(sumAll(mul(y, y)), [x]);
		graph.output('y', y);
		expect(graph.liveNodes().map(({ opType }) => opType)).toEqual([
			'Relu',
			'Sub',
			'Exp',
			'Add',
			'Identity',
		]);
	});

	test('a long chain does not overflow the stack', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', []);
		let y = x;
		for (let i = 0; i < 20_000; i++) y = add(y, x);
		graph.output('y', y);
		expect(gradients(y, [x])[0]).not.toBeNull();
		expect(graph.liveNodes()).toHaveLength(20_000);
	});
});

describe('declarations are checked', () => {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [2]);
	graph.output('y', x);
	const other = new Graph().input('x', 'float32', [2]);

	test.each([
		['Graph: input "x" is declared twice', () => graph.input('x', 'float32', [3])],
		[
			'Graph: output "y" is declared twice',
			() => {
				graph.output('y', x);
			},
		],
		[
			'Graph: output "z" belongs to another graph',
			() => {
				graph.output('z', other);
			},
		],
		['Add: operands belong to different graphs', () => add(x, other)],
		['Identity: operands belong to different graphs', () => withGradient(x, [other], (g) => [g])],
		['Constant: 3 elements expected for [3], got 2', () => graph.constant(Float32Array.of(1, 2), [3])],
		[
			'Constant "w": 4 elements expected for [2, 2], got 2',
			() => graph.constant(Float32Array.of(1, 2), [2, 2], 'w'),
		],
		[
			'Graph: extents must be whole and not negative, got [-1]',
			() => graph.input('negative', 'float32', [-1]),
		],
		[
			'Graph: extents must be whole and not negative, got [1.5, 2]',
			() => graph.constant(Float32Array.of(1, 2, 3), [1.5, 2]),
		],
		['Graph: whole numbers are needed, got [1, 0.5]', () => graph.integers([1, 0.5])],
		['Graph: whole numbers are needed, got [NaN]', () => graph.integers([NaN])],
	])('%s', (message, call) => {
		const refusal = refusalOf(call);
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe(message);
	});

	test('a refused node or constant leaves no trace', () => {
		const fresh = new Graph();
		const [a, b] = [fresh.input('a', 'float32', [2]), fresh.input('b', 'float32', [3])];
		refusalOf(() => add(a, b));
		refusalOf(() => fresh.constant(Float32Array.of(1, 2, 3), [1.5, 2]));
		expect([fresh.nodes, fresh.constants]).toEqual([[], []]);
	});
});

import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as graphs from '../../src/graph';
import {
	add,
	exp,
	gemm,
	Graph,
	matmul,
	mul,
	neg,
	scale,
	serialise,
	withGradient,
	type SerialiseOptions,
	type Tensor,
} from '../../src/graph';
import { emitOne } from '../../src/graph/graph';
import { createRandom } from '../../src/random';
import { Session, type Value } from '../../src/runtime/session';
import { parseModel, type ParsedModel } from '../support/onnxReader';
import { sampleArray } from '../support/operatorChecks';
import { OPSET_20 } from '../support/opset20';
import { refusalOf } from '../support/refusals';
import { floats, runGraph, scalar } from '../support/run';

/** onnx.proto's TensorProto.DataType. */
const [FLOAT, UINT8, INT32, INT64, BOOL, FLOAT16] = [1, 2, 6, 7, 9, 10];
/** onnx.proto's TensorProto.DataLocation.EXTERNAL. */
const EXTERNAL = 1;

function parse(graph: Graph, options?: SerialiseOptions): ParsedModel {
	return parseModel(serialise(graph, options));
}

/** A graph in which every operator that the builder can emit occurs, gradients included. */
function everyOperator(): Graph {
	const graph = new Graph({ pieceBytes: 12 });
	const [x, row] = [graph.input('x', 'float32', [2, 3]), graph.input('row', 'float32', [3])];
	const index = graph.input('index', 'int64', []);
	const elementwise = [
		graphs.add(x, row),
		graphs.sub(x, row),
		graphs.mul(x, row),
		graphs.div(x, row),
		graphs.maximum(x, row),
		graphs.minimum(x, row),
		graphs.neg(x),
		graphs.exp(x),
		graphs.sqrt(graphs.exp(x)),
		graphs.reciprocal(x),
		graphs.tanh(x),
		graphs.erf(x),
		graphs.gelu(x),
		graphs.eluPlusOne(x),
		graphs.softmax(x),
		graphs.layerNorm(x, row, row, 1e-6),
		graphs.normalise(x, 1e-8),
		graphs.linear(x, graph.input('weight', 'float32', [3, 3]), row),
		graphs.expand(graphs.reduceMean(x, [0]), [2, 3]),
		graphs.expand(graphs.reduceSum(x, [0]), [2, 3]),
		graphs.expand(graphs.reduceMax(x, [1]), [2, 3]),
		graphs.expand(graphs.reduceSumSquare(x, [-1]), [2, 3]),
		graphs.pad(graphs.slice(x, 1, 1, 3), 1, 1, 0),
		graphs.slice(graphs.concat([x, x], 0), 0, 1, 3),
		graphs.split(graphs.concat([x, x], 0), 0, 2)[1],
		matmul(graphs.swapLast(graphs.swapLast(x)), graph.input('square', 'float32', [3, 3])),
		graphs.toFloat32(graph.input('half', 'float16', [2, 3])),
		graphs.expand(
			graphs.reshape(graphs.gather(graphs.topK(graphs.reshape(x, [6]), 4), index), [1, 1]),
			[2, 3],
		),
	];
	const image = graphs.reshape(x, [1, 2, 3, 1]);
	const convolved = graphs.depthwiseConv(image, graph.input('kernel', 'float32', [2, 1, 3, 3]), 1);
	const patches = graphs.patchProjection(
		image,
		graph.input('patch', 'float32', [1, 2, 1, 1]),
		graph.input('bias', 'float32', [1]),
	);
	const loss = add(
		graphs.sumAll(elementwise.reduce((sum, y) => add(sum, y))),
		add(graphs.sumAll(convolved), graphs.sumAll(patches)),
	);
	graph.output('loss', loss);
	const targets = [...graph.inputs].filter(([, { dtype }]) => dtype === 'float32');
	graphs
		.gradients(
			loss,
			targets.map(([, tensor]) => tensor),
		)
		.forEach((slope, i) => {
			if (slope) graph.output(`gradient.${targets[i][0]}`, slope);
		});
	return graph;
}

describe('the model conforms to ONNX operator set 20', () => {
	const model = parse(everyOperator());

	test('it declares the operator set and the file format that go together', () => {
		expect(model.irVersion).toBe(9);
		expect(model.opsets).toEqual({ '': 20, 'com.microsoft': 1 });
	});

	test('it has every operator that the builder knows', () => {
		expect([...new Set(model.nodes.map(({ opType }) => opType))].sort()).toEqual(
			Object.keys(OPSET_20).sort(),
		);
	});

	test("every node keeps to its operator's operands, results and attributes", () => {
		for (const { opType, inputs, outputs, attributes } of model.nodes) {
			const schema = OPSET_20[opType];
			expect(inputs.length).toBeGreaterThanOrEqual(schema.inputs[0]);
			expect(inputs.length).toBeLessThanOrEqual(schema.inputs[1]);
			expect(outputs.length).toBeGreaterThanOrEqual(schema.outputs[0]);
			expect(outputs.length).toBeLessThanOrEqual(schema.outputs[1]);
			for (const [name, { type }] of Object.entries(attributes))
				expect({ [name]: schema.attributes[name] }).toEqual({ [name]: type });
		}
	});

	test('every name is defined once, before it is used', () => {
		const defined = new Set<string>();
		const define = (name: string): void => {
			expect(name).not.toBe('');
			expect(defined.has(name)).toBe(false);
			defined.add(name);
		};
		for (const { name } of [...model.inputs, ...model.initialisers]) define(name);
		for (const { inputs, outputs } of model.nodes) {
			for (const name of inputs) expect(defined.has(name)).toBe(true);
			outputs.forEach(define);
		}
		for (const { name } of model.outputs) expect(defined.has(name)).toBe(true);
		const nodeNames = model.nodes.map(({ name }) => name).filter((name) => name !== '');
		expect(new Set(nodeNames).size).toBe(nodeNames.length);
	});

	test('ONNX Runtime runs it', async () => {
		const graph = everyOperator();
		const random = createRandom(5);
		const feeds = Object.fromEntries(
			[...graph.inputs].map(([name, { dtype, shape }]): [string, Value] => {
				if (dtype === 'float16')
					return [name, { dtype, shape, data: new Uint16Array(graphs.sizeOf(shape)).fill(0x3c00) }];
				if (dtype === 'int64') return [name, { dtype, shape, data: BigInt64Array.of(2n) }];
				return [name, floats(sampleArray(random, shape), shape)];
			}),
		);
		const results = await runGraph(graph, feeds);
		for (const [name, tensor] of graph.outputs) {
			expect(results[name].shape).toEqual(tensor.shape);
			expect([...results[name].data].every((value) => Number.isFinite(Number(value)))).toBe(true);
		}
	});
});

describe('what is written can be read back', () => {
	test('inputs and outputs with their types and shapes', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2, 3]);
		graph.input('half', 'float16', [4]);
		graph.input('bytes', 'uint8', []);
		graph.input('mask', 'bool', [1]);
		graph.input('count', 'int32', [2, 0]);
		graph.input('index', 'int64', []);
		graph.output('y', exp(x));
		graph.output('larger', graphs.greaterOrEqual(x, x));
		const { inputs, outputs } = parse(graph);
		expect(inputs).toEqual([
			{ name: 'x', elementType: FLOAT, shape: [2, 3] },
			{ name: 'half', elementType: FLOAT16, shape: [4] },
			{ name: 'bytes', elementType: UINT8, shape: [] },
			{ name: 'mask', elementType: BOOL, shape: [1] },
			{ name: 'count', elementType: INT32, shape: [2, 0] },
			{ name: 'index', elementType: INT64, shape: [] },
		]);
		expect(outputs).toEqual([
			{ name: 'y', elementType: FLOAT, shape: [2, 3] },
			{ name: 'larger', elementType: BOOL, shape: [2, 3] },
		]);
	});

	test('constants with their bits', () => {
		const graph = new Graph();
		const data = Float32Array.of(1.5, -0, NaN, Infinity, 1e-45);
		const view = new Float32Array(Float32Array.of(9, ...data).buffer, 4, 5);
		graph.output('y', mul(graph.constant(view, [5], 'weight'), graph.scalar(2)));
		graph.output('shape', graph.integers([-1, 2 ** 40]));
		const { initialisers } = parse(graph);
		const [weight, two, integers] = initialisers;
		expect(weight).toMatchObject({
			name: 'weight',
			elementType: FLOAT,
			shape: [5],
			external: {},
			dataLocation: 0,
		});
		expect(Buffer.from(weight.raw!)).toEqual(Buffer.from(data.buffer));
		expect(two).toMatchObject({ elementType: FLOAT, shape: [] });
		expect(Buffer.from(two.raw!).readFloatLE()).toBe(2);
		expect(integers).toMatchObject({ elementType: INT64, shape: [2] });
		expect(Buffer.from(integers.raw!).readBigInt64LE(8)).toBe(2n ** 40n);
	});

	test('attributes of every kind', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const attributes = {
			whole: -3,
			text: 'größe',
			list: [0, -1, 2 ** 40],
			none: [],
			real: { float: 0.1 },
			endless: { float: -Infinity },
		};
		graph.output(
			'y',
			emitOne(graph, {
				opType: 'Custom',
				domain: 'com.microsoft',
				inputs: [x, null, x],
				outputs: [x],
				attributes,
				gradient: 'none',
			}),
		);
		const [node] = parse(graph).nodes;
		expect(node).toMatchObject({
			opType: 'Custom',
			domain: 'com.microsoft',
			inputs: ['x', '', 'x'],
			outputs: ['y'],
		});
		expect(node.attributes).toEqual({
			whole: { type: 'int', value: -3 },
			text: { type: 'string', value: 'größe' },
			list: { type: 'ints', value: [0, -1, 2 ** 40] },
			none: { type: 'ints', value: [] },
			real: { type: 'float', value: Math.fround(0.1) },
			endless: { type: 'float', value: -Infinity },
		});
	});

	test('producer, version and metadata', () => {
		const graph = new Graph();
		graph.output('y', exp(graph.input('x', 'float32', [1])));
		expect(parse(graph)).toMatchObject({
			producerName: 'n8n-nodes-dinomaly',
			producerVersion: '',
			metadata: {},
		});
		const metadata = { config: '{"crop":392}', note: 'Löwe', empty: '' };
		expect(parse(graph, { producerVersion: '1.2.3', metadata })).toMatchObject({
			producerVersion: '1.2.3',
			metadata,
		});
	});

	test('only what the outputs need', () => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		graph.constant(Float32Array.of(1, 2), [2], 'unused');
		mul(neg(x), graph.constant(Float32Array.of(3, 4), [2], 'alsoUnused'));
		graph.output(
			'y',
			withGradient(exp(x), [neg(x), graph.scalar(7)], () => [null, null]),
		);
		const { nodes, initialisers } = parse(graph);
		expect(nodes.map(({ opType, inputs }) => [opType, inputs.length])).toEqual([
			['Exp', 1],
			['Identity', 1],
		]);
		expect(initialisers).toEqual([]);
	});
});

describe('outputs may be anything', () => {
	test.each<[string, (graph: Graph, x: Tensor) => Record<string, Tensor>]>([
		['an input under another name', (_, x) => ({ y: x })],
		['an input under its own name', (_, x) => ({ x })],
		['an input under both', (_, x) => ({ x, y: x })],
		['one tensor under two names', (_, x) => ({ y: neg(x), z: neg(x) })],
		['a tensor that is also used on the way', (_, x) => ({ y: neg(x), z: exp(neg(x)) })],
		['a constant', (graph) => ({ y: graph.constant(Float32Array.of(4, 5), [2]) })],
		[
			'a constant under its own name',
			(graph) => ({ w: graph.constant(Float32Array.of(4, 5), [2], 'w') }),
		],
		[
			'a constant under another name',
			(graph) => ({ y: graph.constant(Float32Array.of(4, 5), [2], 'w') }),
		],
		['integers', (graph) => ({ y: graph.integers([7, 8, 9]) })],
	])('%s', async (_, outputsOf) => {
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2]);
		const outputs = outputsOf(graph, x);
		for (const [name, tensor] of Object.entries(outputs)) graph.output(name, tensor);
		const results = await runGraph(graph, { x: floats(Float32Array.of(1, 2), [2]) });
		const expected = (tensor: Tensor): number[] => {
			const constant = graph.constants.find((one) => one.tensor === tensor);
			if (constant) return Array.from(constant.data as ArrayLike<number>, Number);
			if (tensor === x) return [1, 2];
			return tensor.node!.opType === 'Neg' ? [-1, -2] : [Math.exp(-1), Math.exp(-2)].map(Math.fround);
		};
		for (const [name, tensor] of Object.entries(outputs)) {
			const found = Array.from(results[name].data as ArrayLike<number>, Number);
			found.forEach((value, i) => {
				expect(value).toBeCloseTo(expected(tensor)[i], 6);
			});
			expect(found).toHaveLength(expected(tensor).length);
		}
		expect(Object.keys(results).sort()).toEqual(Object.keys(outputs).sort());
	});
});

describe('names', () => {
	test("names of our own give way to the caller's", async () => {
		const graph = new Graph();
		// Ids: input 0, constant 1, product 2, negation 3.
		const x = graph.input('t3', 'float32', []);
		const product = mul(x, graph.scalar(5));
		graph.output('c1', neg(product));
		graph.output('t2', exp(product));
		const { c1, t2 } = await runGraph(graph, { t3: scalar(0.5) });
		expect([c1.data[0], Math.log(Number(t2.data[0]))]).toEqual([-2.5, expect.closeTo(2.5, 5)]);
	});

	test.each<[string, (graph: Graph, x: Tensor) => void]>([
		[
			'an output like another input',
			(graph, x) => {
				graph.output('x', neg(x));
			},
		],
		[
			'two constants',
			(graph, x) => {
				graph.output(
					'y',
					add(
						add(x, graph.constant(Float32Array.of(1), [1], 'x')),
						graph.constant(Float32Array.of(2), [1], 'w'),
					),
				);
			},
		],
		[
			'an output like a constant',
			(graph, x) => {
				graph.output('x', add(x, graph.constant(Float32Array.of(1), [1], 'w')));
			},
		],
	])('%s with one name are refused', (_, declare) => {
		const graph = new Graph();
		declare(graph, graph.input('x', 'float32', [1]));
		const refusal = refusalOf(() => serialise(graph));
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe('Graph: every tensor needs a name of its own, "x" is given to two');
	});

	test('a constant that is not written takes no name', () => {
		const graph = new Graph();
		graph.constant(Float32Array.of(1), [1], 'w');
		graph.output('w', neg(graph.input('x', 'float32', [1])));
		expect(parse(graph).initialisers).toEqual([]);
	});
});

describe('external data', () => {
	let folder = '';
	beforeEach(() => {
		folder = mkdtempSync(path.join(os.tmpdir(), 'dinomaly-onnx-'));
	});
	afterEach(() => {
		rmSync(folder, { recursive: true });
	});

	function build(): { graph: Graph; x: Float32Array } {
		const random = createRandom(9);
		const graph = new Graph();
		const x = graph.input('x', 'float32', [2, 30]);
		const hidden = gemm(x, graph.constant(sampleArray(random, [30, 40]), [30, 40], 'first'));
		const y = gemm(
			hidden,
			graph.constant(sampleArray(random, [40, 5]), [40, 5], 'second'),
			graph.constant(sampleArray(random, [5]), [5]),
		);
		graph.output('y', graphs.reshape(scale(y, 0.5), [5, 2]));
		return { graph, x: sampleArray(random, [2, 30]) };
	}

	/** Appends to a file beside the model, at offsets that follow no alignment. */
	function writeBeside(atLeast: number): SerialiseOptions['externalise'] {
		const file = path.join(folder, 'weights.bin');
		writeFileSync(file, Buffer.alloc(3));
		return (_, bytes) => {
			if (bytes.byteLength < atLeast) return null;
			const offset = statSync(file).size;
			appendFileSync(file, bytes);
			return { location: 'weights.bin', offset };
		};
	}

	test.each([
		['large constants', 500, 2],
		['all constants but integers', 0, 4],
	])('%s beside the model give the same result', async (_, atLeast, count) => {
		const { graph, x } = build();
		const inside = await runGraph(graph, { x: floats(x, [2, 30]) });
		const bytes = serialise(graph, { externalise: writeBeside(atLeast) });
		const external = parseModel(bytes).initialisers.filter(
			({ dataLocation }) => dataLocation === EXTERNAL,
		);
		expect(external).toHaveLength(count);
		expect(
			external.every(
				({ raw, external: where }) => raw!.length === 0 && where!.location === 'weights.bin',
			),
		).toBe(true);
		expect(external.find(({ name }) => name === 'first')!.external).toEqual({
			location: 'weights.bin',
			offset: '3',
			length: '4800',
		});

		const model = path.join(folder, 'model.onnx');
		writeFileSync(model, bytes);
		const session = await Session.create(model, { device: 'cpu', threads: 1 });
		const { y } = await session.run({ x: floats(x, [2, 30]) }, { y: null });
		await session.release();
		expect(y).toEqual(inside.y);
	});

	test('constants that the callback leaves inside are inside', () => {
		const { graph } = build();
		expect(serialise(graph, { externalise: () => null })).toEqual(serialise(graph));
	});

	test('the callback sees only float constants that are needed, with their bytes', () => {
		const { graph } = build();
		graph.constant(new Float32Array(100), [100], 'unused');
		const seen = new Map<string, number>();
		serialise(graph, { externalise: (name, bytes) => (seen.set(name, bytes.byteLength), null) });
		expect(seen.get('first')).toBe(4800);
		expect([...seen.values()].sort((a, b) => a - b)).toEqual([4, 20, 800, 4800]);
	});
});

describe('a model that protobuf cannot hold', () => {
	/** Claims a size without having it; whoever touches the bytes fails. */
	function huge(graph: Graph): Tensor {
		const data = new Float32Array(2000);
		Object.defineProperties(data, {
			byteLength: { value: 1_900_000_001 },
			buffer: {
				get: () => {
					throw new Error('The bytes were touched');
				},
			},
		});
		return graph.constant(data, [2000], 'huge');
	}

	test('is refused before any byte is written', () => {
		const graph = new Graph();
		graph.output('y', neg(huge(graph)));
		const refusal = refusalOf(() => serialise(graph));
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe(
			'An ONNX model holds at most 1900000000 bytes, these weights are 1900000001',
		);
		expect(refusal.hint).toBe('Keep the weights in external data.');
	});

	test('is refused as well when nothing was in fact put outside', () => {
		const graph = new Graph();
		// Twenty views of one array of zeros, which takes no memory until someone reads it.
		const extent = 25_000_000;
		const zeros = new ArrayBuffer(4 * extent);
		const views = Array.from({ length: 20 }, () => graph.constant(new Float32Array(zeros), [extent]));
		graph.output(
			'y',
			views.reduce((sum, view) => add(sum, view)),
		);
		const { message } = refusalOf(() => serialise(graph, { externalise: () => null }));
		expect(message).toBe('An ONNX model holds at most 1900000000 bytes, these weights are 2000000000');
		const [first] = graph.constants;
		const outside = { location: 'weights.bin', offset: 0 };
		const most = serialise(graph, {
			externalise: (_, bytes) => (bytes.byteLength === first.data.byteLength ? outside : null),
		});
		expect(parseModel(most).initialisers).toHaveLength(20);
	});

	test('is written when it has no use for the constant', () => {
		const graph = new Graph();
		huge(graph);
		graph.output('y', neg(graph.input('x', 'float32', [1])));
		expect(parse(graph).nodes).toHaveLength(1);
	});
});

import type { Graph, Tensor } from '../../src/graph';
import type { Attribute, Node } from '../../src/graph/graph';
import { build, commonShape, indicesOf, read, replaced, type Dense } from './dense';

type Operator = (operands: Dense[], node: Node) => Dense[];

/** A number that an attribute holds, whether it is written as an integer or as a float. */
type Scalar = (name: string, absent: number) => number;

/**
 * Evaluates recorded nodes in float64, each by the definition of its operator in the ONNX specification and without any
 * code of the graph builder. Throws when a result's shape is not the recorded one.
 */
export function evaluate(
	graph: Graph,
	wanted: readonly Tensor[],
	feeds: ReadonlyMap<Tensor, ArrayLike<number>>,
): Dense[] {
	const values = new Map<Tensor, Dense>();
	for (const { tensor, data } of graph.constants) {
		values.set(tensor, {
			shape: tensor.shape,
			data: Float64Array.from(data as ArrayLike<number>, Number),
		});
	}
	for (const [tensor, data] of feeds)
		values.set(tensor, { shape: tensor.shape, data: Float64Array.from(data) });

	const needed = ancestors(wanted);
	for (const node of graph.nodes) {
		if (!needed.has(node)) continue;
		const operands = node.inputs.map((input) => {
			const value = input && values.get(input);
			if (!value) throw new Error(`${node.opType}: an operand has no value`);
			return value;
		});
		const operator = OPERATORS.get(node.opType);
		if (!operator) throw new Error(`The interpreter has no operator ${node.opType}`);
		operator(operands, node).forEach((result, i) => {
			const { shape } = node.outputs[i];
			if (result.shape.join() !== shape.join()) {
				throw new Error(
					`${node.opType}: recorded shape [${shape.join()}], computed [${result.shape.join()}]`,
				);
			}
			values.set(node.outputs[i], result);
		});
	}
	return wanted.map((tensor) => values.get(tensor)!);
}

function ancestors(wanted: readonly Tensor[]): Set<Node> {
	const needed = new Set<Node>();
	const pending = [...wanted];
	for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
		if (!tensor.node || needed.has(tensor.node)) continue;
		needed.add(tensor.node);
		for (const input of tensor.node.inputs) if (input) pending.push(input);
	}
	return needed;
}

/** Operator set 20, as far as the graph builder uses it. */
const OPERATORS = new Map<string, Operator>([
	['Add', elementwise((a, b) => a + b)],
	['Sub', elementwise((a, b) => a - b)],
	['Mul', elementwise((a, b) => a * b)],
	['Div', elementwise((a, b) => a / b)],
	['Max', elementwise(Math.max)],
	['Min', elementwise(Math.min)],
	['GreaterOrEqual', elementwise((a, b) => Number(a >= b))],
	['Where', elementwise((condition, a, b) => (condition === 0 ? b : a))],
	['Neg', elementwise((x) => -x)],
	['Exp', elementwise(Math.exp)],
	['Sqrt', elementwise(Math.sqrt)],
	['Reciprocal', elementwise((x) => 1 / x)],
	['Tanh', elementwise(Math.tanh)],
	['Relu', elementwise((x) => Math.max(x, 0))],
	['Erf', elementwise(erf)],
	['Gelu', elementwise((x) => (x * (1 + erf(x * Math.SQRT1_2))) / 2)],
	['HardSigmoid', (operands, node) => hardSigmoid(operands, scalarsOf(node))],
	['Identity', ([x]) => [x]],
	['Cast', ([x]) => [x]],
	['Reshape', ([x, shape]) => [{ shape: [...shape.data], data: x.data }]],
	['Transpose', ([x], node) => transpose(x, integers(node, 'perm', []))],
	['Slice', slice],
	['Split', ([x], node) => split(x, scalarsOf(node)('axis', 0), scalarsOf(node)('num_outputs', NaN))],
	['Pad', pad],
	['Concat', (parts, node) => concat(parts, scalarsOf(node)('axis', 0))],
	['Expand', ([x, shape]) => [build([...shape.data], (index) => read(x, index))]],
	['Gather', ([x, index]) => [build(x.shape.slice(1), (rest) => read(x, [index.data[0], ...rest]))]],
	['ReduceSum', reduction((values) => values.reduce((sum, value) => sum + value, 0))],
	['ReduceMean', reduction((values) => values.reduce((sum, value) => sum + value, 0) / values.length)],
	['ReduceMax', reduction((values) => Math.max(...values))],
	['ReduceSumSquare', reduction((values) => values.reduce((sum, value) => sum + value * value, 0))],
	['TopK', topK],
	['MatMul', matmul],
	['Gemm', (operands, node) => gemm(operands, scalarsOf(node))],
	['Conv', convolution],
	['Softmax', ([x], node) => softmax(x, scalarsOf(node)('axis', -1))],
	[
		'LayerNormalization',
		(operands, node) => layerNormalization(operands, scalarsOf(node)('epsilon', 1e-5)),
	],
]);

function elementwise(f: (...operands: number[]) => number): Operator {
	return (operands) => [
		build(commonShape(...operands), (index) => f(...operands.map((x) => read(x, index)))),
	];
}

function hardSigmoid([x]: Dense[], scalar: Scalar): Dense[] {
	const [alpha, beta] = [scalar('alpha', 0.2), scalar('beta', 0.5)];
	return [build(x.shape, (index) => Math.max(0, Math.min(1, alpha * read(x, index) + beta)))];
}

function transpose(x: Dense, order: readonly number[]): Dense[] {
	const shape = order.map((axis) => x.shape[axis]);
	return [
		build(shape, (index) =>
			read(
				x,
				x.shape.map((_, axis) => index[order.indexOf(axis)]),
			),
		),
	];
}

function slice([x, starts, ends, axes]: Dense[]): Dense[] {
	const first = x.shape.map(() => 0);
	const shape = [...x.shape];
	axes.data.forEach((axis, i) => {
		first[axis] = starts.data[i];
		shape[axis] = ends.data[i] - starts.data[i];
	});
	return [
		build(shape, (index) =>
			read(
				x,
				index.map((i, axis) => i + first[axis]),
			),
		),
	];
}

/** Equal parts; a last part that is smaller, which the operator allows, is not asked for here. */
function split(x: Dense, axis: number, count: number): Dense[] {
	const extent = x.shape[axis] / count;
	const shape = x.shape.map((old, i) => (i === axis ? extent : old));
	return Array.from({ length: count }, (_, part) =>
		build(shape, (index) =>
			read(
				x,
				index.map((i, at) => (at === axis ? i + part * extent : i)),
			),
		),
	);
}

function pad([x, amounts]: Dense[]): Dense[] {
	const rank = x.shape.length;
	const shape = x.shape.map((extent, axis) => extent + amounts.data[axis] + amounts.data[axis + rank]);
	// Reading broadcasts an extent of 1, so positions outside are told apart here.
	return [
		build(shape, (index) => {
			const source = index.map((i, axis) => i - amounts.data[axis]);
			return source.some((i, axis) => i < 0 || i >= x.shape[axis]) ? 0 : read(x, source);
		}),
	];
}

function concat(parts: readonly Dense[], axis: number): Dense[] {
	const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0);
	const at = (index: number[]): number => {
		let i = index[axis];
		const part = parts.find(({ shape }) => i < shape[axis] || ((i -= shape[axis]), false))!;
		return read(part, replaced(index, axis, i));
	};
	return [build(replaced(parts[0].shape, axis, total), at)];
}

function reduction(f: (values: number[]) => number): Operator {
	return ([x, axes], node) => {
		if (node.attributes.keepdims !== 1) throw new Error('The interpreter keeps reduced axes');
		const kept = x.shape.map((extent, axis) => (axes.data.includes(axis) ? 1 : extent));
		const reduced = x.shape.map((extent, axis) => (axes.data.includes(axis) ? extent : 1));
		const steps = indicesOf(reduced);
		return [
			build(kept, (index) =>
				f(
					steps.map((step) =>
						read(
							x,
							step.map((s, axis) => s + index[axis]),
						),
					),
				),
			),
		];
	};
}

function topK([x, count]: Dense[]): Dense[] {
	const order = [...x.data.keys()].sort((i, j) => x.data[j] - x.data[i] || i - j).slice(0, count.data[0]);
	const shape = [order.length];
	return [
		{ shape, data: Float64Array.from(order, (i) => x.data[i]) },
		{ shape, data: Float64Array.from(order) },
	];
}

function matmul([a, b]: Dense[]): Dense[] {
	const batch = commonShape(
		{ shape: a.shape.slice(0, -2), data: a.data },
		{ shape: b.shape.slice(0, -2), data: b.data },
	);
	const [rows, inner] = a.shape.slice(-2);
	const columns = b.shape[b.shape.length - 1];
	return [
		build([...batch, rows, columns], (index) => {
			const outer = index.slice(0, -2);
			const [row, column] = index.slice(-2);
			let sum = 0;
			for (let k = 0; k < inner; k++)
				sum += read(a, [...outer, row, k]) * read(b, [...outer, k, column]);
			return sum;
		}),
	];
}

function gemm([a, b, c]: (Dense | undefined)[], scalar: Scalar): Dense[] {
	const left = scalar('transA', 0) === 1 ? transpose(a!, [1, 0])[0] : a!;
	const right = scalar('transB', 0) === 1 ? transpose(b!, [1, 0])[0] : b!;
	const [product] = matmul([left, right]);
	const [alpha, beta] = [scalar('alpha', 1), scalar('beta', 1)];
	return [build(product.shape, (index) => alpha * read(product, index) + (c ? beta * read(c, index) : 0))];
}

function convolution([x, weight, bias]: (Dense | undefined)[], node: Node): Dense[] {
	const [stride] = integers(node, 'strides', [1]);
	const [padding] = integers(node, 'pads', [0]);
	const groups = scalarsOf(node)('group', 1);
	const [images, , ...sides] = x!.shape;
	const [out, perGroup, ...kernel] = weight!.shape;
	const spatial = sides.map((side, i) => Math.floor((side + 2 * padding - kernel[i]) / stride) + 1);
	const taps = indicesOf([perGroup, ...kernel]);
	return [
		build([images, out, ...spatial], ([image, channel, row, column]) => {
			const firstChannel = Math.floor(channel / (out / groups)) * perGroup;
			let sum = bias ? bias.data[channel] : 0;
			for (const [c, dy, dx] of taps) {
				const [y, z] = [row * stride + dy - padding, column * stride + dx - padding];
				if (y < 0 || y >= sides[0] || z < 0 || z >= sides[1]) continue;
				sum += read(x!, [image, firstChannel + c, y, z]) * read(weight!, [channel, c, dy, dx]);
			}
			return sum;
		}),
	];
}

function softmax(x: Dense, axis: number): Dense[] {
	const at = axis < 0 ? axis + x.shape.length : axis;
	const along = Array.from({ length: x.shape[at] }, (_, i) => i);
	return [
		build(x.shape, (index) => {
			const own = read(x, index);
			return 1 / along.reduce((sum, i) => sum + Math.exp(read(x, replaced(index, at, i)) - own), 0);
		}),
	];
}

function layerNormalization([x, gain, bias]: Dense[], epsilon: number): Dense[] {
	const last = x.shape.length - 1;
	const row = (index: number[]): number[] =>
		Array.from({ length: x.shape[last] }, (_, i) => read(x, replaced(index, last, i)));
	const meanOf = (values: number[]): number =>
		values.reduce((sum, value) => sum + value, 0) / values.length;
	const mean = build(replaced(x.shape, last, 1), (index) => meanOf(row(index)));
	const inverse = build(mean.shape, (index) => {
		const centre = read(mean, index);
		return 1 / Math.sqrt(meanOf(row(index).map((value) => (value - centre) ** 2)) + epsilon);
	});
	const normal = (index: number[]): number => (read(x, index) - read(mean, index)) * read(inverse, index);
	const y = build(x.shape, (index) => normal(index) * read(gain, index) + read(bias, index));
	return [y, mean, inverse];
}

/** Gauss error function: (2 / sqrt pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!, whose terms have one sign. */
function erf(x: number): number {
	if (Math.abs(x) > 6) return Math.sign(x);
	let term = x;
	let sum = x;
	for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
		term *= (2 * x * x) / (2 * n + 1);
		sum += term;
	}
	return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function attributeOf(node: Node, name: string): Attribute | undefined {
	return Object.entries(node.attributes).find(([key]) => key === name)?.[1];
}

function integers(node: Node, name: string, absent: readonly number[]): readonly number[] {
	const attribute = attributeOf(node, name) ?? absent;
	if (!Array.isArray(attribute)) throw new Error(`The interpreter expected a list of integers as ${name}`);
	return attribute as readonly number[];
}

function scalarsOf(node: Node): Scalar {
	return (name, absent) => {
		const attribute = attributeOf(node, name);
		if (attribute === undefined) return absent;
		if (typeof attribute === 'number') return attribute;
		if (typeof attribute === 'object' && 'float' in attribute) return attribute.float;
		throw new Error(`The interpreter expected a number as ${name}`);
	};
}

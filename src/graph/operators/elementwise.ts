import { emitOne, requireSameType, type Tensor, type VectorJacobian } from '../graph';
import { broadcastAxes, broadcastShape, sameShape, shapeError, type Shape } from '../shape';
import { reshape } from './layout';
import { reduceSum } from './reduce';

type Unary = (x: Tensor) => Tensor;

/** a + b, broadcast. */
export function add(a: Tensor, b: Tensor): Tensor {
	return binary('Add', a, b, ([g]) => [g && reduceTo(g, a.shape), g && reduceTo(g, b.shape)]);
}

/** a - b, broadcast. */
export function sub(a: Tensor, b: Tensor): Tensor {
	return binary('Sub', a, b, ([g]) => [g && reduceTo(g, a.shape), g && neg(reduceTo(g, b.shape))]);
}

/** a * b, broadcast. */
export function mul(a: Tensor, b: Tensor): Tensor {
	return binary('Mul', a, b, ([g]) => [
		g && reduceTo(mul(g, b), a.shape),
		g && reduceTo(mul(g, a), b.shape),
	]);
}

/** a / b, broadcast. */
export function div(a: Tensor, b: Tensor): Tensor {
	return binary('Div', a, b, ([g], node) => {
		if (!g) return [null, null];
		const scaled = div(g, b);
		return [reduceTo(scaled, a.shape), neg(reduceTo(mul(scaled, node.outputs[0]), b.shape))];
	});
}

/** The larger of a and b, broadcast; at a tie the gradient goes to a. */
export function maximum(a: Tensor, b: Tensor): Tensor {
	return binary('Max', a, b, ([g]) => {
		if (!g) return [null, null];
		const first = greaterOrEqual(a, b);
		const zero = g.graph.scalar(0);
		return [reduceTo(where(first, g, zero), a.shape), reduceTo(where(first, zero, g), b.shape)];
	});
}

/** The smaller of a and b, broadcast; at a tie the gradient goes to a. */
export function minimum(a: Tensor, b: Tensor): Tensor {
	return binary('Min', a, b, ([g]) => {
		if (!g) return [null, null];
		const first = greaterOrEqual(b, a);
		const zero = g.graph.scalar(0);
		return [reduceTo(where(first, g, zero), a.shape), reduceTo(where(first, zero, g), b.shape)];
	});
}

/** a >= b, broadcast, as bool; no gradient flows. */
export function greaterOrEqual(a: Tensor, b: Tensor): Tensor {
	requireSameType('GreaterOrEqual', a, b);
	const shape = broadcastShape('GreaterOrEqual', a.shape, b.shape);
	return emitOne(a.graph, {
		opType: 'GreaterOrEqual',
		inputs: [a, b],
		outputs: [{ dtype: 'bool', shape }],
		gradient: 'none',
	});
}

/** a where `condition` (bool) holds, else b; broadcast. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
	if (condition.dtype !== 'bool')
		throw shapeError('Where', `the condition must be bool, not ${condition.dtype}`, condition.shape);
	requireSameType('Where', a, b);
	const shape = broadcastShape('Where', condition.shape, broadcastShape('Where', a.shape, b.shape));
	return emitOne(a.graph, {
		opType: 'Where',
		inputs: [condition, a, b],
		outputs: [{ dtype: a.dtype, shape }],
		gradient: ([g]) => {
			if (!g) return [null, null, null];
			const zero = g.graph.scalar(0);
			return [
				null,
				reduceTo(where(condition, g, zero), a.shape),
				reduceTo(where(condition, zero, g), b.shape),
			];
		},
	});
}

export const neg: Unary = (x) => unary('Neg', x, (g) => neg(g));

export const exp: Unary = (x) => unary('Exp', x, (g, y) => mul(g, y));

export const sqrt: Unary = (x) => unary('Sqrt', x, (g, y) => div(mul(g, x.graph.scalar(0.5)), y));

export const reciprocal: Unary = (x) => unary('Reciprocal', x, (g, y) => neg(mul(g, mul(y, y))));

export const tanh: Unary = (x) => unary('Tanh', x, (g, y) => mul(g, sub(x.graph.scalar(1), mul(y, y))));

export const relu: Unary = (x) =>
	unary('Relu', x, (g) => where(greaterOrEqual(x.graph.scalar(0), x), x.graph.scalar(0), g));

/** Gauss error function. */
export const erf: Unary = (x) =>
	unary('Erf', x, (g) => mul(g, div(x.graph.scalar(2 / Math.sqrt(Math.PI)), exp(mul(x, x)))));

/** x * x. */
export const square: Unary = (x) => mul(x, x);

/** x times a number. */
export function scale(x: Tensor, factor: number): Tensor {
	return factor === 1 ? x : mul(x, x.graph.scalar(factor));
}

/** x plus a number. */
export function offset(x: Tensor, value: number): Tensor {
	return value === 0 ? x : add(x, x.graph.scalar(value));
}

/** elu(x) + 1: x + 1 above zero, exp(x) below; its derivative is min(y, 1). */
export function eluPlusOne(x: Tensor): Tensor {
	const y = aboveAndBelowZero(x);
	return withGradient(y, [x], (g) => [mul(g, hardSigmoid(y, 1, 0))]);
}

/** max(x, 0) + exp(min(x, 0)); Elu, whose 1 has to be added back, would round more. */
function aboveAndBelowZero(x: Tensor): Tensor {
	const above = relu(x);
	return add(above, exp(sub(x, above)));
}

/** max(0, min(1, alpha x + beta)); unlike Min it runs on all threads. */
export function hardSigmoid(x: Tensor, alpha: number, beta: number): Tensor {
	return emitOne(x.graph, {
		opType: 'HardSigmoid',
		inputs: [x],
		outputs: [x],
		attributes: { alpha: { float: alpha }, beta: { float: beta } },
		gradient: ([g], { outputs: [y] }) => {
			if (!g) return [null];
			const [zero, one] = [x.graph.scalar(0), x.graph.scalar(1)];
			const inside = where(greaterOrEqual(y, one), zero, where(greaterOrEqual(zero, y), zero, one));
			return [mul(scale(g, alpha), inside)];
		},
	});
}

/** x, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
	return emitOne(x.graph, { opType: 'Identity', inputs: [x], outputs: [x], gradient: 'none' });
}

/** x, whose gradient passes through `hook` on its way back. */
export function hookGradient(x: Tensor, hook: (gradient: Tensor) => Tensor): Tensor {
	return emitOne(x.graph, {
		opType: 'Identity',
		inputs: [x],
		outputs: [x],
		gradient: ([g]) => [g && hook(g)],
		unique: true,
	});
}

/** y, whose gradient with respect to `operands` is the given one instead of that of the operators that made it. */
export function withGradient(
	y: Tensor,
	operands: readonly Tensor[],
	rule: (gradient: Tensor) => readonly (Tensor | null)[],
): Tensor {
	return emitOne(y.graph, {
		opType: 'Identity',
		inputs: [y, ...operands],
		outputs: [y],
		gradient: ([g]) => [null, ...(g ? rule(g) : operands.map(() => null))],
		unique: true,
	});
}

/** x as float32; no gradient flows. */
export function toFloat32(x: Tensor): Tensor {
	if (x.dtype === 'float32') return x;
	return emitOne(x.graph, {
		opType: 'Cast',
		inputs: [x],
		outputs: [{ dtype: 'float32', shape: x.shape }],
		attributes: { to: 1 },
		gradient: 'none',
	});
}

/** x as float16, values beyond `limit` clipped to it on either side; no gradient flows. */
export function toFloat16(x: Tensor, limit: number): Tensor {
	const { graph } = x;
	return emitOne(graph, {
		opType: 'Cast',
		inputs: [maximum(minimum(x, graph.scalar(limit)), graph.scalar(-limit))],
		outputs: [{ dtype: 'float16', shape: x.shape }],
		attributes: { to: 10 },
		gradient: 'none',
	});
}

/** Sums a gradient over the axes along which its operand was broadcast. */
export function reduceTo(gradient: Tensor, shape: Shape): Tensor {
	if (sameShape(gradient.shape, shape)) return gradient;
	return reshape(reduceSum(gradient, broadcastAxes(shape, gradient.shape)), shape);
}

function unary(opType: string, x: Tensor, derivative: (gradient: Tensor, y: Tensor) => Tensor): Tensor {
	return emitOne(x.graph, {
		opType,
		inputs: [x],
		outputs: [x],
		gradient: ([g], node) => [g && derivative(g, node.outputs[0])],
	});
}

function binary(opType: string, a: Tensor, b: Tensor, gradient: VectorJacobian): Tensor {
	requireSameType(opType, a, b);
	const shape = broadcastShape(opType, a.shape, b.shape);
	return emitOne(a.graph, { opType, inputs: [a, b], outputs: [{ dtype: a.dtype, shape }], gradient });
}

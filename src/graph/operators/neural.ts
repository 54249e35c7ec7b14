import { DinomalyError } from '../../errors';
import { emitOne, type Tensor } from '../graph';
import { normaliseAxis, sameShape, shapeError } from '../shape';
import {
	add,
	div,
	erf,
	exp,
	hardSigmoid,
	mul,
	reduceTo,
	scale,
	square,
	sub,
	withGradient,
} from './elementwise';
import { gemm, linear, linearGradients } from './matmul';
import { reduceMean } from './moments';
import { allInPieces, inPieces } from './pieces';
import { reduceSum } from './reduce';

/**
 * x Phi(x), exact (erf) form. With u = x / sqrt 2 its derivative is (1 + erf u) / 2 + u exp(-u^2) / sqrt pi;
 * dividing by exp(u^2) saves negating, and an overflow there gives the right limit 0.
 */
export function gelu(x: Tensor): Tensor {
	return emitOne(x.graph, {
		opType: 'Gelu',
		inputs: [x],
		outputs: [x],
		attributes: { approximate: 'none' },
		gradient: ([g]) => {
			if (!g) return [null];
			return [inPieces([g, x], geluGradient)];
		},
	});
}

/**
 * A linear layer behind a GELU, gelu(x) W^T + b. Where work is done in pieces the backward pass makes gelu(x) anew, in the pass over x that
 * its slope needs anyway, so that it is not kept from the forward pass until then.
 *
 * @param x (rows, in), @param weight (out, in), @param bias (out)
 */
export function geluLinear(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
	const product = linear(gelu(x), weight, bias);
	if (x.graph.pieceBytes === 0) return product;
	return withGradient(product, [x, weight, bias], (g) => {
		const arrived = gemm(g, weight);
		const [slope, hidden] = allInPieces([arrived, x], geluAgain);
		const layer = linearGradients(g, { x: hidden, bias });
		return [slope, layer.weight, layer.bias];
	});
}

/** g (Phi(x) + x phi(x)), with u = x / sqrt(2). */
function geluGradient(g: Tensor, x: Tensor): Tensor {
	return geluAgain(g, x)[0];
}

/** The slope of GELU times g, and GELU itself. */
function geluAgain(g: Tensor, x: Tensor): readonly [Tensor, Tensor] {
	const u = scale(x, Math.SQRT1_2);
	const density = scale(div(u, exp(square(u))), 1 / Math.sqrt(Math.PI));
	const probability = hardSigmoid(erf(u), 0.5, 0.5);
	return [mul(g, add(probability, density)), mul(x, probability)];
}

/** Softmax over one axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
	const at = normaliseAxis('Softmax', axis, x.shape);
	return emitOne(x.graph, {
		opType: 'Softmax',
		inputs: [x],
		outputs: [x],
		attributes: { axis: at },
		gradient: ([g], node) => {
			if (!g) return [null];
			const [y] = node.outputs;
			const weighted = mul(g, y);
			return [sub(weighted, mul(y, reduceSum(weighted, [at])))];
		},
	});
}

/** Normalises the last axis to mean 0 and variance 1, then scales and shifts it: (x - mean) / sqrt(var + epsilon) * gain + bias. */
export function layerNorm(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor {
	const width = x.shape[x.shape.length - 1];
	if (!sameShape(gain.shape, [width]) || !sameShape(bias.shape, [width])) {
		throw shapeError(
			'LayerNormalization',
			'gain and bias must be vectors as long as the last axis',
			x.shape,
			gain.shape,
			bias.shape,
		);
	}
	const { graph } = x;
	const rows = [...x.shape.slice(0, -1), 1];
	const [y] = graph.emit({
		opType: 'LayerNormalization',
		inputs: [x, gain, bias],
		outputs: [x, { dtype: x.dtype, shape: rows }, { dtype: x.dtype, shape: rows }],
		attributes: { axis: -1, epsilon: { float: epsilon } },
		gradient: ([g, ...statistics], node) => {
			refuseStatistics(statistics);
			if (!g) return [null, null, null];
			const [, mean, inverseDeviation] = node.outputs;
			const normal = mul(sub(x, mean), inverseDeviation);
			return [
				mul(tangent(mul(g, gain), normal), inverseDeviation),
				reduceTo(mul(g, normal), gain.shape),
				reduceTo(g, bias.shape),
			];
		},
	});
	return y;
}

/**
 * Normalises the last axis to mean 0 and variance 1, then adds `shift`: (x - mean) / sqrt(var + epsilon) + shift. The shift costs nothing, as
 * LayerNormalization adds a bias in any case.
 */
export function normalise(x: Tensor, epsilon: number, shift = 0): Tensor {
	const { graph } = x;
	if (x.shape.length === 0) throw shapeError('LayerNormalization', 'at least one axis is needed', x.shape);
	const width = x.shape[x.shape.length - 1];
	const rows = [...x.shape.slice(0, -1), 1];
	const filledWith = (value: number): Tensor =>
		graph.constant(new Float32Array(width).fill(value), [width]);
	const [y] = graph.emit({
		opType: 'LayerNormalization',
		inputs: [x, filledWith(1), filledWith(shift)],
		outputs: [x, { dtype: x.dtype, shape: rows }, { dtype: x.dtype, shape: rows }],
		attributes: { axis: -1, epsilon: { float: epsilon } },
		gradient: ([g, ...statistics], node) => {
			refuseStatistics(statistics);
			const [shifted, , inverseDeviation] = node.outputs;
			const slope = (...pieces: readonly Tensor[]): Tensor =>
				normaliseGradient(pieces[0], pieces[1], pieces[2], shift);
			return [g && inPieces([g, shifted, inverseDeviation], slope), null, null];
		},
		unique: true,
	});
	return y;
}

/** Only a second derivative sends a gradient into the mean and the deviation. */
function refuseStatistics(gradients: readonly (Tensor | null)[]): void {
	if (gradients.every((gradient) => gradient === null)) return;
	throw new DinomalyError('GRAPH_SHAPE', 'LayerNormalization: it can be differentiated once, not twice');
}

/**
 * (g - mean g - n mean(g n)) / deviation for normal rows n, written in what the forward pass left: y = n + shift, and mean y = shift.
 */
function normaliseGradient(g: Tensor, y: Tensor, inverseDeviation: Tensor, shift: number): Tensor {
	if (shift === 0) return mul(tangent(g, y), inverseDeviation);
	const mean = reduceMean(g, [-1]);
	const along = sub(reduceMean(mul(g, y), [-1]), scale(mean, shift));
	const level = sub(mean, scale(along, shift));
	return mul(sub(sub(g, mul(y, along)), level), inverseDeviation);
}

/** The part of g that is orthogonal to the ones and to `normal`, row by row. */
function tangent(g: Tensor, normal: Tensor): Tensor {
	return sub(sub(g, reduceMean(g, [-1])), mul(normal, reduceMean(mul(g, normal), [-1])));
}

import { emitOne, type Tensor } from '../graph';
import { shapeError } from '../shape';
import { add, div, maximum, mul, scale, toFloat32 } from './elementwise';
import { reshape, transpose } from './layout';
import { reduceMax } from './reduce';

/** Largest code of a weight; -128 is left out, so that the codes are symmetric. */
const LARGEST_CODE = 127;
/** Scale of an output whose weights are all 0. */
const LEAST_SCALE = 1e-30;

/**
 * x W^T + b in 8-bit integers (dynamic quantisation): activations as unsigned codes with one scale and zero point, found anew at every
 * run, weights as signed codes with a scale for each output. Weights and bias may be any expression of constants, which ONNX Runtime
 * computes once, when it loads the model. No gradient flows.
 *
 * @param x (rows, in), @param weight (out, in), @param bias (out)
 */
export function quantisedLinear(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
	const { graph } = x;
	const { rows, out, codes, scales } = layerCodes(x, weight);
	return emitOne(graph, {
		opType: 'DynamicQuantizeMatMul',
		domain: 'com.microsoft',
		inputs: [x, codes, reshape(scales, [out]), null, ...(bias ? [bias] : [])],
		outputs: [{ dtype: 'float32', shape: [rows, out] }],
		gradient: 'none',
	});
}

/** As `quantisedLinear`, in operators of ONNX itself, which other runtimes know as well. */
export function standardQuantisedLinear(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
	const { graph } = x;
	const { rows, out, codes, scales } = layerCodes(x, weight);
	const [xCodes, xScale, xZero] = graph.emit({
		opType: 'DynamicQuantizeLinear',
		inputs: [x],
		outputs: [
			{ dtype: 'uint8', shape: x.shape },
			{ dtype: 'float32', shape: [] },
			{ dtype: 'uint8', shape: [] },
		],
		gradient: 'none',
	});
	const sums = emitOne(graph, {
		opType: 'MatMulInteger',
		inputs: [xCodes, codes, xZero],
		outputs: [{ dtype: 'int32', shape: [rows, out] }],
		gradient: 'none',
	});
	const product = mul(toFloat32(sums), mul(reshape(scales, [out]), xScale));
	return bias ? add(product, bias) : product;
}

interface LayerCodes {
	readonly rows: number;
	readonly out: number;
	/** int8 (in, out). */
	readonly codes: Tensor;
	/** (out, 1). */
	readonly scales: Tensor;
}

function layerCodes(x: Tensor, weight: Tensor): LayerCodes {
	const { graph } = x;
	const [rows, inner] = x.shape;
	const [out, innerW] = weight.shape;
	if (x.shape.length !== 2 || weight.shape.length !== 2 || inner !== innerW)
		throw shapeError(
			'DynamicQuantizeMatMul',
			'columns of both matrices must be equal',
			x.shape,
			weight.shape,
		);
	const sizes = reduceMax(plain('Abs', weight), [1]);
	const scales = maximum(scale(sizes, 1 / LARGEST_CODE), graph.scalar(LEAST_SCALE));
	return { rows, out, scales, codes: toInt8(transpose(div(weight, scales), [1, 0])) };
}

/** The nearest whole numbers, ties to even. */
function toInt8(x: Tensor): Tensor {
	return emitOne(x.graph, {
		opType: 'Cast',
		inputs: [plain('Round', x)],
		outputs: [{ dtype: 'int8', shape: x.shape }],
		attributes: { to: INT8 },
		gradient: 'none',
	});
}

function plain(opType: 'Abs' | 'Round', x: Tensor): Tensor {
	return emitOne(x.graph, { opType, inputs: [x], outputs: [x], gradient: 'none' });
}

/** int8 as onnx.proto numbers it. */
const INT8 = 3;

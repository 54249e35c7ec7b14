import { emitOne, type Tensor } from '../graph';
import { sameShape, shapeError } from '../shape';
import { add, mul } from './elementwise';
import { concat, pad, reshape, slice } from './layout';
import { reduceSum } from './reduce';

/** Square patches (stride = kernel) of images (B, C, H, W) projected by a weight (out, C, k, k); no gradient flows. */
export function patchProjection(images: Tensor, weight: Tensor, bias: Tensor): Tensor {
	const [batch, channels, height, width] = images.shape;
	const [out, channelsIn, kernel, kernelWidth] = weight.shape;
	if (
		images.shape.length !== 4 ||
		weight.shape.length !== 4 ||
		kernel !== kernelWidth ||
		!sameShape(bias.shape, [out])
	) {
		throw shapeError(
			'Conv',
			'images (B, C, H, W), a weight (out, C, k, k) and a bias (out) are needed',
			images.shape,
			weight.shape,
			bias.shape,
		);
	}
	if (channels !== channelsIn || height % kernel !== 0 || width % kernel !== 0) {
		throw shapeError(
			'Conv',
			'channels must agree and the kernel must divide the image',
			images.shape,
			weight.shape,
		);
	}
	return emitOne(images.graph, {
		opType: 'Conv',
		inputs: [images, weight, bias],
		outputs: [{ dtype: images.dtype, shape: [batch, out, height / kernel, width / kernel] }],
		attributes: { kernel_shape: [kernel, kernel], strides: [kernel, kernel] },
		gradient: 'none',
	});
}

/** Depthwise convolution of (B, C, H, W) by (C, 1, k, k), stride 1, zero padding on every side. */
export function depthwiseConv(x: Tensor, weight: Tensor, padding: number): Tensor {
	const [batch, channels, height, width] = x.shape;
	const [channelsIn, one, kernel, kernelWidth] = weight.shape;
	if (
		x.shape.length !== 4 ||
		weight.shape.length !== 4 ||
		channels !== channelsIn ||
		one !== 1 ||
		kernel !== kernelWidth ||
		kernel !== 2 * padding + 1
	) {
		throw shapeError(
			'Conv (depthwise)',
			'a (C, 1, k, k) weight with k = 2 padding + 1 is needed',
			x.shape,
			weight.shape,
		);
	}
	return emitOne(x.graph, {
		opType: 'Conv',
		inputs: [x, weight],
		outputs: [{ dtype: x.dtype, shape: [batch, channels, height, width] }],
		attributes: {
			group: channels,
			kernel_shape: [kernel, kernel],
			pads: [padding, padding, padding, padding],
		},
		gradient: ([g]) => {
			if (!g) return [null, null];
			const gPadded = padSpatially(g, padding);
			const xPadded = padSpatially(x, padding);
			let dx: Tensor | null = null;
			const taps: Tensor[] = [];
			for (let tap = 0; tap < kernel * kernel; tap++) {
				const row = Math.floor(tap / kernel);
				const column = tap % kernel;
				const own = slice(slice(weight, 2, row, row + 1), 3, column, column + 1);
				const spread = mul(
					window(gPadded, 2 * padding - row, 2 * padding - column, height, width),
					reshape(own, [channels, 1, 1]),
				);
				dx = dx ? add(dx, spread) : spread;
				taps.push(
					reshape(reduceSum(mul(window(xPadded, row, column, height, width), g), [0, 2, 3]), [
						channels,
						1,
					]),
				);
			}
			return [dx, reshape(concat(taps, 1), weight.shape)];
		},
	});
}

function padSpatially(x: Tensor, amount: number): Tensor {
	return pad(pad(x, 2, amount, amount), 3, amount, amount);
}

function window(x: Tensor, top: number, left: number, height: number, width: number): Tensor {
	return slice(slice(x, 2, top, top + height), 3, left, left + width);
}

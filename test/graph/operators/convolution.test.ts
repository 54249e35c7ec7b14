import * as tf from '@tensorflow/tfjs';
import { depthwiseConv, Graph, patchProjection, reshape } from '../../../src/graph';
import { describeOperator, describeValue } from '../../support/operatorChecks';
import { refusalOf } from '../../support/refusals';

/** TensorFlow.js convolves (B, H, W, C) only. */
const channelsLast = (x: tf.Tensor): tf.Tensor4D => tf.transpose(x, [0, 2, 3, 1]) as tf.Tensor4D;
const channelsFirst = (x: tf.Tensor): tf.Tensor => tf.transpose(x, [0, 3, 1, 2]);

describeOperator(
	'depthwiseConv',
	(random) => {
		const padding = random.integer(3);
		const kernel = 2 * padding + 1;
		const [images, channels] = [1 + random.integer(2), 1 + random.integer(3)];
		const [height, width] = [1 + random.integer(4), 1 + random.integer(4)];
		return {
			shapes: [
				[images, channels, height, width],
				[channels, 1, kernel, kernel],
			],
			ours: (x, weight) => depthwiseConv(x, weight, padding),
			theirs: (x, weight) =>
				channelsFirst(
					tf.depthwiseConv2d(
						channelsLast(x),
						tf.transpose(weight, [2, 3, 0, 1]) as tf.Tensor4D,
						1,
						'same',
					),
				),
		};
	},
	{ trials: 5 },
);

describeValue('patchProjection', (random) => {
	const [kernel, channels, out] = [1 + random.integer(3), 1 + random.integer(3), 1 + random.integer(4)];
	return {
		shapes: [[2, channels, kernel * 2, kernel * 3], [out, channels, kernel, kernel], [out]],
		ours: patchProjection,
		theirs: (images, weight, bias) => {
			const filter = tf.transpose(weight, [2, 3, 1, 0]) as tf.Tensor4D;
			return channelsFirst(tf.add(tf.conv2d(channelsLast(images), filter, kernel, 'valid'), bias));
		},
	};
});

describe('rules', () => {
	const graph = new Graph();
	const input = (name: string, ...shape: number[]) => graph.input(name, 'float32', shape);
	const images = input('images', 2, 3, 4, 6);
	const [weight, bias] = [input('weight', 5, 3, 2, 2), input('bias', 5)];
	const depthwise =
		'Conv (depthwise): a (C, 1, k, k) weight with k = 2 padding + 1 is needed, got [2, 3, 4, 6] and';

	test.each([
		[
			'Conv: channels must agree and the kernel must divide the image, got [2, 3, 4, 6] and [5, 2, 2, 2]',
			() => patchProjection(images, input('thin', 5, 2, 2, 2), bias),
		],
		[
			'Conv: channels must agree and the kernel must divide the image, got [2, 3, 4, 6] and [5, 3, 3, 3]',
			() => patchProjection(images, input('wide', 5, 3, 3, 3), bias),
		],
		[
			'Conv: images (B, C, H, W), a weight (out, C, k, k) and a bias (out) are needed, got [2, 3, 4, 6] and [5, 3, 2, 1] and [5]',
			() => patchProjection(images, input('oblong', 5, 3, 2, 1), bias),
		],
		[
			'Conv: images (B, C, H, W), a weight (out, C, k, k) and a bias (out) are needed, got [2, 3, 24] and [5, 3, 2, 2] and [5]',
			() => patchProjection(reshape(images, [2, 3, 24]), weight, bias),
		],
		[
			'Conv: images (B, C, H, W), a weight (out, C, k, k) and a bias (out) are needed, got [2, 3, 4, 6] and [5, 3, 2, 2] and [4]',
			() => patchProjection(images, weight, input('short', 4)),
		],
		[`${depthwise} [3, 1, 3, 3]`, () => depthwiseConv(images, input('padded', 3, 1, 3, 3), 2)],
		[`${depthwise} [2, 1, 3, 3]`, () => depthwiseConv(images, input('few', 2, 1, 3, 3), 1)],
		[`${depthwise} [3, 2, 3, 3]`, () => depthwiseConv(images, input('many', 3, 2, 3, 3), 1)],
		[`${depthwise} [3, 1, 3, 1]`, () => depthwiseConv(images, input('flat', 3, 1, 3, 1), 1)],
		[`${depthwise} [3, 1, 3]`, () => depthwiseConv(images, input('low', 3, 1, 3), 1)],
	])('%s', (message, call) => {
		const refusal = refusalOf(call);
		expect(refusal.code).toBe('GRAPH_SHAPE');
		expect(refusal.message).toBe(message);
	});
});

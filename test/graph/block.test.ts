import * as tf from '@tensorflow/tfjs';
import {
	add,
	div,
	eluPlusOne,
	gelu,
	gradients,
	Graph,
	layerNorm,
	linear,
	matmul,
	maximum,
	mul,
	normalise,
	offset,
	reduceSum,
	reshape,
	scale,
	slice,
	softmax,
	sqrt,
	square,
	sumAll,
	swapLast,
	transpose,
	type Tensor,
} from '../../src/graph';
import { createRandom } from '../../src/random';
import { expectClose, sampleArray } from '../support/operatorChecks';
import { floats, runGraph } from '../support/run';

/**
 * Two layers of attention and MLP, written once with the graph's operators on rows (tokens * images, D), as a model would
 * write them, and once with TensorFlow.js on (images, tokens, D), as textbooks do.
 */
const [TOKENS, IMAGES, HEADS, DIM, LAYERS] = [5, 3, 2, 8, 2];
const EPSILON = 1e-6;
const COSINE_EPSILON = 1e-8;
/** Both sides compute in float32, through some fifty operators one after the other. */
const TOLERANCE = 2e-5;

type Kind = 'linear' | 'softmax';
type Lookup<T> = (name: string) => T;

function parameterShapes(): Map<string, number[]> {
	const shapes = new Map<string, number[]>();
	for (let layer = 0; layer < LAYERS; layer++) {
		const entries: [string, number[]][] = [
			['norm1.weight', [DIM]],
			['norm1.bias', [DIM]],
			['qkv.weight', [3 * DIM, DIM]],
			['qkv.bias', [3 * DIM]],
			['proj.weight', [DIM, DIM]],
			['proj.bias', [DIM]],
			['norm2.weight', [DIM]],
			['norm2.bias', [DIM]],
			['fc1.weight', [4 * DIM, DIM]],
			['fc1.bias', [4 * DIM]],
			['fc2.weight', [DIM, 4 * DIM]],
			['fc2.bias', [DIM]],
		];
		for (const [name, shape] of entries) shapes.set(`${layer}.${name}`, shape);
	}
	return shapes;
}

/** Without `folded` the gain and bias of a norm are its own; with it they are folded into the layer that follows. */
function ourLoss(x: Tensor, target: Tensor, parameter: Lookup<Tensor>, kind: Kind, folded: boolean): Tensor {
	const normLinear = (rows: Tensor, norm: string, layer: string): Tensor => {
		const [gain, bias] = [parameter(`${norm}.weight`), parameter(`${norm}.bias`)];
		const [weight, shift] = [parameter(`${layer}.weight`), parameter(`${layer}.bias`)];
		if (!folded) return linear(layerNorm(rows, gain, bias, EPSILON), weight, shift);
		const moved = add(shift, reshape(matmul(weight, reshape(bias, [DIM, 1])), [weight.shape[0]]));
		return linear(normalise(rows, EPSILON), mul(weight, gain), moved);
	};
	let rows = x;
	for (let layer = 0; layer < LAYERS; layer++) {
		const qkv = normLinear(rows, `${layer}.norm1`, `${layer}.qkv`);
		const part = (i: number): Tensor =>
			transpose(
				reshape(slice(qkv, 1, i * DIM, (i + 1) * DIM), [TOKENS, IMAGES, HEADS, DIM / HEADS]),
				[1, 2, 0, 3],
			);
		const attended = ourAttention(part(0), part(1), part(2), kind);
		const merged = reshape(transpose(attended, [2, 0, 1, 3]), [TOKENS * IMAGES, DIM]);
		rows = add(rows, linear(merged, parameter(`${layer}.proj.weight`), parameter(`${layer}.proj.bias`)));
		const hidden = gelu(normLinear(rows, `${layer}.norm2`, `${layer}.fc1`));
		rows = add(rows, linear(hidden, parameter(`${layer}.fc2.weight`), parameter(`${layer}.fc2.bias`)));
	}
	return ourCosineLoss(reshape(rows, [TOKENS, IMAGES, DIM]), target);
}

function ourAttention(query: Tensor, key: Tensor, value: Tensor, kind: Kind): Tensor {
	if (kind === 'softmax') {
		return matmul(softmax(scale(matmul(query, swapLast(key)), 1 / Math.sqrt(DIM / HEADS))), value);
	}
	const [q, k] = [eluPlusOne(query), eluPlusOne(key)];
	const context = matmul(swapLast(k), value);
	return div(matmul(q, context), matmul(q, swapLast(reduceSum(k, [2]))));
}

/** Mean over images of 1 - cos over all numbers of an image. */
function ourCosineLoss(a: Tensor, b: Tensor): Tensor {
	const total = (x: Tensor): Tensor => reduceSum(x, [0, 2]);
	const norm = (x: Tensor): Tensor => maximum(sqrt(total(square(x))), x.graph.scalar(COSINE_EPSILON));
	return offset(scale(sumAll(div(total(mul(a, b)), mul(norm(a), norm(b)))), -1 / IMAGES), 1);
}

function theirLoss(x: tf.Tensor, target: tf.Tensor, parameter: Lookup<tf.Tensor>, kind: Kind): tf.Scalar {
	const dense = (input: tf.Tensor, name: string): tf.Tensor => {
		const weight = parameter(`${name}.weight`);
		const flat = tf.reshape(input, [IMAGES * TOKENS, weight.shape[1]!]);
		const product = tf.add(tf.matMul(flat, weight, false, true), parameter(`${name}.bias`));
		return tf.reshape(product, [IMAGES, TOKENS, weight.shape[0]]);
	};
	const norm = (input: tf.Tensor, name: string): tf.Tensor => {
		const { mean, variance } = tf.moments(input, -1, true);
		const normal = tf.mul(tf.sub(input, mean), tf.rsqrt(tf.add(variance, EPSILON)));
		return tf.add(tf.mul(normal, parameter(`${name}.weight`)), parameter(`${name}.bias`));
	};
	let tokens = tf.transpose(x, [1, 0, 2]);
	for (let layer = 0; layer < LAYERS; layer++) {
		const heads = tf
			.split(dense(norm(tokens, `${layer}.norm1`), `${layer}.qkv`), 3, -1)
			.map((part) =>
				tf.transpose(tf.reshape(part, [IMAGES, TOKENS, HEADS, DIM / HEADS]), [0, 2, 1, 3]),
			);
		const attended = theirAttention(heads[0], heads[1], heads[2], kind);
		const merged = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [IMAGES, TOKENS, DIM]);
		tokens = tf.add(tokens, dense(merged, `${layer}.proj`));
		const hidden = dense(norm(tokens, `${layer}.norm2`), `${layer}.fc1`);
		const activated = tf.mul(tf.mul(hidden, 0.5), tf.add(1, tf.erf(tf.mul(hidden, Math.SQRT1_2))));
		tokens = tf.add(tokens, dense(activated, `${layer}.fc2`));
	}
	const flatten = (value: tf.Tensor): tf.Tensor => tf.reshape(value, [IMAGES, TOKENS * DIM]);
	const [a, b] = [flatten(tokens), flatten(tf.transpose(target, [1, 0, 2]))];
	const cosine = tf.div(tf.sum(tf.mul(a, b), -1), tf.mul(tf.norm(a, 2, -1), tf.norm(b, 2, -1)));
	return tf.mean(tf.sub(1, cosine));
}

/** The explicit tokens x tokens form in both cases. */
function theirAttention(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, kind: Kind): tf.Tensor {
	if (kind === 'softmax') {
		return tf.matMul(
			tf.softmax(tf.div(tf.matMul(query, key, false, true), Math.sqrt(DIM / HEADS))),
			value,
		);
	}
	const similarity = tf.matMul(tf.add(tf.elu(query), 1), tf.add(tf.elu(key), 1), false, true);
	return tf.matMul(tf.div(similarity, tf.sum(similarity, -1, true)), value);
}

describe.each<[Kind, string, boolean]>([
	['linear', 'norms with gain and bias', false],
	['linear', 'norms folded into the next layer', true],
	['softmax', 'norms with gain and bias', false],
	['softmax', 'norms folded into the next layer', true],
])('two layers of %s attention and MLP, %s', (kind, _, folded) => {
	test('loss and gradients of all parameters and of the input agree with TensorFlow.js', async () => {
		const random = createRandom(21);
		const shapes = parameterShapes();
		const rows = [TOKENS * IMAGES, DIM];
		const data = new Map(
			[...shapes].map(([name, shape]) => [name, sampleArray(random, shape, (r) => 0.4 * r.normal())]),
		);
		const [x, target] = [sampleArray(random, rows), sampleArray(random, rows)];

		const graph = new Graph();
		const [input, wanted] = [
			graph.input('x', 'float32', rows),
			graph.input('target', 'float32', [TOKENS, IMAGES, DIM]),
		];
		const parameters = new Map(
			[...shapes].map(([name, shape]) => [name, graph.input(name, 'float32', shape)]),
		);
		const loss = ourLoss(input, wanted, (name) => parameters.get(name)!, kind, folded);
		graph.output('loss', loss);
		gradients(loss, [input, ...parameters.values()]).forEach((slope, i) => {
			graph.output(`slope${i}`, slope!);
		});
		const results = await runGraph(graph, {
			x: floats(x, rows),
			target: floats(target, [TOKENS, IMAGES, DIM]),
			...Object.fromEntries([...shapes].map(([name, shape]) => [name, floats(data.get(name)!, shape)])),
		});

		const names = [...shapes.keys()];
		const operands = [
			tf.tensor(x, [TOKENS, IMAGES, DIM]),
			...names.map((name) => tf.tensor(data.get(name)!, shapes.get(name))),
		];
		const theirs = tf.valueAndGrads((tokens, ...values) =>
			theirLoss(
				tokens,
				tf.tensor(target, [TOKENS, IMAGES, DIM]),
				(name) => values[names.indexOf(name)],
				kind,
			),
		)(operands);
		expectClose(results.loss.data as Float32Array, theirs.value.dataSync(), TOLERANCE);
		expect(theirs.grads).toHaveLength(1 + LAYERS * 12);
		theirs.grads.forEach((slope, i) => {
			const [ours, reference] = [results[`slope${i}`].data as Float32Array, slope.dataSync()];
			const size = Math.max(...reference.map(Math.abs));
			// A softmax does not see a shift of its logits, so the gradient of a key's bias is rounding noise in both.
			if (size > 1e-6)
				expectClose(
					ours.map((v) => v / size),
					reference.map((v) => v / size),
					TOLERANCE,
				);
			else expectClose(ours, reference, 1e-6);
		});
	});
});

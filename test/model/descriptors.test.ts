import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Graph } from '../../src/graph';
import { buildEncoder } from '../../src/model/encoder';
import { appendDescriptors } from '../../src/model/descriptors';
import { CHANNEL_MEAN, CHANNEL_STD } from '../../src/imaging/preprocess';
import { openEncoder, type EncoderWeights } from '../../src/weights/encoderWeights';
import { readSafetensors } from '../../src/weights/safetensors';
import { floatsOf } from '../support/goldenModel';
import { floats, relativeError, runGraph } from '../support/run';

interface Example {
	readonly side: number;
	/** Per group (patches, D), by pretraining/fit_descriptors.py in PyTorch. */
	readonly features: readonly (readonly number[])[];
}

const example = JSON.parse(
	readFileSync(path.join(__dirname, '../fixtures/descriptors.json'), 'utf8'),
) as Example;
const D = 192;
let weights: EncoderWeights;

beforeAll(async () => {
	weights = openEncoder(
		await readSafetensors(path.join(__dirname, '../../assets/encoders/descriptors.safetensors')),
	);
});

/** The image of the example, by the same formula, and normalised as the engine does. */
function picture(side: number): Float32Array {
	const image = new Float32Array(3 * side * side);
	for (let y = 0; y < side; y++)
		for (let x = 0; x < side; x++)
			[x * 5 + y * 3, x * y, (x - 20) ** 2 + (y - 30) ** 2].forEach((value, c) => {
				image[(c * side + y) * side + x] = ((value % 256) / 255 - CHANNEL_MEAN[c]) / CHANNEL_STD[c];
			});
	return image;
}

async function describeImage(groups: number): Promise<Float32Array[]> {
	const { side } = example;
	const graph = new Graph();
	const features = appendDescriptors(graph.input('image', 'float32', [1, 3, side, side]), weights, groups);
	features.forEach((feature, k) => {
		graph.output(`feature${k}`, feature);
	});
	const outputs = await runGraph(graph, { image: floats(picture(side), [1, 3, side, side]) });
	return features.map((_, k) => floatsOf(outputs[`feature${k}`]));
}

test('descriptors are those that the recipe computes in PyTorch', async () => {
	const features = await describeImage(2);
	for (const [k, expected] of example.features.entries())
		expect(relativeError(features[k].slice(D), expected)).toBeLessThan(1e-5);
});

test('the class token is the mean of the patches, and one group the mean of both', async () => {
	const [near, far] = await describeImage(2);
	const patches = near.length / D - 1;
	const mean = Array.from({ length: D }, (_, i) => {
		let sum = 0;
		for (let patch = 1; patch <= patches; patch++) sum += near[patch * D + i];
		return sum / patches;
	});
	expect(relativeError(near.slice(0, D), mean)).toBeLessThan(1e-5);
	const [both] = await describeImage(1);
	expect(
		relativeError(
			both,
			near.map((value, i) => (value + far[i]) / 2),
		),
	).toBeLessThan(1e-6);
});

test('several images at once are each described alone', async () => {
	const { side } = example;
	const one = picture(side);
	const other = one.map((value) => value / 2);
	const two = new Float32Array(2 * one.length);
	two.set(other);
	two.set(one, one.length);
	const graph = buildEncoder({ weights, cropSize: side, images: 2, targetLayers: [], groups: 2 });
	const outputs = await runGraph(graph, { image: floats(two, [2, 3, side, side]) });
	const [alone] = await describeImage(2);
	expect(relativeError(floatsOf(outputs.feature0).slice(alone.length), alone)).toBeLessThan(1e-6);
});

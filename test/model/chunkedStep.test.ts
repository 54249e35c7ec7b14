import { serialise } from '../../src/graph';
import { tokenLayout, type EncoderDims } from '../../src/model/layout';
import { initialParameters, parameterSpecs } from '../../src/model/parameters';
import { buildTrainingStep } from '../../src/model/trainingStep';
import { createRandom } from '../../src/random';
import { Session, type Value } from '../../src/runtime/session';
import { resolveConfig, type TrainingConfig } from '../../src/training/config';
import { relativeError } from '../support/run';

const DIMS: EncoderDims = {
	dim: 32,
	heads: 2,
	patch: 8,
	registers: 1,
	targetLayers: [0, 1, 2, 3, 4, 5, 6, 7],
};
/** Half of them have rows enough for a chunk. */
const IMAGES = 16;

/** Loss and raw gradients of one step on random numbers. */
async function gradientsOf(
	overrides: Partial<TrainingConfig>,
	pieceBytes: number,
): Promise<{ readonly found: Map<string, number[]>; readonly scans: number }> {
	const config = resolveConfig('fast', DIMS.patch, {
		imageSize: 128,
		cropSize: 128,
		batchSize: IMAGES,
		...overrides,
	});
	const specs = parameterSpecs(config, DIMS);
	const { graph, state, noise } = buildTrainingStep({
		config,
		optimiser: config,
		dims: DIMS,
		parameters: specs,
		images: IMAGES,
		featureType: 'float32',
		pieceBytes,
		exposeGradients: true,
	});
	const random = createRandom(5);
	const values = initialParameters(specs, createRandom(1));
	const drawn = (shape: readonly number[], draw: () => number): Value => ({
		dtype: 'float32',
		shape,
		data: Float32Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, draw),
	});
	const scalar = (value: number): Value => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
	const features = [IMAGES, tokenLayout(config, DIMS).encoderTokens, DIMS.dim];
	const feeds: Record<string, Value> = {
		...Object.fromEntries(
			Array.from({ length: config.groups }, (_, k) => [
				`feature${k}`,
				drawn(features, () => random.normal()),
			]),
		),
		...Object.fromEntries(
			state.map(({ name, shape }) => {
				const value = name.endsWith('.value')
					? values.get(name.slice(0, -'.value'.length))
					: undefined;
				return [name, value ? { dtype: 'float32', shape, data: value } : drawn(shape, () => 0)];
			}),
		),
		...Object.fromEntries(
			noise.map(({ name, shape }) => [name, drawn(shape, () => (random.next() < 0.2 ? 0 : 1.25))]),
		),
		learningRate: scalar(2e-3),
		firstCorrection: scalar(0.1),
		secondCorrection: scalar(0.03),
		rank: { dtype: 'int64', shape: [], data: BigInt64Array.of(700n) },
	};
	const session = await Session.create(serialise(graph), { device: 'cpu', threads: 2 });
	const wanted = [...graph.outputs.keys()].filter((name) => !name.startsWith('next.'));
	const inputs = Object.fromEntries(Object.entries(feeds).filter(([name]) => graph.inputs.has(name)));
	const results = await session.run(inputs, Object.fromEntries(wanted.map((name) => [name, null])));
	await session.release();
	return {
		found: new Map(
			Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
		),
		scans: graph.liveNodes().filter(({ opType }) => opType === 'Scan').length,
	};
}

test.each<[string, Partial<TrainingConfig>]>([
	['the default', {}],
	['softmax attention', { mixer: { kind: 'softmax', neighbour: 0 } }],
	['masked linear attention', { mixer: { kind: 'linearMasked', neighbour: 3 } }],
	['convolutions', { mixer: { kind: 'conv', kernel: 5 } }],
	['the reduced bottleneck', { bottleneck: 'reduced' }],
	['jitter', { noise: { kind: 'jitter', scale: 20 } }],
	['no dropout', { noise: { kind: 'dropout', rate: 0 } }],
])('%s: a few images at a time give the loss and the gradients of the whole batch', async (_, overrides) => {
	const whole = await gradientsOf(overrides, 0);
	const chunked = await gradientsOf(overrides, 20_000);
	expect(whole.scans).toBe(0);
	expect(chunked.scans).toBe(2);
	expect([...chunked.found.keys()]).toEqual([...whole.found.keys()]);
	for (const [name, values] of chunked.found)
		expect([name, relativeError(values, whole.found.get(name) ?? []) < 1e-4]).toEqual([name, true]);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tokenLayout, type EncoderDims } from '../../src/model/layout';
import { createRandom } from '../../src/random';
import { FolderStore } from '../../src/store/folderStore';
import { resolveConfig, type TrainingConfig } from '../../src/training/config';
import type { TrainingBackend } from '../../src/training/request';
import { trainModel } from '../../src/training/train';
import { Trainer } from '../../src/training/trainer';
import { float32ToHalf } from '../../src/weights/halfPrecision';
import { maxDifference, relativeError } from '../support/run';
import { drawTinyDataset } from '../support/tinyDataset';
import { writeTinyEncoder } from '../support/tinyEncoder';

const STEPS = 3;
/** Both compute in float32, and TensorFlow.js approximates erf to 1.5e-7; steps move parameters by 2e-3 at most, however small their gradients are. */
const PARAMETER_TOLERANCE = 2e-5;
const LOSS_TOLERANCE = 1e-5;
const DIMS: EncoderDims = {
	dim: 16,
	heads: 2,
	patch: 4,
	registers: 0,
	targetLayers: [0, 1, 2, 3, 4, 5, 6, 7],
};
const BASE = { imageSize: 32, cropSize: 24, batchSize: 2, iterations: 2 * STEPS, warmup: 2 } as const;

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-tfjs-'));
});
afterAll(() => {
	rmSync(folder, { recursive: true });
});

function openTrainer(config: TrainingConfig, backend: TrainingBackend): Promise<Trainer> {
	const length = config.groups * tokenLayout(config, DIMS).encoderTokens * DIMS.dim;
	const images = Array.from({ length: 3 }, (_, i) => {
		const values = new Float32Array(length);
		createRandom(i + 1).fillNormal(values);
		return float32ToHalf(values);
	});
	return Trainer.create(
		{ config, dims: DIMS, seed: 1, session: { device: 'cpu', threads: 2 }, backend },
		{ count: images.length, get: (index) => Promise.resolve(images[index]) },
	);
}

async function advance(trainer: Trainer): Promise<void> {
	for (let step = 0; step < STEPS; step++) await trainer.advance();
}

async function expectSame(theirs: Trainer, ours: Trainer): Promise<void> {
	expect(relativeError(theirs.losses, ours.losses)).toBeLessThan(LOSS_TOLERANCE);
	const expected = await ours.parameters();
	for (const [name, { data }] of await theirs.parameters()) {
		const found = maxDifference(data, expected.get(name)!.data);
		expect({ name, found: Math.max(found, PARAMETER_TOLERANCE) }).toEqual({
			name,
			found: PARAMETER_TOLERANCE,
		});
	}
}

test.each<[string, Parameters<typeof resolveConfig>[2]]>([
	['dropout and hard mining', BASE],
	[
		'jitter, without hard mining or amsgrad',
		{ ...BASE, noise: { kind: 'jitter', scale: 20 }, hardMining: false, amsgrad: false },
	],
	[
		'the reduced bottleneck with its own rate, recentering',
		{ ...BASE, bottleneck: 'reduced', recentering: true },
	],
])('steps in TensorFlow.js come to the weights of ONNX Runtime: %s', async (_, overrides) => {
	const config = resolveConfig('fast', DIMS.patch, overrides);
	const [ours, theirs] = [await openTrainer(config, 'onnx'), await openTrainer(config, 'tfjs')];
	await advance(ours);
	await advance(theirs);
	expect(theirs.device).toBe('@tensorflow/tfjs 4.22.0 (cpu)');
	await expectSame(theirs, ours);
	await ours.release();
});

test('a training may change its backend at a checkpoint', async () => {
	const config = resolveConfig('fast', DIMS.patch, BASE);
	const ours = await openTrainer(config, 'onnx');
	const theirs = await openTrainer(config, 'tfjs');
	await advance(ours);
	const file = path.join(folder, 'state.safetensors');
	await ours.saveState(file);
	await theirs.loadState(file);
	theirs.losses.push(...ours.losses);
	await advance(ours);
	await advance(theirs);
	await expectSame(theirs, ours);
	await ours.release();
});

test('a model that TensorFlow.js trained is published with what trained it, and says what that is good for', async () => {
	const [store, data] = [path.join(folder, 'store'), path.join(folder, 'data')];
	await drawTinyDataset(data, ['bolt'], 8);
	const encoder = path.join(folder, 'encoder.safetensors');
	await writeTinyEncoder(encoder);
	const context = { signal: new AbortController().signal, onProgress: () => undefined };
	const { models } = await trainModel(
		{
			store,
			data,
			model: 'tiny',
			encoder,
			overrides: { imageSize: 40, cropSize: 32, batchSize: 2, iterations: 1, warmup: 0 },
			backend: 'tfjs',
			device: 'cpu',
			threads: 1,
		},
		context,
	);
	expect(models[0].notices).toContainEqual(expect.stringContaining('slower than ONNX Runtime'));
	const { card } = await new FolderStore(store).open('tiny');
	expect(card.training.device).toBe('@tensorflow/tfjs 4.22.0 (cpu)');
});

test('a loss that its step does not know is refused', async () => {
	const config = resolveConfig('fast', DIMS.patch, { ...BASE, loss: 'regionalCosine' });
	await expect(openTrainer(config, 'tfjs')).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
		message: expect.stringContaining('found regionalCosine') as string,
	});
});

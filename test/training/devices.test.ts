import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serialise } from '../../src/graph';
import { buildEncoder } from '../../src/model/encoder';
import { tokenLayout, type EncoderDims } from '../../src/model/layout';
import { createRandom } from '../../src/random';
import type { DeviceName } from '../../src/runtime/device';
import { Session } from '../../src/runtime/session';
import { resolveConfig } from '../../src/training/config';
import { Trainer } from '../../src/training/trainer';
import { float32ToHalf } from '../../src/weights/halfPrecision';
import { floats, relativeError } from '../support/run';
import { randomEncoder } from '../support/randomEncoder';
import { describeWebGpu } from '../support/webgpu';

// A graphics card in software shares the cores with the other tests.
jest.setTimeout(240_000);

const STEPS = 4;
const DIMS: EncoderDims = {
	dim: 16,
	heads: 2,
	patch: 4,
	registers: 0,
	targetLayers: [0, 1, 2, 3, 4, 5, 6, 7],
};
const CONFIG = resolveConfig('fast', DIMS.patch, {
	imageSize: 32,
	cropSize: 24,
	batchSize: 2,
	iterations: STEPS,
});

function openTrainer(device: DeviceName): Promise<Trainer> {
	const length = CONFIG.groups * tokenLayout(CONFIG, DIMS).encoderTokens * DIMS.dim;
	const images = Array.from({ length: 3 }, (_, i) => {
		const values = new Float32Array(length);
		createRandom(i + 1).fillNormal(values);
		return float32ToHalf(values);
	});
	return Trainer.create(
		{ config: CONFIG, dims: DIMS, seed: 1, session: { device, threads: 2 } },
		{ count: images.length, get: (index) => Promise.resolve(images[index]) },
	);
}

async function train(
	device: DeviceName,
): Promise<{ trainer: Trainer; parameters: Map<string, Float32Array> }> {
	const trainer = await openTrainer(device);
	for (let step = 0; step < STEPS; step++) await trainer.advance();
	const parameters = [...(await trainer.parameters())].map(
		([name, { data }]) => [name, data.slice()] as const,
	);
	await trainer.release();
	return { trainer, parameters: new Map(parameters) };
}

test('asked for WebGPU, training comes to the weights of the CPU: bit for bit where there is none', async () => {
	const [cpu, other] = [await train('cpu'), await train('webgpu')];
	expect(other.parameters.size).toBeGreaterThan(20);
	for (const [name, value] of other.parameters) {
		if (other.trainer.device === 'cpu') expect(value).toEqual(cpu.parameters.get(name));
		else expect(relativeError(value, cpu.parameters.get(name)!)).toBeLessThan(1e-4);
	}
});

describeWebGpu('over WebGPU', () => {
	test('training steps are computed there, and lose what they lose on the CPU', async () => {
		const [cpu, gpu] = [await train('cpu'), await train('webgpu')];
		expect(gpu.trainer.device).toBe('webgpu');
		expect(relativeError(gpu.trainer.losses, cpu.trainer.losses)).toBeLessThan(1e-5);
	});

	test('a training goes on from a checkpoint, there or on the CPU, as if it had not been cut off', async () => {
		const folder = await mkdtemp(path.join(tmpdir(), 'dinomaly-device-'));
		const file = path.join(folder, 'state.safetensors');
		const [cpu, gpu] = [await openTrainer('cpu'), await openTrainer('webgpu')];
		await gpu.advance();
		await gpu.saveState(file);
		await gpu.advance();
		const whole = new Map([...(await gpu.parameters())].map(([name, { data }]) => [name, data.slice()]));
		// The same trainer once more, which has to let go of the later state on the device.
		for (const trainer of [gpu, cpu]) {
			await trainer.loadState(file);
			trainer.losses.splice(0, 2, gpu.losses[0]);
			await trainer.advance();
			for (const [name, { data }] of await trainer.parameters())
				expect(relativeError(data, whole.get(name)!)).toBeLessThan(1e-4);
			await trainer.release();
		}
		await rm(folder, { recursive: true });
	}, 180_000);

	test('the encoder sees in 145 patches what it sees on the CPU', async () => {
		const weights = randomEncoder({ family: 'vit', registers: 0, layerScale: false });
		const image = new Float32Array(3 * 24 * 24);
		createRandom(4).fillNormal(image);
		const run = async (device: DeviceName): Promise<Float32Array> => {
			const graph = buildEncoder({
				weights,
				cropSize: 24,
				images: 1,
				targetLayers: DIMS.targetLayers,
				groups: 1,
				plainAttention: device === 'webgpu',
			});
			const session = await Session.create(serialise(graph), {
				device,
				requireDevice: true,
				threads: 2,
			});
			const { feature0 } = await session.run(
				{ image: floats(image, [1, 3, 24, 24]) },
				{ feature0: null },
			);
			await session.release();
			return feature0.data as Float32Array;
		};
		expect(relativeError(await run('webgpu'), await run('cpu'))).toBeLessThan(1e-5);
	});
});

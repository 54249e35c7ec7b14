import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CalibrationFile } from '../../src/store/calibration';
import type { ModelDraft } from '../../src/store/modelStore';

/** A folder for one test file, deleted after its tests. */
export function temporaryFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), 'dinomaly-store-'));
	afterAll(() => {
		rmSync(folder, { recursive: true, force: true });
	});
	return folder;
}

/** A model to publish, with `bytes` as its decoder. */
export function sampleDraft(bytes: Uint8Array = Buffer.from('weights')): ModelDraft {
	return {
		card: {
			config: {
				imageSize: 448,
				cropSize: 392,
				mixer: { kind: 'linear' },
				groups: 2,
				noise: { kind: 'dropout', rate: 0.2 },
				recentering: false,
				iterations: 1000,
				batchSize: 16,
				learningRate: 2e-3,
				finalLearningRate: 2e-4,
				warmup: 100,
				weightDecay: 1e-4,
				epsilon: 1e-10,
				amsgrad: true,
				clipNorm: 0.1,
				hardMining: true,
				hardMiningShare: 0.9,
				hardMiningRamp: 1000,
				hardMiningFactor: 0.1,
			},
			encoder: { name: 'tiny', sha256: 'ab'.repeat(32), architecture: 'vit-tiny' },
			seed: 1,
			categories: [{ name: 'bolt', trainImages: 8, calibrationImages: 3 }],
			data: { root: 'parts', fingerprint: 'f1', skipped: 0 },
			training: { iterations: 1000, finalLoss: 0.05, seconds: 12.5, device: 'cpu', threads: 2 },
			versions: {
				package: '0.1.0',
				node: '20.19.0',
				onnxruntime: '1.30.0',
				sharp: '0.35.5',
				platform: 'linux-x64',
			},
		},
		files: {
			'decoder.safetensors': { bytes },
			'calibration.json': { json: sampleCalibration() },
			'training.json': { json: { loss: [0.5, 0.1, 0.05] } },
		},
	};
}

export function sampleCalibration(): CalibrationFile {
	const quantiles = [
		{ level: 0.5, value: 0.01 },
		{ level: 0.99, value: 0.2 },
	];
	const pixel = { pixels: 3 * 65_536, maxPerImage: [0.2, 0.3, 0.4], quantiles };
	return {
		schemaVersion: 1,
		created: '2025-01-31T12:00:00.000Z',
		scores: { bolt: [0.1, 0.2, 0.2] },
		pixel: { bolt: pixel },
		pooledPixel: pixel,
	};
}

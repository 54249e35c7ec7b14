import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Engine } from '../../../src/engine/host';
import type { TrainRequest } from '../../../src/training/request';
import { drawTinyDataset } from '../../support/tinyDataset';
import { writeTinyEncoder } from '../../support/tinyEncoder';

/** Settings of a training that takes a second or two. */
export const TINY_OVERRIDES: NonNullable<TrainRequest['overrides']> = {
	imageSize: 64,
	cropSize: 64,
	batchSize: 4,
	iterations: 2,
};

export interface TinyModel {
	readonly store: string;
	readonly data: string;
	/** Safetensors file of a small random encoder. */
	readonly encoder: string;
	/** Bytes of a test image: `image('bolt', 'good/0')` or `image('nut', 'square/1')`. */
	image(category: string, name: string): Buffer;
}

/**
 * Draws the tiny dataset (categories "bolt" and "nut") under `folder` and trains a calibrated model named "tiny" on it, in one or two
 * seconds. Its scores mean little; everything around them is real.
 */
export async function trainTinyModel(engine: Engine, folder: string, model = 'tiny'): Promise<TinyModel> {
	const data = path.join(folder, 'data');
	const store = path.join(folder, 'store');
	const encoder = path.join(folder, 'encoder.safetensors');
	await drawTinyDataset(data, ['bolt', 'nut'], 16);
	await writeTinyEncoder(encoder);
	await engine.train({
		store,
		data,
		model,
		encoder,
		overrides: TINY_OVERRIDES,
		calibrationShare: 0.4,
		device: 'cpu',
		threads: 1,
	});
	return {
		store,
		data,
		encoder,
		image: (category, name) => readFileSync(path.join(data, category, 'test', `${name}.png`)),
	};
}

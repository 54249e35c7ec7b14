import { tokenLayout, type EncoderDims } from '../../src/model/layout';
import type { SessionOptions } from '../../src/runtime/session';
import { resolveConfig, type TrainingConfig } from '../../src/training/config';
import type { TrainingBackend } from '../../src/training/request';
import { Trainer } from '../../src/training/trainer';
import { THREADS } from './cases';

export interface StepOptions {
	readonly cropSize: number;
	readonly batchSize: number;
	readonly backend?: TrainingBackend;
	/** The CPU when absent. */
	readonly session?: SessionOptions;
}

/** A trainer on features of no meaning; speed does not depend on them. */
export async function openStep(
	dims: EncoderDims,
	{ cropSize, batchSize, backend, session = { device: 'cpu', threads: THREADS } }: StepOptions,
): Promise<{ readonly trainer: Trainer; readonly config: TrainingConfig }> {
	const config = resolveConfig('fast', dims.patch, {
		imageSize: cropSize,
		cropSize,
		batchSize,
		iterations: 600,
	});
	const length = config.groups * tokenLayout(config, dims).encoderTokens * dims.dim;
	const images = Array.from({ length: batchSize }, (_, i) =>
		Uint16Array.from({ length }, (__, j) => 0x3000 + (((i + 1) * (j + 7) * 2654435761) % 0xc00)),
	);
	const trainer = await Trainer.create(
		{ config, dims, seed: 1, session, backend },
		{ count: batchSize, get: (index) => Promise.resolve(images[index]) },
	);
	return { trainer, config };
}

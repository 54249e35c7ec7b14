import { freemem } from 'node:os';
import { DinomalyError } from '../errors';
import { parameterCount, parameterSpecs } from '../model/parameters';
import { tokenLayout, type EncoderDims } from '../model/layout';
import type { TrainingConfig } from './config';

export interface TrainingEstimate {
	/** Trainable scalars. */
	readonly parameters: number;
	/** Peak memory of the training, bytes. */
	readonly memoryBytes: number;
	/** Matrix work of one step: 6 x parameters x tokens x images. */
	readonly stepFlops: number;
}

/** Copies of every parameter: value and three moments, gradient, and what the optimizer holds for a while. */
const PARAMETER_COPIES = 7;
/** Float32 rows of width D that the step keeps per token of the batch, measured on the CPU (bench/training). */
const ROWS_PER_TOKEN = 170;
/** Runtime, graph and code. */
const BASE_BYTES = 250e6;

/** What a training will need, before it starts. */
export function estimateTraining(config: TrainingConfig, dims: EncoderDims): TrainingEstimate {
	const parameters = parameterCount(parameterSpecs(config, dims));
	const tokens = tokenLayout(config, dims).decoderTokens * config.batchSize;
	const quadratic = config.mixer.kind === 'softmax' || config.mixer.kind === 'linearMasked';
	// N x N attention weights, kept by the eight blocks in every head, twice or thrice each.
	const attention = quadratic ? 3 * 8 * dims.heads * tokens * (tokens / config.batchSize) * 4 : 0;
	const memoryBytes =
		BASE_BYTES + PARAMETER_COPIES * parameters * 4 + ROWS_PER_TOKEN * tokens * dims.dim * 4 + attention;
	return { parameters, memoryBytes, stepFlops: 6 * parameters * tokens };
}

/** Matrix work of encoding one image or tile: 24 N D^2 for the layers of a block, 4 N^2 D for its attention, and the patches. */
export function encodingFlops(config: TrainingConfig, dims: EncoderDims): number {
	const { dim, patch, targetLayers } = dims;
	const tokens = tokenLayout(config, dims).encoderTokens;
	const blocks = targetLayers[targetLayers.length - 1] + 1;
	return (
		blocks * (24 * tokens * dim * dim + 4 * tokens * tokens * dim) + 2 * tokens * dim * 3 * patch * patch
	);
}

/** Bytes that the features of one image or tile take in memory and in the cache. */
export function featureBytes(config: TrainingConfig, dims: EncoderDims): number {
	return 2 * config.groups * tokenLayout(config, dims).encoderTokens * dims.dim;
}

/** @throws MEMORY_SHORT when the training cannot fit into the memory that is free */
export function checkMemory(
	estimate: TrainingEstimate,
	config: TrainingConfig,
	freeBytes = availableMemory(),
): void {
	if (estimate.memoryBytes <= freeBytes) return;
	const smaller = Math.max(1, Math.floor(config.batchSize / 2));
	throw new DinomalyError(
		'MEMORY_SHORT',
		`Expected ${gigabytes(estimate.memoryBytes)} of free memory for batches of ${config.batchSize} images at ${config.cropSize} px, found ${gigabytes(freeBytes)}`,
		{ hint: `Set the batch size to ${smaller}, or use a smaller crop or encoder.` },
	);
}

/** Memory that can still be had, bytes: a container's limit counts. */
export function availableMemory(): number {
	const limited = process.availableMemory();
	return limited > 0 ? limited : freemem();
}

/** "1.9 GB". */
export function gigabytes(bytes: number): string {
	return `${(bytes / 1e9).toFixed(1)} GB`;
}

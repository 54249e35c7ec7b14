import {
	LOSS_NAMES,
	type MixerConfig,
	type ModelConfig,
	type NoiseConfig,
	type OptimiserConfig,
} from '../model/config';
import type { Tiling } from '../imaging/tiling';
import type { JsonFields } from './jsonFields';

/** Sides beyond this are no model of ours, and would ask for more memory than any machine has. */
const MAX_SIDE_PX = 8192;
/** Bounds only keep nonsense out: which values make sense together is for the model and the trainer to say. */
const MAX_NEIGHBOUR = 255;

/** More columns or rows than this are no grid of ours. */
const MAX_GRID = 1000;
const MAX_OVERLAP = 0.5;

/** Reads a card's `config`; throws MODEL_INVALID. */
export function readConfig(fields: JsonFields): ModelConfig & OptimiserConfig {
	return { ...readModelConfig(fields), ...readOptimiserConfig(fields) };
}

function readModelConfig(fields: JsonFields): ModelConfig {
	return {
		imageSize: fields.count('imageSize', { min: 1, max: MAX_SIDE_PX }),
		cropSize: fields.count('cropSize', { min: 1, max: MAX_SIDE_PX }),
		mixer: readMixer(fields.object('mixer')),
		groups: fields.oneOf('groups', [1, 2, 4, 8]),
		noise: readNoise(fields.object('noise')),
		recentering: fields.flag('recentering'),
		...(fields.has('bottleneck') && {
			bottleneck: fields.oneOf('bottleneck', ['plain', 'reduced'] as const),
		}),
		...(fields.has('tiling') && { tiling: readTiling(fields.object('tiling')) }),
	};
}

/** Reads how images are cut into tiles; throws as the fields do. */
export function readTiling(fields: JsonFields): Tiling {
	const kind = fields.oneOf('kind', ['side', 'grid']);
	const overlap = fields.number('overlap', { min: 0, max: MAX_OVERLAP });
	if (kind === 'side') return { kind, sidePx: fields.count('sidePx', { min: 1 }), overlap };
	const extent = { min: 1, max: MAX_GRID };
	return { kind, columns: fields.count('columns', extent), rows: fields.count('rows', extent), overlap };
}

function readOptimiserConfig(fields: JsonFields): OptimiserConfig {
	return {
		iterations: fields.count('iterations'),
		batchSize: fields.count('batchSize', { min: 1 }),
		learningRate: fields.number('learningRate', { min: 0 }),
		finalLearningRate: fields.number('finalLearningRate', { min: 0 }),
		warmup: fields.count('warmup'),
		weightDecay: fields.number('weightDecay', { min: 0 }),
		epsilon: fields.number('epsilon', { min: 0 }),
		amsgrad: fields.flag('amsgrad'),
		clipNorm: fields.number('clipNorm', { min: 0 }),
		...(fields.has('loss') && { loss: fields.oneOf('loss', LOSS_NAMES) }),
		hardMining: fields.flag('hardMining'),
		hardMiningShare: fields.number('hardMiningShare', { min: 0, max: 1 }),
		hardMiningRamp: fields.count('hardMiningRamp'),
		hardMiningFactor: fields.number('hardMiningFactor'),
	};
}

function readMixer(fields: JsonFields): MixerConfig {
	const kind = fields.oneOf('kind', ['linear', 'linearMasked', 'softmax', 'conv']);
	switch (kind) {
		case 'linear':
			return { kind };
		case 'linearMasked':
		case 'softmax':
			return { kind, neighbour: fields.count('neighbour', { max: MAX_NEIGHBOUR }) };
		case 'conv':
			return { kind, kernel: fields.oneOf('kernel', [3, 5, 7]) };
	}
}

function readNoise(fields: JsonFields): NoiseConfig {
	const kind = fields.oneOf('kind', ['dropout', 'jitter']);
	if (kind === 'dropout') return { kind, rate: fields.number('rate', { min: 0, max: 1 }) };
	return { kind, scale: fields.number('scale', { min: 0 }) };
}

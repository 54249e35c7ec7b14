import type { ModelConfig } from '../../src/model/config';
import { REFERENCE_MODEL } from './goldenModel';

/** A golden model file and how it was configured. */
export interface GoldenCase {
	readonly file: string;
	readonly config: ModelConfig;
	readonly attentionEpsilon?: number;
}

/** Dinomaly2's normaliser has an epsilon. */
const DINOMALY2 = { attentionEpsilon: 1e-8 };
/** Width of Dinomaly2's first bottleneck layer in its golden files. */
export const GOLDEN_REDUCED_WIDTH = 16;

export const DINOMALY_CASES: readonly GoldenCase[] = [
	{ file: 'model_la', config: REFERENCE_MODEL },
	{ file: 'model_la_official_init', config: REFERENCE_MODEL },
	{ file: 'model_softmax', config: { ...REFERENCE_MODEL, mixer: { kind: 'softmax', neighbour: 0 } } },
	{
		file: 'model_softmax_mask3',
		config: { ...REFERENCE_MODEL, imageSize: 84, cropSize: 84, mixer: { kind: 'softmax', neighbour: 3 } },
	},
	{
		file: 'model_la1_mask3',
		config: {
			...REFERENCE_MODEL,
			imageSize: 84,
			cropSize: 84,
			mixer: { kind: 'linearMasked', neighbour: 3 },
		},
	},
	{ file: 'model_conv3', config: { ...REFERENCE_MODEL, mixer: { kind: 'conv', kernel: 3 } } },
	{ file: 'model_la_1group', config: { ...REFERENCE_MODEL, groups: 1 } },
	{ file: 'model_la_8groups', config: { ...REFERENCE_MODEL, groups: 8 } },
];

export const DINOMALY2_CASES: readonly GoldenCase[] = [
	{
		file: 'model_d2',
		config: { ...REFERENCE_MODEL, recentering: true, bottleneck: 'reduced' },
		...DINOMALY2,
	},
	{ file: 'model_d2_nocr', config: { ...REFERENCE_MODEL, bottleneck: 'reduced' }, ...DINOMALY2 },
];

import type { Tiling } from '../imaging/tiling';

/** How the decoder mixes tokens: the paper's table of spatial mixers; linear attention is the default. */
export type MixerConfig =
	| { readonly kind: 'linear' }
	| { readonly kind: 'linearMasked'; readonly neighbour: number }
	| { readonly kind: 'softmax'; readonly neighbour: number }
	| { readonly kind: 'conv'; readonly kernel: 3 | 5 | 7 };

/** Noise in the bottleneck: element-wise dropout (default) or feature jitter. */
export type NoiseConfig =
	{ readonly kind: 'dropout'; readonly rate: number } | { readonly kind: 'jitter'; readonly scale: number };

/**
 * Layers of the noisy bottleneck: the paper's two, or Dinomaly2's three, whose first narrows the tokens.
 */
export type BottleneckKind = 'plain' | 'reduced';

/**
 * What is minimised; the reference's names in parentheses. With hard mining off every point weighs the same.
 * - `globalCosine`: one cosine per image, gradients of the easiest share of points scaled down (global_cosine_hm_percent); the paper's
 * - `globalCosineDeviation`: the same, easy meaning less than mean plus deviation of the distances (global_cosine_hm)
 * - `globalCosineFocal`: the same, gradients scaled by how hard a point is (global_cosine_focal)
 * - `regionalCosine`: one cosine per point, gradients as in `globalCosine` (regional_cosine_hm_percent)
 * - `regionalCosineHardest`: the mean over the hard points alone (regional_cosine_hm)
 * - `regionalCosineFocal`: points weighted by how hard they are (regional_cosine_focal)
 * - `regionalCosineSum`: the plain mean over points, groups summed and not averaged (region_cosine)
 */
export type LossName = (typeof LOSS_NAMES)[number];

export const LOSS_NAMES = [
	'globalCosine',
	'globalCosineDeviation',
	'globalCosineFocal',
	'regionalCosine',
	'regionalCosineHardest',
	'regionalCosineFocal',
	'regionalCosineSum',
] as const;

/** Number of feature groups that the loose constraint reconstructs: 8 is layer to layer. */
export type GroupCount = 1 | 2 | 4 | 8;

/** What is trained and how an image reaches it; everything here changes the meaning of the weights. */
export interface ModelConfig {
	/** Side in pixels that images are resized to (aspect ratio not kept). */
	readonly imageSize: number;
	/** Side in pixels of the centre crop that the encoder sees; a multiple of its patch. */
	readonly cropSize: number;
	readonly mixer: MixerConfig;
	readonly groups: GroupCount;
	readonly noise: NoiseConfig;
	/** Context-aware recentering of the targets (Dinomaly2). */
	readonly recentering: boolean;
	/** `plain` when absent. */
	readonly bottleneck?: BottleneckKind;
	/** Images are cut into tiles of the original, each of which the encoder sees; absent: it sees the whole image. */
	readonly tiling?: Tiling;
}

/** How the trainable part is optimised. */
export interface OptimiserConfig {
	readonly iterations: number;
	readonly batchSize: number;
	readonly learningRate: number;
	readonly finalLearningRate: number;
	readonly warmup: number;
	readonly weightDecay: number;
	readonly epsilon: number;
	readonly amsgrad: boolean;
	/** Global L2 norm that gradients are clipped to. */
	readonly clipNorm: number;
	/** `globalCosine` when absent. */
	readonly loss?: LossName;
	/** Loose loss: gradients of the easiest points are scaled down; off gives the plain global cosine loss. */
	readonly hardMining: boolean;
	/** Largest share of points that are scaled down, reached after `hardMiningRamp` iterations. */
	readonly hardMiningShare: number;
	readonly hardMiningRamp: number;
	readonly hardMiningFactor: number;
}

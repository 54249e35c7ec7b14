/** How the decoder mixes tokens: the paper's table of spatial mixers (SPEC: linear attention is the default). */
export type MixerConfig =
	| { readonly kind: 'linear' }
	| { readonly kind: 'linearMasked'; readonly neighbour: number }
	| { readonly kind: 'softmax'; readonly neighbour: number }
	| { readonly kind: 'conv'; readonly kernel: 3 | 5 | 7 };

/** Noise in the bottleneck: element-wise dropout (default) or feature jitter. */
export type NoiseConfig =
	| { readonly kind: 'dropout'; readonly rate: number }
	| { readonly kind: 'jitter'; readonly scale: number };

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
}

/** How the trainable part is optimised; see SPEC section 5 for the defaults' origin. */
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
	/** Loose loss: gradients of the easiest points are scaled down; off gives the plain global cosine loss. */
	readonly hardMining: boolean;
	/** Largest share of points that are scaled down, reached after `hardMiningRamp` iterations. */
	readonly hardMiningShare: number;
	readonly hardMiningRamp: number;
	readonly hardMiningFactor: number;
}

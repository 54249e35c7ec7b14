import {
	LOSS_NAMES,
	type GroupCount,
	type MixerConfig,
	type ModelConfig,
	type NoiseConfig,
	type OptimiserConfig,
} from '../model/config';
import { required } from './commonFlags';
import type { FlagValues } from './flags';
import { choice, number, toggle, usage } from './flags';

const WHOLE = { min: 0, whole: true };
const POSITIVE = { min: 1, whole: true };
const RATE = { min: 0, max: 1 };
const NOT_NEGATIVE = { min: 0 };

const KERNELS = ['3', '5', '7'] as const;
const GROUPS = ['1', '2', '4', '8'] as const;
const MIXERS = ['linear', 'linear-masked', 'softmax', 'conv'] as const;

/** Every setting of the model and its optimiser; what is not given comes from the preset. */
export const CONFIG_FLAGS = {
	'image-size': number('PX', 'Side that images are resized to', POSITIVE),
	'crop-size': number('PX', "Side of the centre crop, a multiple of the encoder's patch", POSITIVE),
	'batch-size': number('N', 'Images per iteration', POSITIVE),
	iterations: number('N', 'Training steps', POSITIVE),
	mixer: choice(MIXERS, 'How the decoder mixes tokens (default: linear)'),
	neighbour: number('N', 'Side of the neighbourhood that a masked mixer leaves out, odd', WHOLE),
	kernel: choice(KERNELS, 'Kernel of the conv mixer (default: 3)'),
	groups: choice(GROUPS, 'Groups of the loose constraint; 8 is layer to layer (default: 2)'),
	dropout: number('RATE', 'Dropout rate of the noisy bottleneck', RATE),
	jitter: number('SCALE', 'Feature jitter in the bottleneck instead of dropout', NOT_NEGATIVE),
	bottleneck: choice(
		['plain', 'reduced'],
		"Layers of the bottleneck; reduced is Dinomaly2's (default: plain)",
	),
	loss: choice(LOSS_NAMES, 'What is minimised (default: globalCosine)'),
	recentering: toggle('Subtract the class token from the targets (Dinomaly2)'),
	'learning-rate': number('LR', 'Learning rate after the warm-up', NOT_NEGATIVE),
	'final-learning-rate': number('LR', 'Learning rate at the end', NOT_NEGATIVE),
	warmup: number('N', 'Steps over which the learning rate rises', WHOLE),
	'weight-decay': number('X', 'Decoupled weight decay', NOT_NEGATIVE),
	epsilon: number('X', "The optimiser's epsilon", NOT_NEGATIVE),
	'no-amsgrad': toggle('Use the running mean of squared gradients, not its maximum'),
	'clip-norm': number('X', 'Largest norm of the gradient', NOT_NEGATIVE),
	'no-hard-mining': toggle('Use the plain global cosine loss'),
	'hard-mining-share': number('X', 'Largest share of easy points whose gradient is scaled down', RATE),
	'hard-mining-ramp': number('N', 'Iterations until that share is reached', POSITIVE),
	'hard-mining-factor': number('X', 'Factor on the gradient of easy points', RATE),
};

type ConfigValues = FlagValues<typeof CONFIG_FLAGS>;
type Overrides = Partial<ModelConfig> & Partial<OptimiserConfig>;

/** The settings that the user gave, without those left to the preset; throws USAGE for flags that contradict each other. */
export function readOverrides(values: ConfigValues): Overrides {
	const overrides: Overrides = {
		imageSize: values['image-size'],
		cropSize: values['crop-size'],
		batchSize: values['batch-size'],
		iterations: values.iterations,
		mixer: readMixer(values),
		groups: values.groups === undefined ? undefined : (Number(values.groups) as GroupCount),
		noise: readNoise(values),
		bottleneck: values.bottleneck,
		loss: values.loss,
		recentering: values.recentering,
		learningRate: values['learning-rate'],
		finalLearningRate: values['final-learning-rate'],
		warmup: values.warmup,
		weightDecay: values['weight-decay'],
		epsilon: values.epsilon,
		amsgrad: values['no-amsgrad'] === true ? false : undefined,
		clipNorm: values['clip-norm'],
		hardMining: values['no-hard-mining'] === true ? false : undefined,
		hardMiningShare: values['hard-mining-share'],
		hardMiningRamp: values['hard-mining-ramp'],
		hardMiningFactor: values['hard-mining-factor'],
	};
	return Object.fromEntries(
		Object.entries(overrides).filter(([, value]: [string, unknown]) => value !== undefined),
	);
}

function readMixer({ mixer, neighbour, kernel }: ConfigValues): MixerConfig | undefined {
	if (kernel !== undefined && mixer !== 'conv')
		throw usage('Expected --mixer conv with --kernel, found another mixer');
	if (neighbour !== undefined && mixer !== 'softmax' && mixer !== 'linear-masked') {
		throw usage('Expected --mixer softmax or linear-masked with --neighbour, found another mixer');
	}
	switch (mixer) {
		case undefined:
			return undefined;
		case 'linear':
			return { kind: 'linear' };
		case 'linear-masked':
			return { kind: 'linearMasked', neighbour: required(neighbour, 'neighbour') };
		case 'softmax':
			return { kind: 'softmax', neighbour: neighbour ?? 0 };
		case 'conv':
			return { kind: 'conv', kernel: Number(kernel ?? 3) as 3 | 5 | 7 };
	}
}

function readNoise({ dropout, jitter }: ConfigValues): NoiseConfig | undefined {
	if (dropout !== undefined && jitter !== undefined)
		throw usage('Expected --dropout or --jitter, found both');
	if (dropout !== undefined) return { kind: 'dropout', rate: dropout };
	return jitter === undefined ? undefined : { kind: 'jitter', scale: jitter };
}

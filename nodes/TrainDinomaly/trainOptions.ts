import type { INodeProperties } from 'n8n-workflow';
import { deviceProperty, requireDeviceProperty, seedProperty, threadsProperty } from '../shared/properties';
import { storeProperties } from '../shared/store';
import { engineWorkersProperty } from '../shared/workers';
import { zonesProperty, zonesSizeProperty } from '../shared/zones';

const whole = (minValue: number, maxValue: number): Pick<INodeProperties, 'type' | 'typeOptions'> => ({
	type: 'number',
	typeOptions: { minValue, maxValue, numberPrecision: 0 },
});

/** Without a precision, by which n8n would fill the number up with zeros. */
const share = (minValue: number, maxValue: number): Pick<INodeProperties, 'type' | 'typeOptions'> => ({
	type: 'number',
	typeOptions: { minValue, maxValue },
});

/** Everything that a training can be told beyond its preset; what is not added keeps the preset's value. */
export const trainOptions: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		{
			displayName: 'AMSGrad',
			name: 'amsgrad',
			type: 'boolean',
			default: true,
			description: 'Whether the optimizer keeps the largest second moment, as in the reference',
		},
		{
			...whole(1, 1024),
			displayName: 'Batch Size',
			name: 'batchSize',
			default: 16,
			description: 'Images in each step; fewer need less memory',
		},
		{
			displayName: 'Bottleneck',
			name: 'bottleneck',
			type: 'options',
			default: 'plain',
			description: 'Layers between encoder and decoder',
			options: [
				{ name: 'Plain', value: 'plain', description: 'Two layers, as in Dinomaly' },
				{ name: 'Reduced', value: 'reduced', description: 'Three, of which the first narrows' },
			],
		},
		{
			displayName: 'Cache Folder',
			name: 'cacheFolder',
			type: 'string',
			default: '',
			placeholder: 'e.g. inspection/cache',
			description: 'Where computed features are kept for the next training; empty means in the store',
		},
		{
			...share(0, 10000),
			displayName: 'Cache Limit in GB',
			name: 'cacheLimitGb',
			default: 20,
			description: 'Most that the feature cache may hold; 0 keeps nothing',
		},
		{
			...share(0, 0.9),
			displayName: 'Calibration Share',
			name: 'calibrationShare',
			default: 0.1,
			description:
				'Share of the good images that is not trained on but kept to set thresholds with; 0 leaves the model without thresholds. Without this option it is 0.1, and of few images with tiles up to 0.5.',
		},
		{
			...whole(1, 1000000),
			displayName: 'Checkpoint Every',
			name: 'checkpointEvery',
			default: 200,
			description: 'Iterations from one checkpoint to the next: what a power cut costs at most',
		},
		{
			...share(0.000001, 1000),
			displayName: 'Clip Norm',
			name: 'clipNorm',
			default: 0.1,
			description: 'Longest gradient of a step; longer ones are shortened to this',
		},
		engineWorkersProperty,
		{
			...whole(14, 4096),
			displayName: 'Crop Size',
			name: 'cropSize',
			default: 224,
			description:
				"Side in pixels of the centre that the encoder sees; a multiple of the encoder's patch (14 or 16)",
		},
		deviceProperty,
		{
			displayName: 'Dropout',
			name: 'dropout',
			...share(0, 0.99),
			default: 0.2,
			description:
				'Share of values that the noisy bottleneck drops while training; more for similar products, less for few images',
		},
		{
			displayName: 'Encoder File',
			name: 'encoderFile',
			type: 'string',
			default: '',
			placeholder: 'e.g. inspection/encoders/vit.safetensors',
			description: 'Safetensors file of an encoder that is not in the list; comes before Encoder',
		},
		{
			displayName: 'Encoder Name or ID',
			name: 'encoder',
			type: 'options',
			typeOptions: { loadOptionsMethod: 'getEncoders' },
			default: '',
			description:
				'Frozen network that turns images into features; those beyond the first two are downloaded at first use. Choose from the list, or specify an ID using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
		},
		{
			...share(0, 1),
			displayName: 'Epsilon',
			name: 'epsilon',
			default: 1e-10,
			description: "Keeps the optimizer's divisions away from zero",
		},
		{
			displayName: 'Feature Groups',
			name: 'groups',
			type: 'options',
			default: 2,
			description: 'How many groups of encoder layers are reconstructed; 8 is layer to layer',
			options: [
				{ name: '1', value: 1 },
				{ name: '2', value: 2 },
				{ name: '4', value: 4 },
				{ name: '8', value: 8 },
			],
		},
		{
			...share(0, 1),
			displayName: 'Final Learning Rate',
			name: 'finalLearningRate',
			default: 0.0002,
			description: 'Learning rate at the last iteration',
		},
		{
			displayName: 'Hard Mining',
			name: 'hardMining',
			type: 'boolean',
			default: true,
			description: 'Whether well reconstructed points count less, as in the paper',
		},
		{
			...share(0, 1),
			displayName: 'Hard Mining Factor',
			name: 'hardMiningFactor',
			default: 0.1,
			description: 'How much a well reconstructed point counts',
		},
		{
			...whole(1, 10000000),
			displayName: 'Hard Mining Ramp',
			name: 'hardMiningRamp',
			default: 1000,
			description: 'Iterations until the full share of points is played down',
		},
		{
			...share(0, 0.999),
			displayName: 'Hard Mining Share',
			name: 'hardMiningShare',
			default: 0.9,
			description: 'Largest share of points that is played down',
		},
		{
			displayName: 'Hub Endpoint',
			name: 'hubEndpoint',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://hf-mirror.example.com',
			description: 'Where encoders are downloaded from; empty means huggingface.co',
		},
		{
			...whole(32, 4096),
			displayName: 'Image Size',
			name: 'imageSize',
			default: 256,
			description: 'Side in pixels that images are resized to before the crop',
		},
		{
			displayName: 'Include Details',
			name: 'includeDetails',
			type: 'boolean',
			default: true,
			description:
				'Whether to add "card" (all that is recorded about the model) and "calibration" (thresholds by category) as objects; without them the result is flat',
		},
		{
			...whole(1, 10000000),
			displayName: 'Iterations',
			name: 'iterations',
			default: 300,
			description: 'Steps of the training; the preset chooses 300, 2,000 or 10,000',
		},
		{
			...share(0, 1),
			displayName: 'Learning Rate',
			name: 'learningRate',
			default: 0.002,
			description: 'Learning rate after the warm-up',
		},
		{
			displayName: 'Loss',
			name: 'loss',
			type: 'options',
			default: 'globalCosine',
			description: 'What is minimised',
			options: [
				{ name: 'Global Cosine (Paper)', value: 'globalCosine' },
				{ name: 'Global Cosine, Deviation', value: 'globalCosineDeviation' },
				{ name: 'Global Cosine, Focal', value: 'globalCosineFocal' },
				{ name: 'Regional Cosine', value: 'regionalCosine' },
				{ name: 'Regional Cosine, Focal', value: 'regionalCosineFocal' },
				{ name: 'Regional Cosine, Hardest Points', value: 'regionalCosineHardest' },
				{ name: 'Regional Cosine, Sum', value: 'regionalCosineSum' },
			],
		},
		{
			displayName: 'Mixer',
			name: 'mixer',
			type: 'options',
			default: 'linear',
			description: 'How the decoder mixes tokens',
			options: [
				{ name: 'Convolution', value: 'conv' },
				{ name: 'Linear Attention (Paper)', value: 'linear' },
				{ name: 'Linear Attention, Neighbours Masked', value: 'linearMasked' },
				{ name: 'Softmax Attention', value: 'softmax' },
			],
		},
		{
			displayName: 'Mixer Kernel',
			name: 'mixerKernel',
			type: 'options',
			default: 3,
			description: 'Side of the kernel of the mixer Convolution',
			options: [
				{ name: '3', value: 3 },
				{ name: '5', value: 5 },
				{ name: '7', value: 7 },
			],
		},
		{
			...whole(0, 99),
			displayName: 'Mixer Neighbours',
			name: 'mixerNeighbours',
			default: 0,
			description:
				'Side of the square around a token that masked linear and softmax attention leave out: 0 or an odd number',
		},
		{
			displayName: 'Noise',
			name: 'noise',
			type: 'options',
			default: 'dropout',
			description: 'What makes the bottleneck noisy while training',
			options: [
				{ name: 'Dropout', value: 'dropout', description: 'As in the paper; see Dropout' },
				{ name: 'Feature Jitter', value: 'jitter', description: 'See Noise Scale' },
			],
		},
		{
			...share(0, 100),
			displayName: 'Noise Scale',
			name: 'noiseScale',
			default: 20,
			description: 'Strength of the noise Feature Jitter',
		},
		{
			displayName: 'On Corrupt Image',
			name: 'onCorrupt',
			type: 'options',
			default: 'skip',
			description: 'What to do with a training image that cannot be read',
			options: [
				{ name: 'Fail', value: 'fail', description: 'The training fails and names the file' },
				{ name: 'Skip', value: 'skip', description: 'Train without it and say so' },
			],
		},
		{
			displayName: 'Part Names',
			name: 'partNames',
			type: 'string',
			default: '',
			placeholder: 'e.g. *_{part}_*.jpg',
			description:
				'Which images show the same part, by their file names: * stands for any text, {part} for what names the part. Such images are trained on or held out together, so that thresholds hold for new parts.',
		},
		{
			displayName: 'Put Loss Curve in Field',
			name: 'lossCurveField',
			type: 'string',
			default: 'lossCurve',
			hint: 'The name of the output binary field to put the picture in; empty for no picture',
			description: 'Binary field for the loss over the iterations as PNG',
		},
		{
			displayName: 'Recentering',
			name: 'recentering',
			type: 'boolean',
			default: false,
			description: 'Whether to recenter features by their context (Dinomaly2), for many categories',
		},
		requireDeviceProperty,
		{
			displayName: 'Resume',
			name: 'resume',
			type: 'options',
			default: 'auto',
			description: 'What to do with a training of this model that was cut off or cancelled',
			options: [
				{
					name: 'Go On',
					value: 'auto',
					description: 'When its settings and images are the same; start anew otherwise',
				},
				{
					name: 'Must Go On',
					value: 'require',
					description: 'Fail, and say what differs, when its settings or images are others',
				},
				{ name: 'Start Anew', value: 'never', description: 'Forget its checkpoint' },
			],
		},
		seedProperty,
		{
			...share(1, 100000),
			displayName: 'Smallest Defect (Pixels)',
			name: 'smallestDefectPx',
			default: 20,
			description:
				'Length, in pixels of the image, of the smallest defect to find: images are cut into tiles in which it can be seen',
		},
		...storeProperties,
		threadsProperty,
		{
			displayName: 'Tile Grid',
			name: 'tileGrid',
			type: 'string',
			default: '',
			placeholder: 'e.g. 4x3',
			description: 'Columns by rows of tiles that images are cut into, whatever their size',
		},
		{
			...share(0, 0.5),
			displayName: 'Tile Overlap',
			name: 'tileOverlap',
			default: 0.25,
			description: "Share of a tile's side that neighbours have in common",
		},
		{
			...whole(16, 100000),
			displayName: 'Tile Size (Pixels)',
			name: 'tileSizePx',
			default: 800,
			description:
				'Side, in pixels of the image, of the tiles that images are cut into; Smallest Defect chooses it for you',
		},
		{
			...whole(0, 1000000),
			displayName: 'Warm-Up',
			name: 'warmup',
			default: 100,
			description: 'Iterations in which the learning rate rises',
		},
		{
			...share(0, 1),
			displayName: 'Weight Decay',
			name: 'weightDecay',
			default: 0.0001,
			description: 'How strongly the optimizer pulls weights to zero',
		},
		zonesProperty,
		zonesSizeProperty,
	],
};

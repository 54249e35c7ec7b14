import type { IExecuteFunctions } from 'n8n-workflow';
import type { GroupCount, LossName, MixerConfig, NoiseConfig } from '../../src/model/config';
import { validateName } from '../../src/store/names';
import type { PresetName, TrainRequest } from '../../src/training/request';
import { parseGrid, type TileRequest } from '../../src/training/tiles';
import { failed } from '../shared/failure';
import { allowedFolder } from '../shared/folders';
import { readCompute } from '../shared/properties';
import { readStore } from '../shared/store';
import { readZones } from '../shared/zones';

/** The options of a training as the node's parameters hold them; absent ones keep the preset's value. */
interface Options {
	readonly amsgrad?: boolean;
	readonly batchSize?: number;
	readonly bottleneck?: 'plain' | 'reduced';
	readonly cacheFolder?: string;
	readonly cacheLimitGb?: number;
	readonly calibrationShare?: number;
	readonly checkpointEvery?: number;
	readonly clipNorm?: number;
	readonly cropSize?: number;
	readonly dropout?: number;
	readonly encoder?: string;
	readonly encoderFile?: string;
	readonly epsilon?: number;
	readonly finalLearningRate?: number;
	readonly groups?: GroupCount;
	readonly hardMining?: boolean;
	readonly hardMiningFactor?: number;
	readonly hardMiningRamp?: number;
	readonly hardMiningShare?: number;
	readonly hubEndpoint?: string;
	readonly imageSize?: number;
	readonly iterations?: number;
	readonly learningRate?: number;
	readonly loss?: LossName;
	readonly mixer?: MixerConfig['kind'];
	readonly mixerKernel?: 3 | 5 | 7;
	readonly mixerNeighbours?: number;
	readonly noise?: NoiseConfig['kind'];
	readonly noiseScale?: number;
	readonly onCorrupt?: 'skip' | 'fail';
	readonly partNames?: string;
	readonly recentering?: boolean;
	readonly resume?: 'auto' | 'require' | 'never';
	readonly seed?: number;
	readonly smallestDefectPx?: number;
	readonly tileGrid?: string;
	readonly tileOverlap?: number;
	readonly tileSizePx?: number;
	readonly warmup?: number;
	readonly weightDecay?: number;
}

/** Dropout rate and jitter scale of the reference's scripts. */
const DROPOUT = 0.2;
const JITTER_SCALE = 20;
const GB = 1e9;

/** What item `index` asks the engine to train, but for the folder of the images. */
export async function readTrainRequest(
	context: IExecuteFunctions,
	index: number,
): Promise<Omit<TrainRequest, 'data'>> {
	const options = context.getNodeParameter('options', index, {}) as Options;
	const { cacheFolder = '', hubEndpoint = '', partNames = '' } = options;
	const categories = readCategories(context, index);
	const encoder = await readEncoder(context, index, options);
	return {
		store: await readStore(context, index),
		model: readModelName(context, index),
		preset: context.getNodeParameter('preset', index, 'fast') as PresetName,
		separate: context.getNodeParameter('models', index, 'one') === 'perCategory',
		...(categories !== undefined && { categories }),
		...(encoder !== undefined && { encoder }),
		overrides: overridesOf(options),
		...given({
			tiles: readTiles(context, index, options),
			zones: await readZones(context, index, 'options.'),
		}),
		...readCompute(context, index),
		...given({
			seed: options.seed,
			calibrationShare: options.calibrationShare,
			checkpointEvery: options.checkpointEvery,
			cacheLimitBytes: options.cacheLimitGb === undefined ? undefined : options.cacheLimitGb * GB,
		}),
		...(partNames.trim() !== '' && { partNames: partNames.trim() }),
		resume: { auto: 'auto' as const, require: true, never: false }[options.resume ?? 'auto'],
		onCorrupt: options.onCorrupt ?? 'skip',
		...(cacheFolder.trim() !== '' && {
			cacheDir: await allowedFolder(context, index, { value: cacheFolder, label: 'Cache Folder' }),
		}),
		...(hubEndpoint.trim() !== '' && { hub: { endpoint: hubEndpoint.trim() } }),
	};
}

function readModelName(context: IExecuteFunctions, index: number): string {
	const value = context.getNodeParameter('model', index, '');
	const name = typeof value === 'string' ? value.trim() : value;
	if (name !== '') return validateName(name, 'model');
	throw failed(
		context.getNode(),
		{
			message: 'Expected a name for the model in "Model Name", found nothing',
			hint: 'Give a name such as bottles; Score Image finds the model by it.',
		},
		index,
	);
}

/** Names separated by commas, or a list from an expression; undefined for all. */
export function readCategories(context: IExecuteFunctions, index: number): string[] | undefined {
	const value: unknown = context.getNodeParameter('categories', index, '');
	const given = Array.isArray(value)
		? value.map(String)
		: typeof value === 'string'
			? value.split(',')
			: [];
	const names = given.map((name) => name.trim()).filter((name) => name !== '');
	return names.length === 0 ? undefined : names.map((name) => validateName(name, 'category'));
}

async function readEncoder(
	context: IExecuteFunctions,
	index: number,
	{ encoder = '', encoderFile = '' }: Options,
): Promise<string | undefined> {
	if (encoderFile.trim() !== '')
		return allowedFolder(context, index, { value: encoderFile, label: 'Encoder File', what: 'file' });
	if (encoder.trim() === '') return undefined;
	// A path would go around n8n's file access rules.
	if (!/[\\/]|\.safetensors$/.test(encoder)) return encoder.trim();
	return allowedFolder(context, index, { value: encoder, label: 'Encoder', what: 'file' });
}

function readTiles(
	context: IExecuteFunctions,
	index: number,
	{ smallestDefectPx, tileGrid = '', tileOverlap, tileSizePx }: Options,
): TileRequest | undefined {
	const grid = tileGrid.trim() === '' ? undefined : parseGrid(tileGrid);
	if (grid === undefined && tileGrid.trim() !== '') {
		throw failed(
			context.getNode(),
			{
				message: `Expected columns by rows such as 4x3 in "Tile Grid", found "${tileGrid}"`,
				hint: 'Leave it empty to cut no grid of tiles.',
			},
			index,
		);
	}
	const tiles = given({ smallestDefectPx, sidePx: tileSizePx, grid, overlap: tileOverlap });
	return Object.keys(tiles).length === 0 ? undefined : tiles;
}

function overridesOf(options: Options): NonNullable<TrainRequest['overrides']> {
	const { amsgrad, batchSize, bottleneck, clipNorm, cropSize, epsilon, finalLearningRate } = options;
	const { groups, hardMining, hardMiningFactor, hardMiningRamp, hardMiningShare, imageSize } = options;
	const { iterations, learningRate, loss, recentering, warmup, weightDecay } = options;
	return given({
		amsgrad,
		batchSize,
		bottleneck,
		clipNorm,
		cropSize,
		epsilon,
		finalLearningRate,
		groups,
		hardMining,
		hardMiningFactor,
		hardMiningRamp,
		hardMiningShare,
		imageSize,
		iterations,
		learningRate,
		loss,
		recentering,
		warmup,
		weightDecay,
		mixer: mixerOf(options),
		noise: noiseOf(options),
	});
}

function mixerOf({ mixer, mixerKernel = 3, mixerNeighbours = 0 }: Options): MixerConfig | undefined {
	switch (mixer) {
		case undefined:
			return undefined;
		case 'conv':
			return { kind: mixer, kernel: mixerKernel };
		case 'linear':
			return { kind: mixer };
		default:
			return { kind: mixer, neighbour: mixerNeighbours };
	}
}

function noiseOf({ noise, dropout, noiseScale = JITTER_SCALE }: Options): NoiseConfig | undefined {
	if (noise === 'jitter') return { kind: 'jitter', scale: noiseScale };
	if (noise === undefined && dropout === undefined) return undefined;
	return { kind: 'dropout', rate: dropout ?? DROPOUT };
}

/** Without what is undefined: a request is stored as JSON and compared. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
	return Object.fromEntries(
		Object.entries(fields).filter(([, value]: [string, unknown]) => value !== undefined),
	) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

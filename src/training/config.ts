import { DinomalyError } from '../errors';
import type { ModelConfig, OptimiserConfig } from '../model/config';
import type { PresetName } from './request';

export type TrainingConfig = ModelConfig & OptimiserConfig;

interface Preset {
	/** Image and crop side by patch side: the crop must be a multiple of the patch. */
	readonly sizes: Readonly<Record<14 | 16, readonly [number, number]>>;
	readonly iterations: number;
	/** Catalogue name that the preset stands for; undefined: DEFAULT_ENCODER. */
	readonly encoder?: string;
}

const PRESETS: Readonly<Record<PresetName, Preset>> = {
	fast: { sizes: { 14: [256, 224], 16: [256, 224] }, iterations: 300 },
	balanced: { sizes: { 14: [320, 280], 16: [320, 288] }, iterations: 2000 },
	// The reference's multi-class scripts for MVTec AD and VisA.
	paper: { sizes: { 14: [448, 392], 16: [448, 384] }, iterations: 10_000, encoder: 'dinov2-reg-base' },
};

export const DEFAULT_PRESET: PresetName = 'fast';

/** The reference's training scripts (dinomaly_mvtec_uni.py). */
const REFERENCE: Omit<TrainingConfig, 'imageSize' | 'cropSize' | 'iterations' | 'warmup'> = {
	mixer: { kind: 'linear' },
	groups: 2,
	noise: { kind: 'dropout', rate: 0.2 },
	recentering: false,
	batchSize: 16,
	learningRate: 2e-3,
	finalLearningRate: 2e-4,
	weightDecay: 1e-4,
	epsilon: 1e-10,
	amsgrad: true,
	clipNorm: 0.1,
	hardMining: true,
	hardMiningShare: 0.9,
	hardMiningRamp: 1000,
	hardMiningFactor: 0.1,
};

/** The reference warms up for 100 iterations; short trainings for a quarter of theirs. */
const WARMUP = 100;
const WARMUP_SHARE = 0.25;

/** The encoder that a preset stands for when the user names none; undefined is DEFAULT_ENCODER. */
export function presetEncoder(preset: PresetName = DEFAULT_PRESET): string | undefined {
	return PRESETS[preset].encoder;
}

/**
 * Everything about a training from its preset, the encoder's patch side and the user's own settings.
 * @throws CONFIG_INVALID naming the setting, what is allowed and what was found
 */
export function resolveConfig(
	preset: PresetName = DEFAULT_PRESET,
	patch: number,
	overrides: Partial<TrainingConfig> = {},
): TrainingConfig {
	const chosen = PRESETS[preset];
	const [imageSize, cropSize] = chosen.sizes[patch === 14 ? 14 : 16];
	const given = Object.fromEntries(
		Object.entries(overrides).filter(([, value]: [string, unknown]) => value !== undefined),
	) as Partial<TrainingConfig>;
	const iterations = given.iterations ?? chosen.iterations;
	const warmup = Math.min(WARMUP, Math.floor(iterations * WARMUP_SHARE));
	const config: TrainingConfig = {
		...REFERENCE,
		imageSize,
		cropSize,
		warmup,
		// A tile is seen whole: what a centre crop cut off would be seen by no tile.
		...(given.tiling !== undefined && { imageSize: given.cropSize ?? cropSize }),
		...given,
		iterations,
	};
	checkConfig(config, patch);
	return config;
}

interface Rule {
	readonly holds: boolean;
	readonly setting: string;
	readonly allowed: string;
	readonly found: unknown;
}

function checkConfig(config: TrainingConfig, patch: number): void {
	const { mixer, noise } = config;
	const whole = (setting: keyof TrainingConfig, least: number, most: number): Rule => ({
		holds:
			Number.isInteger(config[setting]) &&
			Number(config[setting]) >= least &&
			Number(config[setting]) <= most,
		setting,
		allowed: `a whole number from ${least} to ${most}`,
		found: config[setting],
	});
	const between = (setting: keyof TrainingConfig, least: number, most: number): Rule => ({
		holds: typeof config[setting] === 'number' && config[setting] >= least && config[setting] <= most,
		setting,
		allowed: `a number from ${least} to ${most}`,
		found: config[setting],
	});
	const rules: Rule[] = [
		...tilingRules(config),
		whole('imageSize', 32, 4096),
		whole('cropSize', patch, 4096),
		{
			holds: config.cropSize % patch === 0,
			setting: 'cropSize',
			allowed: `a multiple of the encoder's patch, ${patch}`,
			found: config.cropSize,
		},
		{
			// A larger crop would be filled up with black, which no image to be scored later is like.
			holds: config.cropSize <= config.imageSize,
			setting: 'cropSize',
			allowed: `at most imageSize, ${config.imageSize}`,
			found: config.cropSize,
		},
		whole('iterations', 1, 10_000_000),
		whole('batchSize', 1, 1024),
		whole('warmup', 0, config.iterations),
		between('learningRate', 0, 1),
		between('finalLearningRate', 0, 1),
		between('weightDecay', 0, 1),
		between('epsilon', 0, 1),
		{
			holds: config.clipNorm > 0,
			setting: 'clipNorm',
			allowed: 'a number above 0',
			found: config.clipNorm,
		},
		between('hardMiningShare', 0, 0.999),
		between('hardMiningFactor', 0, 1),
		whole('hardMiningRamp', 1, 10_000_000),
		{
			holds: [1, 2, 4, 8].includes(config.groups),
			setting: 'groups',
			allowed: '1, 2, 4 or 8',
			found: config.groups,
		},
		{
			holds: noise.kind === 'jitter' ? noise.scale >= 0 : noise.rate >= 0 && noise.rate < 1,
			setting: 'noise',
			allowed: 'a dropout rate in [0, 1) or a jitter scale of at least 0',
			found: JSON.stringify(noise),
		},
		{
			holds:
				!('neighbour' in mixer) ||
				mixer.neighbour === 0 ||
				(Number.isInteger(mixer.neighbour) && mixer.neighbour % 2 === 1 && mixer.neighbour > 0),
			setting: 'neighbour',
			allowed: '0 or an odd number',
			found: 'neighbour' in mixer ? mixer.neighbour : undefined,
		},
	];
	const broken = rules.find(({ holds }) => !holds);
	if (!broken) return;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected ${broken.setting} to be ${broken.allowed}, found ${String(broken.found)}`,
		{
			hint: "Change this setting, or leave it out to take the preset's.",
		},
	);
}

/** As the rules of a configuration's other settings. */
function tilingRules({ tiling, imageSize, cropSize }: TrainingConfig): Rule[] {
	if (tiling === undefined) return [];
	const whole = (value: number, least: number, most: number): boolean =>
		Number.isInteger(value) && value >= least && value <= most;
	const size: Rule =
		tiling.kind === 'side'
			? {
					holds: whole(tiling.sidePx, 16, 100_000),
					setting: 'the tile size',
					allowed: 'a whole number of pixels from 16 to 100000',
					found: tiling.sidePx,
				}
			: {
					holds: whole(tiling.columns, 1, 100) && whole(tiling.rows, 1, 100),
					setting: 'the tile grid',
					allowed: '1 to 100 columns by 1 to 100 rows',
					found: `${tiling.columns} x ${tiling.rows}`,
				};
	return [
		size,
		{
			holds: tiling.overlap >= 0 && tiling.overlap <= 0.5,
			setting: 'the tile overlap',
			allowed: 'a share from 0 to 0.5',
			found: tiling.overlap,
		},
		{
			holds: imageSize === cropSize,
			setting: 'imageSize with tiles',
			allowed: `the crop size, ${cropSize}, since a tile is seen whole`,
			found: imageSize,
		},
	];
}

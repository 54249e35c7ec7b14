import { existsSync } from 'node:fs';
import { TRAINING_BACKENDS, type PresetName, type TrainedModel } from '../training/request';
import { defineCommand } from './command';
import type { CommandContext } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, refuseWords, required, STORE_FLAG } from './commonFlags';
import { byteCount, choice, list, number, text, toggle } from './flags';
import { duration } from './progress';
import { decimals, table } from './table';
import { readTiles, TILE_FLAGS } from './tileFlags';
import { CONFIG_FLAGS, readOverrides } from './trainingFlags';
import { readZonesFile, ZONES_FLAG } from './zoneFlags';

const PRESETS: readonly PresetName[] = ['fast', 'balanced', 'paper'];

export const trainCommand = defineCommand({
	name: 'train',
	synopsis: '--data DIR --model NAME [options]',
	summary:
		'Train a model on the normal images of a dataset folder (MVTec AD, VisA, Real-IAD or plain folders)',
	examples: [
		'dinomaly train --data ./bottles --model bottles',
		'dinomaly train --data ./mvtec --category bottle cable --model line-3 --preset balanced --encoder dinov2-reg-small',
		'dinomaly train --data ./panels --model panels --smallest-defect 20',
	],
	flags: {
		data: text('DIR', 'Dataset folder'),
		category: list('NAME', 'Categories to train on (default: all)'),
		model: text('NAME', 'Name of the model in the store'),
		encoder: text('NAME|FILE', 'Encoder of the catalogue or a safetensors file (default: by the preset)'),
		preset: choice(PRESETS, 'Sizes, length and encoder to start from (default: fast)'),
		seed: number('N', 'Seed of everything random (default: 1)', { min: 0, whole: true }),
		'calibration-share': number(
			'X',
			'Share of the normal images held out for calibration (default: 0.1; of few images with tiles up to 0.5)',
			{
				min: 0,
				max: 0.9,
			},
		),
		'part-names': text(
			'PATTERN',
			'Which images show the same part, by their file names, such as "*_{part}_*.jpg": a part is trained on or held out, not both',
		),
		separate: toggle('Train one model per category, named NAME-CATEGORY'),
		resume: toggle("Carry on from the newest checkpoint of this model's unfinished training"),
		...TILE_FLAGS,
		...ZONES_FLAG,
		...CONFIG_FLAGS,
		'checkpoint-every': number('N', 'Iterations between checkpoints', { min: 1, whole: true }),
		'on-corrupt': choice(
			['skip', 'fail'] as const,
			'What to do with an image that cannot be read (default: skip)',
		),
		'cache-dir': text('DIR', 'Folder for computed features (default: in the store)'),
		'cache-limit': byteCount('SIZE', 'Most that the computed features may take on disk, such as 20GB'),
		'hub-endpoint': text('URL', 'Hub to fetch encoders from; a token is read from HF_TOKEN'),
		backend: choice(
			TRAINING_BACKENDS,
			'What computes training steps; tfjs takes the TensorFlow.js that you have installed (default: onnx)',
		),
		...DEVICE_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		refuseWords(words);
		const { models } = await context.engine.train(
			{
				...commonRequest(values, context),
				data: context.path(required(values.data, 'data')),
				categories: values.category,
				model: required(values.model, 'model'),
				encoder: values.encoder === undefined ? undefined : encoderOf(values.encoder, context),
				preset: values.preset,
				overrides: readOverrides(values),
				tiles: readTiles(values),
				...(values.zones !== undefined && { zones: await readZonesFile(context.path(values.zones)) }),
				seed: values.seed,
				calibrationShare: values['calibration-share'],
				partNames: values['part-names'],
				separate: values.separate,
				resume: values.resume,
				checkpointEvery: values['checkpoint-every'],
				backend: values.backend,
				onCorrupt: values['on-corrupt'],
				cacheDir: values['cache-dir'] === undefined ? undefined : context.path(values['cache-dir']),
				cacheLimitBytes: values['cache-limit'],
				hub: hubOf(values['hub-endpoint'], context),
			},
			{ ...context.call, onProgress: context.progress.train },
		);
		return { json: { models }, text: describe(models) };
	},
});

/** A path is told from a catalogue name by what it looks like, or by the file being there. */
function encoderOf(given: string, { path }: CommandContext): string {
	const isPath = /[\\/]|\.safetensors$/.test(given) || existsSync(path(given));
	return isPath ? path(given) : given;
}

function hubOf(
	endpoint: string | undefined,
	{ io }: CommandContext,
): { endpoint?: string; token?: string } | undefined {
	const token = io.env.HF_TOKEN === '' ? undefined : io.env.HF_TOKEN;
	return endpoint === undefined && token === undefined ? undefined : { endpoint, token };
}

function describe(models: readonly TrainedModel[]): string {
	const rows = models.map((model) => [
		`${model.model}@${model.version}`,
		model.categories.join(', '),
		model.trainImages,
		model.calibrationImages,
		model.iterations,
		decimals(model.finalLoss),
		model.encoder,
		model.device,
		duration(model.seconds.total),
	]);
	const headings = [
		'model',
		'categories',
		'images',
		'held out',
		'iterations',
		'loss',
		'encoder',
		'device',
		'time',
	];
	const folders = models.map(({ path }) => path).join('\n');
	return `${table(headings, rows, ['left', 'left', 'right', 'right', 'right', 'right', 'left', 'left', 'right'])}\n\n${folders}`;
}

import { readDistribution } from '../distribution/distributionFile';
import { knownImages } from '../distribution/placement';
import { describeTiling } from '../imaging/tiling';
import type { ModelCard } from '../store/card';
import { openModelStore } from '../store/openModelStore';
import { describeCheck, readChecks } from '../store/precisionCheck';
import { limitsOf } from '../calibration/limits';
import { describeZones } from '../zones/inspectionZones';
import { calibrate } from './calibrate';
import { promotionCommands } from './promotion';
import { quantize } from './quantize';
import { signingCommands } from './signing';
import { exportCommand } from './exportModel';
import { defineCommand } from './command';
import {
	MODEL_FLAG,
	oneModel,
	openStore,
	OUTPUT_FLAGS,
	refuseWords,
	STORE_FLAG,
	storeFolder,
} from './commonFlags';
import { text, toggle, usage } from './flags';
import { table } from './table';

const list = defineCommand({
	name: 'models list',
	synopsis: '[options]',
	summary: 'List the models of the store with their versions and aliases',
	examples: ['dinomaly models list --json'],
	flags: { ...STORE_FLAG, ...OUTPUT_FLAGS },
	run: async ({ values, words }, context) => {
		refuseWords(words);
		const root = storeFolder(values.store, context);
		const models = await openModelStore(root).list();
		const rows = models.map(({ name, versions, newest, aliases, problem }) => [
			name,
			versions,
			newest,
			problem ??
				Object.entries(aliases)
					.map(([alias, version]) => `${alias} -> ${version}`)
					.join(', '),
		]);
		return {
			json: { store: root, models },
			text:
				models.length === 0
					? `No models in ${root}`
					: table(['model', 'versions', 'newest', 'aliases'], rows, ['left', 'right', 'right']),
		};
	},
});

const show = defineCommand({
	name: 'models show',
	synopsis: 'NAME[@VERSION|@ALIAS] [options]',
	summary: 'Show what a model was trained on, with what settings, and all its versions',
	examples: ['dinomaly models show bottles', 'dinomaly models show bottles@2 --json'],
	flags: { ...MODEL_FLAG, ...STORE_FLAG, ...OUTPUT_FLAGS },
	run: async ({ values, words }, context) => {
		const store = openStore(values.store, context);
		const { calibration, zones, ...model } = await store.open(oneModel(values.model, words));
		const versions = await store.versions(model.name);
		const { card } = model;
		const checks = await readChecks(model.path, card);
		const distribution = await readDistribution(model);
		const known = distribution === null ? [] : knownImages(distribution);
		const facts: [string, string][] = [
			['model', `${model.name}@${model.version}`],
			['folder', model.path],
			['trained', card.created],
			[
				'encoder',
				card.encoder.notice === undefined
					? card.encoder.name
					: `${card.encoder.name}: ${card.encoder.notice}`,
			],
			['sizes', describeSizes(card.config)],
			['iterations', `${card.training.iterations}, final loss ${card.training.finalLoss.toFixed(4)}`],
			['device', card.training.device],
			...(zones === undefined ? [] : [['zones', describeZones(zones)] as [string, string]]),
			...card.categories.map(({ name, trainImages, calibrationImages }): [string, string] => [
				'category',
				`${name}: ${trainImages} images, ${calibrationImages} held out`,
			]),
			...(calibration ? limitsOf(calibration) : []).map(
				({ category, threshold, basis, own }): [string, string] => [
					'threshold',
					`${category ?? 'all together'}: ${own ? `${threshold.toFixed(4)}, ${basis}` : 'that of all together'}`,
				],
			),
			...checks.map((check): [string, string] => [check.precision, describeCheck(check)]),
			...known.map(({ category, images, beyond, limit }): [string, string] => [
				'known',
				`${category}: ${images} good images, ${beyond} of them further than ${limit.toFixed(3)} from all others; what is further is unknown`,
			]),
		];
		const rows = versions.map(({ version, aliases, card: one, problem }) => [
			version,
			problem ?? one?.created ?? null,
			one?.parent === undefined ? null : `${one.parent.name}@${one.parent.version}`,
			aliases.join(', '),
		]);
		return {
			json: {
				...model,
				calibrated: calibration !== undefined,
				zones: zones === undefined ? null : describeZones(zones),
				limits: calibration ? limitsOf(calibration) : [],
				distribution: known,
				precisions: checks,
				versions,
			},
			text: `${table(['', ''], facts).trimStart()}\n\n${table(['version', 'trained', 'made from', 'aliases'], rows)}`,
		};
	},
});

const remove = defineCommand({
	name: 'models remove',
	synopsis: 'NAME@VERSION | NAME --all [options]',
	summary: 'Delete one version, or a model with all its versions',
	examples: ['dinomaly models remove bottles@1', 'dinomaly models remove bottles --all --force'],
	flags: {
		...MODEL_FLAG,
		all: toggle('Delete the model with all its versions'),
		force: toggle('Also when an alias points at it'),
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const ref = oneModel(values.model, words);
		const store = openStore(values.store, context);
		const options = { force: values.force };
		if (values.all === true) await store.removeModel(ref, options);
		else await store.remove(ref, options);
		return { json: { removed: ref }, text: `Removed ${ref}` };
	},
});

const importModel = defineCommand({
	name: 'models import',
	synopsis: 'DIR [options]',
	summary:
		'Copy a model folder from elsewhere, or one that was exported for an inference server, into the store as a new version, after checking it',
	examples: ['dinomaly models import /mnt/usb/bottles --model bottles'],
	flags: { model: text('NAME', 'Name in this store (default: its own)'), ...STORE_FLAG, ...OUTPUT_FLAGS },
	run: async ({ values, words }, context) => {
		if (words.length !== 1) throw usage(`Expected one model folder, found ${words.length}`);
		const imported = await openStore(values.store, context).importFolder(
			context.path(words[0]),
			values.model,
		);
		const { name, version, path } = imported;
		return { json: { model: name, version, path }, text: `${name}@${version}\n${path}` };
	},
});

export const modelCommands = [
	list,
	show,
	calibrate,
	quantize,
	...promotionCommands,
	...signingCommands,
	remove,
	exportCommand,
	importModel,
];

function describeSizes({ imageSize, cropSize, tiling }: ModelCard['config']): string {
	if (tiling === undefined) return `${imageSize} px, cropped to ${cropSize} px`;
	return `${describeTiling(tiling)}, each seen at ${cropSize} px`;
}

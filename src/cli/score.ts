import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { explainWriteError } from '../files/diskError';
import type { ImageFailure, ImageScore, ScoreOutcome, ServedBy } from '../scoring/request';
import { DEFAULT_LIMITS, LARGEST_BATCH } from '../scoring/batchLimits';
import { checkServer } from '../serving';
import { defineCommand } from './command';
import type { CommandResult } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, required, STORE_FLAG } from './commonFlags';
import { PRECISIONS } from '../runtime/precisionNames';
import { choice, number, text, toggle, usage } from './flags';
import type { CliIo } from './io';
import { expandImages, uniqueStems } from './imageFiles';
import type { ImageFile } from './imageFiles';
import { decimals, printable, table } from './table';

/** Images per engine call: the pictures of one call wait in memory until it ends. */
const CHUNK = 32;
const SERVER_CODES: ReadonlySet<string> = new Set(['SERVER_UNREACHABLE', 'SERVER_REFUSED']);

interface Folders {
	readonly heatmap?: string;
	readonly mask?: string;
}

type ScoreRow = Omit<ImageScore, 'heatmapPng' | 'maskPng'> & {
	readonly heatmap?: string;
	readonly mask?: string;
};

export const scoreCommand = defineCommand({
	name: 'score',
	synopsis: '--model NAME[@VERSION|@ALIAS] FILE|DIR ... [options]',
	summary: 'Score images: how anomalous each one is, where, and the verdict of the calibration',
	examples: [
		'dinomaly score --model bottles camera/0001.png',
		'dinomaly score --model bottles@production --heatmap ./maps --json ./incoming',
	],
	flags: {
		model: text('NAME', 'Model, with a version or an alias: NAME@3, NAME@production'),
		heatmap: text('DIR', 'Write a coloured heat map of each image into this folder'),
		mask: text('DIR', 'Write a mask of the anomalous pixels of each image into this folder'),
		category: text('NAME', 'Category whose calibration applies (default: all categories together)'),
		'any-image': toggle(
			'Judge every image by its score, also one that is unlike anything seen in training',
		),
		precision: choice(
			PRECISIONS,
			'Numbers to multiply in; int8 and float16 need a version that "models quantize" made (default: float32)',
		),
		'batch-size': number(
			'N',
			`Images that a device other than the CPU computes together (default: ${DEFAULT_LIMITS.size})`,
			{ min: 1, max: LARGEST_BATCH, whole: true },
		),
		server: text(
			'URL',
			'Inference server that the model was exported for, which makes the maps; its token, if it asks for one, is in DINOMALY_SERVER_TOKEN',
		),
		'server-model': text('NAME', 'Name on the server (default: that of the model)'),
		'server-version': text('VERSION', 'Version on the server, or "none" (default: that of the model)'),
		...DEVICE_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		if (words.length === 0) throw usage('Expected image files or folders, found none');
		const model = required(values.model, 'model');
		const files = await expandImages(words, { path: context.path, onNotice: context.progress.note });
		const stems = uniqueStems(files.map(({ path }) => path));
		const folders: Folders = {
			heatmap: values.heatmap === undefined ? undefined : context.path(values.heatmap),
			mask: values.mask === undefined ? undefined : context.path(values.mask),
		};
		const servedBy = readServer(values, context.io.env);
		const images: ScoreRow[] = [];
		const failures: ImageFailure[] = [];
		for (let start = 0; start < files.length; start += CHUNK) {
			const chunk = files.slice(start, start + CHUNK);
			let done = start;
			const scoring = context.engine.score(
				{
					...commonRequest(values, context),
					model,
					images: chunk.map(({ path }) => ({ file: path })),
					category: values.category,
					precision: values.precision,
					...(values['batch-size'] !== undefined && {
						batching: { ...DEFAULT_LIMITS, size: values['batch-size'] },
					}),
					...(servedBy && { servedBy }),
					...(values['any-image'] === true && { checkDistribution: false }),
					outputs: { heatmap: folders.heatmap !== undefined, mask: folders.mask !== undefined },
				},
				{
					...context.call,
					onOutcome: () => {
						context.progress.count('scoring', ++done, files.length);
					},
				},
			);
			const outcomes =
				start === 0
					? await scoring
					: await scoring.catch((error: unknown) => lostServer(error, chunk));
			for (const [i, outcome] of outcomes.entries()) {
				if ('error' in outcome) failures.push({ ...outcome, file: chunk[i].shown });
				else images.push(await keep(outcome, chunk[i], stems[start + i], folders));
			}
		}
		return present(images, failures);
	},
});

interface ServerFlags {
	readonly server?: string;
	readonly 'server-model'?: string;
	readonly 'server-version'?: string;
}

function readServer(flags: ServerFlags, env: CliIo['env']): ServedBy | undefined {
	const { server: url, 'server-model': model, 'server-version': version } = flags;
	if (url === undefined) {
		if (model === undefined && version === undefined) return undefined;
		throw usage('Expected --server together with --server-model and --server-version, found none');
	}
	return {
		server: checkServer({ url, token: env.DINOMALY_SERVER_TOKEN }),
		...(model !== undefined && { model }),
		...(version !== undefined && { version: version === 'none' ? null : version }),
	};
}

/** A server that goes away between two calls fails the images of the second one; what it scored before is kept. */
function lostServer(error: unknown, chunk: readonly ImageFile[]): ScoreOutcome[] {
	if (!(error instanceof DinomalyError) || !SERVER_CODES.has(error.code)) throw error;
	const { code, message, hint } = error;
	return chunk.map(({ path }) => ({ file: path, error: { code, message, hint } }));
}

/** Writes the pictures and returns the rest. */
async function keep(
	{ heatmapPng, maskPng, ...rest }: ImageScore,
	{ shown }: ImageFile,
	stem: string,
	folders: Folders,
): Promise<ScoreRow> {
	const heatmap = await write(folders.heatmap, `${stem}_heatmap.png`, heatmapPng);
	const mask = await write(folders.mask, `${stem}_mask.png`, maskPng);
	return {
		...rest,
		file: shown,
		...(heatmap !== undefined && { heatmap }),
		...(mask !== undefined && { mask }),
	};
}

async function write(
	folder: string | undefined,
	name: string,
	bytes: Uint8Array | undefined,
): Promise<string | undefined> {
	if (folder === undefined || bytes === undefined) return undefined;
	const path = join(folder, name);
	try {
		await mkdir(folder, { recursive: true });
		await writeFile(path, bytes);
	} catch (error) {
		throw await explainWriteError(error, path);
	}
	return path;
}

function present(images: readonly ScoreRow[], failures: readonly ImageFailure[]): CommandResult {
	const rows = images.map(({ file, score, normalizedScore, pValue, verdict }) => [
		file,
		decimals(score),
		decimals(normalizedScore, 3),
		decimals(pValue, 3),
		verdict,
	]);
	const scored = table(['file', 'score', 'normalised', 'p-value', 'verdict'], rows, [
		'left',
		'right',
		'right',
		'right',
	]);
	const unknown = images.flatMap(({ file, unknownReason }) =>
		unknownReason ? [printable(`${file}: ${unknownReason}`)] : [],
	);
	const failed = failures.map(({ file, error }) => printable(`${file}: ${error.message}`));
	return {
		json: { images, failures },
		text: [...(images.length > 0 ? [scored] : []), ...unknown, ...failed].join('\n'),
		failure:
			failures.length === 0
				? undefined
				: `${failures.length} of ${images.length + failures.length} images could not be scored`,
	};
}

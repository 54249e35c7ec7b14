import { cpus } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { scanDataset } from '../dataset/scan';
import { DinomalyError } from '../errors';
import type { RgbImage } from '../imaging/image';
import { readAhead } from '../runtime/readAhead';
import { int8Options } from '../scoring/checkedPrecision';
import { judgeImage } from '../scoring/judgeImage';
import { closing } from '../scoring/loadedCache';
import { loadModel, type ReadyModel, type ScoredMap } from '../scoring/openModel';
import type { Verdict } from '../scoring/request';
import { openModelStore } from '../store/openModelStore';
import { INT8_FILE, int8Document, type Int8Check } from '../store/int8File';
import type { OpenedModel } from '../store/modelStore';
import { compareScores, type ComparedImage } from './compareScores';
import { entriesOf, readImage, soleCategory } from './measureImages';
import type { CalibrateContext, QuantiseRequest, QuantiseResult } from './request';

/** A rank correlation of fewer images says nothing, nor do their verdicts. */
const LEAST_IMAGES = 10;
/** A smaller gain is not worth scores that differ from those of the calibration. */
export const LEAST_SPEEDUP = 1.1;
/** Images that a refusal names. */
const CHANGES_SHOWN = 3;

/**
 * Scores images of known truth in float32 and in int8 and, when every verdict is the same and int8 is faster, publishes a version that may
 * score in int8, with what was measured. Thresholds stay those of the version that it is made from.
 *
 * @throws PRECISION_UNAVAILABLE when a verdict changes, when there is no gain, or when this processor is not fit for it; CALIBRATION_SHORT
 * for a model without calibration or with too few images
 */
export async function quantiseModel(
	request: QuantiseRequest,
	context: CalibrateContext,
): Promise<QuantiseResult> {
	const store = openModelStore(request.store);
	const opened = await store.open(request.model);
	const ref = `${opened.name}@${opened.version}`;
	if (opened.calibration === undefined) throw uncalibrated(ref);
	const { threads } = request;
	const { images, skipped, source } = await closing(
		await loadModel(request.store, opened, await int8Options({ threads })),
		async (int8) =>
			closing(await loadModel(request.store, opened, { device: 'cpu', threads }), (float32) =>
				scoreBoth(request, { opened, float32, int8 }, context),
			),
	);
	if (images.length < LEAST_IMAGES) throw tooFewImages(images.length, request.data);
	const check: Int8Check = {
		created: new Date().toISOString(),
		source,
		...compareScores(images),
		processor: cpus().at(0)?.model ?? 'unknown',
	};
	refuseChanges(images, ref);
	const { minSpeedup = LEAST_SPEEDUP } = request;
	if (check.speedup < minSpeedup) throw tooSlow(check, minSpeedup);
	context.signal.throwIfAborted();
	const published = await store.publish(opened.name, {
		card: { ...opened.card, parent: { name: opened.name, version: opened.version } },
		files: {
			...Object.fromEntries(
				Object.keys(opened.card.files).map((name) => [name, { file: path.join(opened.path, name) }]),
			),
			[INT8_FILE]: { json: int8Document(check) },
		},
	});
	return {
		model: published.name,
		version: published.version,
		parentVersion: opened.version,
		path: published.path,
		check,
		skipped,
	};
}

interface BothModels {
	readonly opened: OpenedModel;
	readonly float32: ReadyModel;
	readonly int8: ReadyModel;
}

/** In turns, image by image, so that a machine that is slow for a while is slow for both. */
async function scoreBoth(
	{ data, categories }: QuantiseRequest,
	models: BothModels,
	{ signal, onProgress }: CalibrateContext,
): Promise<{ images: ComparedImage[]; skipped: QuantiseResult['skipped']; source: string }> {
	const dataset = await scanDataset(data, { categories, signal });
	const entries = entriesOf(dataset);
	if (entries.length === 0)
		throw new DinomalyError('DATASET_EMPTY', `Expected images to compare with in ${data}, found none`, {
			hint: 'Give the folder that the model was calibrated with, or new images: test images of a dataset, or a plain folder of good parts.',
		});
	const rename = soleCategory(dataset, models.opened);
	const known = new Set(models.opened.card.categories.map(({ name }) => name));
	const images: ComparedImage[] = [];
	const skipped: { file: string; reason: string }[] = [];
	let done = 0;
	for await (const read of readAhead(entries, readImage)) {
		signal.throwIfAborted();
		const { relativePath: file, anomalous, category: own } = entries[done];
		const named = rename ?? own;
		const category = known.has(named) ? named : null;
		if (read instanceof DinomalyError) skipped.push({ file, reason: read.message });
		else {
			try {
				images.push({ file, anomalous, ...(await scoreImage(models, read, { category, signal })) });
			} catch (error) {
				if (!(error instanceof DinomalyError && error.code === 'ZONE_MISMATCH')) throw error;
				skipped.push({ file, reason: error.message });
			}
		}
		onProgress(++done, entries.length);
		await nextTick();
	}
	return { images, skipped, source: path.basename(dataset.root) };
}

interface ScoreImageOptions {
	readonly category: string | null;
	readonly signal: AbortSignal;
}

async function scoreImage(
	models: BothModels,
	image: RgbImage,
	options: ScoreImageOptions,
): Promise<Omit<ComparedImage, 'file' | 'anomalous'>> {
	const [float32, int8] = [
		await scoreTimed(models.float32, image, options),
		await scoreTimed(models.int8, image, options),
	];
	return {
		scores: { float32: float32.mapped.score, int8: int8.mapped.score },
		verdicts: { float32: float32.verdict, int8: int8.verdict },
		milliseconds: { float32: float32.milliseconds, int8: int8.milliseconds },
		maskChange: maskChange(float32, int8),
	};
}

interface TimedScore {
	readonly mapped: ScoredMap;
	readonly milliseconds: number;
	readonly verdict: Verdict;
	readonly pixelThreshold: number;
}

async function scoreTimed(
	model: ReadyModel,
	image: RgbImage,
	options: ScoreImageOptions,
): Promise<TimedScore> {
	const start = performance.now();
	const mapped = await model.score(image, options);
	const milliseconds = performance.now() - start;
	const { verdict, applied } = judgeImage(model, mapped, options);
	return { mapped, milliseconds, verdict, pixelThreshold: applied?.pixelThreshold ?? Infinity };
}

/** Share of the map's values that count which lie on the other side of the threshold for masks. */
function maskChange({ mapped, pixelThreshold }: TimedScore, other: TimedScore): number {
	let [changed, counted] = [0, 0];
	for (let i = 0; i < mapped.map.length; i++) {
		if (mapped.seen?.inspected[i] === 0) continue;
		counted++;
		if (mapped.map[i] > pixelThreshold !== other.mapped.map[i] > pixelThreshold) changed++;
	}
	return counted === 0 ? 0 : changed / counted;
}

function refuseChanges(images: readonly ComparedImage[], ref: string): void {
	const changed = images.filter(({ verdicts }) => verdicts.float32 !== verdicts.int8);
	if (changed.length === 0) return;
	const shown = changed
		.slice(0, CHANGES_SHOWN)
		.map(({ file, verdicts }) => `${file} from ${verdicts.float32} to ${verdicts.int8}`)
		.join(', ');
	const more = changed.length > CHANGES_SHOWN ? ' and others' : '';
	throw new DinomalyError(
		'PRECISION_UNAVAILABLE',
		`Expected the verdicts of "${ref}" in int8 to be those in float32 on all ${images.length} images, found ${changed.length} that change: ${shown}${more}`,
		{ hint: 'Score this model in float32; nothing was changed.' },
	);
}

function tooSlow({ speedup, milliseconds: { float32, int8 } }: Int8Check, least: number): DinomalyError {
	return new DinomalyError(
		'PRECISION_UNAVAILABLE',
		`Expected int8 to be at least ${least} times as fast as float32 on this machine, found ${speedup.toFixed(2)} times (${float32.toFixed(0)} and ${int8.toFixed(0)} ms per image)`,
		{ hint: 'Score this model in float32; with little to do per image there is nothing to gain.' },
	);
}

function uncalibrated(ref: string): DinomalyError {
	return new DinomalyError(
		'CALIBRATION_SHORT',
		`Expected "${ref}" to have thresholds that verdicts in int8 can be held against, found no calibration`,
		{ hint: 'Calibrate it with images of good parts first.' },
	);
}

function tooFewImages(found: number, data: string): DinomalyError {
	return new DinomalyError(
		'CALIBRATION_SHORT',
		`Expected at least ${LEAST_IMAGES} images that can be scored in ${data}, found ${found}`,
		{ hint: 'Give more images of known truth: good parts, and defects where you have them.' },
	);
}

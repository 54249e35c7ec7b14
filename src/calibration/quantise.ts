import { cpus } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { scanDataset } from '../dataset/scan';
import { DinomalyError } from '../errors';
import type { RgbImage } from '../imaging/image';
import { readAhead } from '../runtime/readAhead';
import type { ScoringOptions } from '../runtime/precision';
import { int8Options } from '../scoring/checkedPrecision';
import { judgeImage } from '../scoring/judgeImage';
import { closing } from '../scoring/loadedCache';
import { loadModel, type ReadyModel, type ScoredMap } from '../scoring/openModel';
import type { Verdict } from '../scoring/request';
import { openModelStore } from '../store/openModelStore';
import { checkDocument, PRECISION_FILES, type PrecisionCheck } from '../store/precisionCheck';
import type { OpenedModel } from '../store/modelStore';
import { compareScores, type ComparedImage } from './compareScores';
import { entriesOf, readImage, soleCategory } from './measureImages';
import type { CalibrateContext, QuantiseRequest, QuantiseResult } from './request';
import { zoneMismatch } from '../zones/zoneAreas';

/** A rank correlation of fewer images says nothing, nor do their verdicts. */
const LEAST_IMAGES = 10;
/** A smaller gain is not worth scores that differ from those of the calibration. */
export const LEAST_SPEEDUP = 1.1;
/** Images that a refusal names. */
const CHANGES_SHOWN = 3;

/**
 * Scores images of known truth in float32 and in a precision and, when every verdict is the same and it is faster, publishes a version that
 * may score in it, with what was measured. Thresholds stay those of the version that it is made from.
 *
 * @throws PRECISION_UNAVAILABLE when a verdict changes, when there is no gain, or when this processor or device is not fit for it;
 * CALIBRATION_SHORT for a model without calibration or with too few images
 */
export async function quantiseModel(
	request: QuantiseRequest,
	context: CalibrateContext,
): Promise<QuantiseResult> {
	const store = openModelStore(request.store);
	const opened = await store.open(request.model);
	const ref = `${opened.name}@${opened.version}`;
	if (opened.calibration === undefined) throw uncalibrated(ref);
	const { precision = 'int8', minSpeedup = LEAST_SPEEDUP } = request;
	const { images, skipped, source, device } = await compare(request, opened, context);
	if (images.length < LEAST_IMAGES) throw tooFewImages(images.length, request.data);
	const check: PrecisionCheck = {
		precision,
		created: new Date().toISOString(),
		source,
		...compareScores(images),
		processor: cpus().at(0)?.model ?? 'unknown',
		device,
	};
	refuseChanges(images, { ref, precision });
	if (check.speedup < minSpeedup) throw tooSlow(check, minSpeedup);
	context.signal.throwIfAborted();
	const published = await store.publish(opened.name, {
		card: { ...opened.card, parent: { name: opened.name, version: opened.version } },
		files: {
			...Object.fromEntries(
				Object.keys(opened.card.files).map((name) => [name, { file: path.join(opened.path, name) }]),
			),
			[PRECISION_FILES[precision]]: { json: checkDocument(check) },
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

interface Compared {
	readonly images: readonly ComparedImage[];
	readonly skipped: QuantiseResult['skipped'];
	readonly source: string;
	readonly device: string;
}

async function compare(
	request: QuantiseRequest,
	opened: OpenedModel,
	context: CalibrateContext,
): Promise<Compared> {
	const { store, precision = 'int8', device, threads } = request;
	const reduced: ScoringOptions =
		precision === 'int8'
			? await int8Options({ device, threads })
			: { device, threads, precision, requireDevice: true };
	return closing(await loadModel(store, opened, reduced), async (lower) => {
		const same = { device: lower.device, requireDevice: true, threads };
		return closing(await loadModel(store, opened, same), async (float32) => ({
			...(await scoreBoth(request, { opened, float32, reduced: lower }, context)),
			device: lower.device,
		}));
	});
}

interface BothModels {
	readonly opened: OpenedModel;
	readonly float32: ReadyModel;
	readonly reduced: ReadyModel;
}

/**
 * In turns, so that a machine that is slow for a while is slow for both: image by image, or as many at a time as the device computes
 * together, once before without looking at the clock.
 */
async function scoreBoth(
	{ data, categories }: QuantiseRequest,
	models: BothModels,
	{ signal, onProgress }: CalibrateContext,
): Promise<Omit<Compared, 'device'>> {
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
	const atOnce = models.float32.atOnce();
	let together: ImageToCompare[] = [];
	let done = 0;
	for await (const read of readAhead(entries, readImage)) {
		signal.throwIfAborted();
		const { relativePath: file, anomalous, category: own } = entries[done];
		const named = rename ?? own;
		const category = known.has(named) ? named : null;
		if (read instanceof DinomalyError) skipped.push({ file, reason: read.message });
		else together.push({ file, anomalous, image: read, category });
		if (together.length === atOnce || done + 1 === entries.length) {
			if (atOnce > 1 && images.length === 0) await compareTogether(models, together, signal);
			for (const one of await compareTogether(models, together, signal)) {
				if ('reason' in one) skipped.push(one);
				else images.push(one);
			}
			together = [];
		}
		onProgress(++done, entries.length);
		await nextTick();
	}
	return { images, skipped, source: path.basename(dataset.root) };
}

interface ImageToCompare extends Pick<ComparedImage, 'file' | 'anomalous'> {
	readonly image: RgbImage;
	readonly category: string | null;
}

type LeftOut = QuantiseResult['skipped'][number];

async function compareTogether(
	models: BothModels,
	images: readonly ImageToCompare[],
	signal: AbortSignal,
): Promise<(ComparedImage | LeftOut)[]> {
	const float32 = await scoreTimed(models.float32, images, signal);
	const reduced = await scoreTimed(models.reduced, images, signal);
	return images.map(({ file, anomalous }, i) => {
		const [full, lower] = [float32.scored[i], reduced.scored[i]];
		if ('reason' in full) return full;
		if ('reason' in lower) return lower;
		return {
			file,
			anomalous,
			scores: { float32: full.mapped.score, reduced: lower.mapped.score },
			verdicts: { float32: full.verdict, reduced: lower.verdict },
			milliseconds: { float32: float32.milliseconds, reduced: reduced.milliseconds },
			maskChange: maskChange(full, lower),
		};
	});
}

interface ScoredOnce {
	readonly mapped: ScoredMap;
	readonly verdict: Verdict;
	readonly pixelThreshold: number;
}

/** Scores images together; one that the zones do not fit is left out. @returns with the time per image */
async function scoreTimed(
	model: ReadyModel,
	images: readonly ImageToCompare[],
	signal: AbortSignal,
): Promise<{ scored: (ScoredOnce | LeftOut)[]; milliseconds: number }> {
	const start = performance.now();
	const scored = await Promise.all(
		images.map(async ({ file, image, category }) => {
			try {
				const mapped = await model.score(image, { category, signal });
				const { verdict, applied } = judgeImage(model, mapped, { category });
				return { mapped, verdict, pixelThreshold: applied?.pixelThreshold ?? Infinity };
			} catch (error) {
				return { file, reason: zoneMismatch(error).message };
			}
		}),
	);
	return { scored, milliseconds: (performance.now() - start) / Math.max(1, images.length) };
}

/** Share of the map's values that count which lie on the other side of the threshold for masks. */
function maskChange({ mapped, pixelThreshold }: ScoredOnce, other: ScoredOnce): number {
	let [changed, counted] = [0, 0];
	for (let i = 0; i < mapped.map.length; i++) {
		if (mapped.seen?.inspected[i] === 0) continue;
		counted++;
		if (mapped.map[i] > pixelThreshold !== other.mapped.map[i] > pixelThreshold) changed++;
	}
	return counted === 0 ? 0 : changed / counted;
}

function refuseChanges(
	images: readonly ComparedImage[],
	{ ref, precision }: { readonly ref: string; readonly precision: string },
): void {
	const changed = images.filter(({ verdicts }) => verdicts.float32 !== verdicts.reduced);
	if (changed.length === 0) return;
	const shown = changed
		.slice(0, CHANGES_SHOWN)
		.map(({ file, verdicts }) => `${file} from ${verdicts.float32} to ${verdicts.reduced}`)
		.join(', ');
	const more = changed.length > CHANGES_SHOWN ? ' and others' : '';
	throw new DinomalyError(
		'PRECISION_UNAVAILABLE',
		`Expected the verdicts of "${ref}" in ${precision} to be those in float32 on all ${images.length} images, found ${changed.length} that change: ${shown}${more}`,
		{ hint: 'Score this model in float32; nothing was changed.' },
	);
}

function tooSlow(
	{ precision, device, speedup, milliseconds: { float32, reduced } }: PrecisionCheck,
	least: number,
): DinomalyError {
	return new DinomalyError(
		'PRECISION_UNAVAILABLE',
		`Expected ${precision} to be at least ${least} times as fast as float32 on this machine (${device}), found ${speedup.toFixed(2)} times (${float32.toFixed(0)} and ${reduced.toFixed(0)} ms per image)`,
		{ hint: 'Score this model in float32; with little to do per image there is nothing to gain.' },
	);
}

function uncalibrated(ref: string): DinomalyError {
	return new DinomalyError(
		'CALIBRATION_SHORT',
		`Expected "${ref}" to have thresholds that verdicts can be held against, found no calibration`,
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

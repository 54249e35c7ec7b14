import path from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Dataset, ImageEntry } from '../dataset/dataset';
import { fingerprintDataset } from '../dataset/fingerprint';
import { scanDataset } from '../dataset/scan';
import type { Distribution, KnownEmbedding } from '../distribution/distribution';
import { DinomalyError } from '../errors';
import type { RgbImage } from '../imaging/image';
import { decodeImage } from '../runtime/images';
import { inFlight } from '../runtime/inFlight';
import { readAhead } from '../runtime/readAhead';
import { closing } from '../scoring/loadedCache';
import { openModel, type ReadyModel, type ScoredMap } from '../scoring/openModel';
import type { CalibrationFile } from '../store/calibration';
import type { OpenedModel } from '../store/modelStore';
import { imageStatistics } from '../imaging/statistics';
import type { InspectionZones } from '../zones/inspectionZones';
import { CalibrationCollector } from './collector';
import { describeGood, noticeOfUnlikeGood } from './goodImages';
import { CalibrationImageCollector } from './imageStatistics';
import { requireSeen, shareNotices } from './inspectedShares';
import type { CalibrateContext, CalibrateRequest, CalibrateSource } from './request';
import { zoneMismatch } from '../zones/zoneAreas';

interface Measured {
	readonly file: CalibrationFile;
	readonly skipped: readonly { readonly file: string; readonly reason: string }[];
	readonly notices: readonly string[];
	/** What the model knows of good images, those measured here among them. */
	readonly distribution: Distribution;
}

/**
 * Scores the images of a dataset folder for a calibration: its test images, or all images of a plain folder. Images that the model was
 * trained on would score too low, so that training images of the layouts that tell them apart are never taken.
 *
 * @throws DATASET_EMPTY when there are none
 */
export async function measureImages(
	request: CalibrateRequest,
	{ data, categories }: Extract<CalibrateSource, { kind: 'images' }>,
	{ opened, zones }: { readonly opened: OpenedModel; readonly zones: InspectionZones | undefined },
	context: CalibrateContext,
): Promise<Measured> {
	const { signal } = context;
	const dataset = await scanDataset(data, { categories, signal });
	const entries = entriesOf(dataset);
	if (entries.length === 0) {
		throw new DinomalyError('DATASET_EMPTY', `Expected images to calibrate with in ${data}, found none`, {
			hint: 'Put new images into <category>/test/good and <category>/test/<defect>, or give a plain folder of good parts; training images score too low to set thresholds.',
		});
	}
	const { device, requireDevice, threads } = request;
	const ref = `${opened.name}@${opened.version}`;
	return closing(
		(await openModel(request.store, ref, { device, requireDevice, threads })).withZones(zones),
		(model) => measureWith(model, { dataset, entries }, context),
	);
}

async function measureWith(
	model: ReadyModel,
	{ dataset, entries }: { readonly dataset: Dataset; readonly entries: readonly ImageEntry[] },
	{ signal, onProgress }: CalibrateContext,
): Promise<Measured> {
	const { opened } = model;
	const known = opened.card.categories.map(({ name }) => name);
	if (model.areas !== undefined) requireSeen(model.areas, known);
	const collector = new CalibrationCollector(entries.length);
	const taken = new CalibrationImageCollector();
	const rename = soleCategory(dataset, opened);
	const good: KnownEmbedding[] = [];
	const skipped: { file: string; reason: string }[] = [];
	const measure = async ({ entry, read }: ReadEntry): Promise<MeasuredEntry> => {
		signal.throwIfAborted();
		const category = rename ?? entry.category;
		if (read instanceof DinomalyError) return { entry, category, reason: read.message };
		return { entry, category, ...(await measureImage(model, read, { category, signal })) };
	};
	const read = async (entry: ImageEntry): Promise<ReadEntry> => ({ entry, read: await readImage(entry) });
	let done = 0;
	for await (const measured of inFlight(readAhead(entries, read), model.atOnce(), measure)) {
		const { entry, category } = measured;
		if ('reason' in measured) skipped.push({ file: entry.relativePath, reason: measured.reason });
		else {
			const { anomalous } = entry;
			const { score, map, seen, views, embedding } = measured.scored;
			collector.add({ category, anomalous, score, map, inspected: seen?.inspected, views });
			if (!anomalous) taken.add(category, imageStatistics(measured.image, seen?.area));
			if (!anomalous && embedding !== null) good.push({ category, embedding });
		}
		onProgress(++done, entries.length);
		await nextTick();
	}
	if (collector.normalImages === 0) {
		throw new DinomalyError(
			'CALIBRATION_SHORT',
			`Expected images of good parts in ${dataset.root}, found ${collector.anomalousImages} of defects`,
			{ hint: 'Add good parts: a threshold says what good parts score.' },
		);
	}
	return {
		file: {
			...collector.result(),
			images: taken.result(),
			source: {
				kind: 'images',
				name: path.basename(dataset.root),
				normal: collector.normalImages,
				anomalous: collector.anomalousImages,
				fingerprint: await fingerprintDataset(dataset, { signal }),
			},
		},
		skipped,
		notices: [
			...(model.areas === undefined ? [] : shareNotices(model.areas, known)),
			...noticesOf(dataset, opened, rename),
			...noticeOfUnlikeGood(model, good),
		],
		distribution: await describeGood(model, good, { dataset, signal }),
	};
}

interface ReadEntry {
	readonly entry: ImageEntry;
	readonly read: RgbImage | DinomalyError;
}

/** What an image scores, or why it is left out. */
type MeasuredImage = { readonly image: RgbImage; readonly scored: ScoredMap } | { readonly reason: string };

type MeasuredEntry = MeasuredImage & { readonly entry: ImageEntry; readonly category: string };

/** An image that the zones do not fit is left out. */
async function measureImage(
	model: ReadyModel,
	image: RgbImage,
	options: { readonly category: string; readonly signal: AbortSignal },
): Promise<MeasuredImage> {
	try {
		return { image, scored: await model.score(image, options) };
	} catch (error) {
		return { reason: zoneMismatch(error).message };
	}
}

/** The images of a dataset that a model was not trained on. */
export function entriesOf({ layout, categories }: Dataset): ImageEntry[] {
	const test = categories.flatMap((category) => category.test);
	if (test.length > 0 || layout !== 'plain') return test;
	return categories.flatMap((category) => category.train);
}

/** A plain folder has no category names: where it and the model have one category each, the same one is meant. */
export function soleCategory({ layout, categories }: Dataset, { card }: OpenedModel): string | undefined {
	const [only] = card.categories;
	return layout === 'plain' && categories.length === 1 && card.categories.length === 1
		? only.name
		: undefined;
}

function noticesOf({ categories, problems }: Dataset, { card }: OpenedModel, rename?: string): string[] {
	const known = new Set(card.categories.map(({ name }) => name));
	const foreign = categories.map(({ name }) => name).filter((name) => !known.has(name));
	return [
		...(rename === undefined && foreign.length > 0
			? [`Not trained on: ${foreign.join(', ')}; these images count for all categories together only`]
			: []),
		...problems.filter(({ severity }) => severity === 'warning').map(({ message }) => message),
	];
}

/** The decoded image, or why there is none. */
export async function readImage({ path: file }: ImageEntry): Promise<RgbImage | DinomalyError> {
	try {
		return await decodeImage(file);
	} catch (error) {
		if (error instanceof DinomalyError) return error;
		throw error;
	}
}

import { setImmediate as nextTick } from 'node:timers/promises';
import { scanDataset } from '../dataset/scan';
import type { CategoryImages, Dataset, ImageEntry } from '../dataset/dataset';
import { DinomalyError } from '../errors';
import type { RgbImage } from '../imaging/image';
import { calibrationFor } from '../routing/calibration';
import { decodeImage, decodeMask } from '../runtime/images';
import { inFlight } from '../runtime/inFlight';
import { readAhead } from '../runtime/readAhead';
import type { ModelCard } from '../store/card';
import { closing } from '../scoring/loadedCache';
import { openModel, type ReadyModel, type ScoredMap } from '../scoring/openModel';
import { evaluateCategoryScores, pixelPart, withoutPixels } from './categoryMetrics';
import { chooseExamples } from './exampleChoice';
import { drawExamples } from './examples';
import { describeMaking } from './madeWith';
import { checkMaxFpr, DEFAULT_MAX_FPR } from './metrics/aupro';
import { meanOverCategories } from './metrics/mean';
import { PixelAccumulator } from './metrics/pixelAccumulator';
import { noticesOfZones, type InspectedCategory } from './inspectedArea';
import { liesOutside, mapForMetrics, maskForMetrics, noticeOfResolution } from './testPixels';
import { noticeOfUnknown } from './unknownImages';
import type {
	CategoryEvaluation,
	EvaluatedImage,
	EvaluateRequest,
	EvaluateResult,
	MaskRuleName,
	PixelMode,
} from './request';
import { zoneMismatch } from '../zones/zoneAreas';

export interface EvaluateContext {
	readonly signal: AbortSignal;
	readonly onProgress: (done: number, total: number) => void;
}

interface Failure {
	readonly file: string;
	readonly reason: string;
}

/** Scores a test set with a model and computes the paper's metrics per category and their mean. */
export async function evaluateModel(
	request: EvaluateRequest,
	context: EvaluateContext,
): Promise<EvaluateResult> {
	const started = performance.now();
	const { store, model, device, requireDevice, threads } = request;
	checkMaxFpr(request.maxFpr ?? DEFAULT_MAX_FPR);
	const dataset = await testPartOf(request, context.signal);
	const result = await closing(
		await openModel(store, model, { device, requireDevice, threads }),
		(opened) => evaluateWith(opened, dataset, request, context),
	);
	return { ...result, seconds: (performance.now() - started) / 1000 };
}

async function evaluateWith(
	model: ReadyModel,
	dataset: Dataset,
	request: EvaluateRequest,
	context: EvaluateContext,
): Promise<Omit<EvaluateResult, 'seconds'>> {
	const { threads, maskRule = 'nonzero', maxFpr = DEFAULT_MAX_FPR, pixelMode = 'auto' } = request;
	const testable = dataset.categories;
	const total = testable.reduce((sum, { test }) => sum + test.length, 0);
	const failures: Failure[] = [];
	const images: EvaluatedImage[] = [];
	const areas: InspectedCategory[] = [];
	const categories: CategoryEvaluation[] = [];
	const resolutions = new Set<string>();
	let done = 0;
	const step = (): void => {
		if (context.signal.aborted)
			throw new DinomalyError(
				'CANCELLED',
				`The evaluation was cancelled after ${done} of ${total} images`,
			);
		context.onProgress(++done, total);
	};
	for (const category of testable) {
		categories.push(
			await evaluateCategory(model, category, {
				rule: maskRule,
				maxFpr,
				pixelMode,
				failures,
				images,
				areas,
				step,
				resolutions,
				signal: context.signal,
			}),
		);
	}
	const { card, version } = model.opened;
	const chosen = chooseExamples(images, categories, request.examples ?? 0);
	return {
		model: card.name,
		version,
		encoder: card.encoder.name,
		device: model.device,
		categories,
		mean: meanOverCategories(categories),
		failures,
		notices: [
			...noticesOf(model, dataset),
			...noticesOfZones(model.opened, areas),
			...noticeOfUnknown(images),
			...noticeOfResolution(card.config, [...resolutions]),
		],
		images,
		examples: await drawExamples(model, dataset, chosen),
		madeWith: await describeMaking(model.opened, dataset, {
			maskRule,
			maxFpr,
			pixelMode,
			threads,
			signal: context.signal,
		}),
	};
}

/** The dataset without categories that have no test image. */
async function testPartOf({ data, categories }: EvaluateRequest, signal: AbortSignal): Promise<Dataset> {
	const dataset = await scanDataset(data, { categories, signal });
	const testable = dataset.categories.filter(({ test }) => test.length > 0);
	if (testable.length > 0) return { ...dataset, categories: testable };
	throw new DinomalyError('DATASET_EMPTY', `Expected test images in ${data}, found none`, {
		hint: 'Put them into <category>/test/good and <category>/test/<defect>.',
	});
}

function noticesOf({ opened: { card } }: ReadyModel, { categories, problems }: Dataset): string[] {
	const foreign = categories
		.map(({ name }) => name)
		.filter((name) => !card.categories.some((known) => known.name === name));
	return [
		...(card.encoder.notice === undefined ? [] : [card.encoder.notice]),
		...(foreign.length > 0 ? [`Not trained on: ${foreign.join(', ')}`] : []),
		...problems.filter(({ severity }) => severity === 'warning').map(({ message }) => message),
	];
}

interface Bookkeeping {
	readonly rule: MaskRuleName;
	readonly maxFpr: number;
	readonly pixelMode: PixelMode;
	/** Receives the images that could not be read. */
	readonly failures: Failure[];
	/** Receives the images that were scored. */
	readonly images: EvaluatedImage[];
	/** Receives what was inspected, of categories that zones are for. */
	readonly areas: InspectedCategory[];
	/** Receives the sizes that pixel metrics were taken at. */
	readonly resolutions: Set<string>;
	readonly signal: AbortSignal;
	/** Called before every image. */
	readonly step: () => void;
}

async function evaluateCategory(
	model: ReadyModel,
	{ name, test }: CategoryImages,
	{ rule, maxFpr, pixelMode, failures, images, areas, step, resolutions, signal }: Bookkeeping,
): Promise<CategoryEvaluation> {
	const { card } = model.opened;
	const { config } = card;
	const known = new Set(card.categories.map((category) => category.name));
	const own: EvaluatedImage[] = [];
	const pixels = new PixelAccumulator({ mode: pixelMode });
	const wantMask = test.some(({ anomalous, maskPath }) => anomalous && maskPath !== null);
	const masks = new Map<string, number>();
	const shares: number[] = [];
	let outside = 0;
	const read = (entry: ImageEntry): Promise<TestImage | Failure> =>
		readTestImage(entry, model, { rule, wantMask });
	const score = async (loaded: TestImage | Failure): Promise<ScoredTestImage | Failure> => {
		step();
		return 'reason' in loaded ? loaded : scoreTestImage(model, loaded, signal);
	};
	for await (const tested of inFlight(readAhead(test, read), model.atOnce(), score)) {
		if ('reason' in tested) {
			failures.push(tested);
			continue;
		}
		const { loaded, scored } = tested;
		const { score, seen, embedding } = scored;
		const { relativePath: file, category, label, anomalous } = loaded.entry;
		const looked = mapForMetrics(scored, config);
		if (seen !== undefined) shares.push(seen.share);
		if (loaded.mask instanceof Uint8Array && liesOutside(loaded.mask, looked)) {
			outside++;
			continue;
		}
		const isUnknown = model.place(embedding, known.has(category) ? category : null)?.isUnknown === true;
		own.push({
			file,
			category,
			label,
			anomalous,
			score,
			...(isUnknown && { outOfDistribution: true }),
		});
		if (loaded.mask !== 'none') {
			const { data, width, height, inspected } = looked;
			const kind = anomalous ? label : '';
			if (inspected === undefined) pixels.add(data, loaded.mask, width, height, kind);
			else pixels.addInspected(data, loaded.mask, { width, height, inspected, kind });
			resolutions.add(`${width} x ${height}`);
			if (loaded.mask) masks.set(label, (masks.get(label) ?? 0) + 1);
		}
		// Lets messages in, such as a cancel, before the next image holds the thread.
		await nextTick();
	}
	for (const image of own) images.push(image);
	const share = shares.length === 0 ? null : shares.reduce((sum, one) => sum + one, 0) / shares.length;
	if (share !== null) areas.push({ category: name, share, outside });
	const calibration = calibrationFor(model.opened.calibration, name);
	return evaluateCategoryScores(own, {
		category: name,
		threshold: calibration?.threshold.value ?? null,
		inspectedShare: share,
		pixels:
			masks.size > 0
				? pixelPart(pixels, { maxFpr, masks })
				: withoutPixels('No test image of this category has a mask'),
	});
}

/** An image that the zones do not fit is a failure; all else ends the evaluation. */
async function scoreTestImage(
	model: ReadyModel,
	loaded: TestImage,
	signal: AbortSignal,
): Promise<ScoredTestImage | Failure> {
	const { image, entry } = loaded;
	try {
		return { loaded, scored: await model.score(image, { category: entry.category, signal }) };
	} catch (error) {
		return { file: entry.relativePath, reason: zoneMismatch(error).message };
	}
}

interface ScoredTestImage {
	readonly loaded: TestImage;
	readonly scored: ScoredMap;
}

interface TestImage {
	readonly image: RgbImage;
	readonly entry: ImageEntry;
	readonly mask: Uint8Array | null | 'none';
}

async function readTestImage(
	entry: ImageEntry,
	model: ReadyModel,
	{ rule, wantMask }: { readonly rule: MaskRuleName; readonly wantMask: boolean },
): Promise<TestImage | Failure> {
	try {
		const image = await decodeImage(entry.path);
		return {
			image,
			entry,
			mask: wantMask
				? await groundTruth(entry, image, { config: model.opened.card.config, rule })
				: 'none',
		};
	} catch (error) {
		if (!(error instanceof DinomalyError)) throw error;
		return { file: entry.relativePath, reason: error.message };
	}
}

/** The mask of a test image, pixel for pixel as its map: null for a good image, 'none' for a defect without a mask. */
async function groundTruth(
	{ anomalous, maskPath }: ImageEntry,
	image: RgbImage,
	options: { readonly config: ModelCard['config']; readonly rule: MaskRuleName },
): Promise<Uint8Array | null | 'none'> {
	if (!anomalous) return null;
	if (maskPath === null) return 'none';
	return maskForMetrics(await decodeMask(maskPath), image, options);
}

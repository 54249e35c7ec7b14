import path from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { DinomalyError, type ErrorCode } from '../errors';
import type { RgbImage } from '../imaging/image';
import { renderHeatmap } from '../imaging/heatmap';
import { segmentMap } from '../imaging/regions';
import type { Placement } from '../distribution/placement';
import { describeUnknown } from '../distribution/words';
import { decodeImage, encodePng } from '../runtime/images';
import { inFlight } from '../runtime/inFlight';
import { readAhead } from '../runtime/readAhead';
import { requireNoCategory } from '../zones/zoneAreas';
import type { CategoryOfCard } from '../store/card';
import { checkBatching } from './batchLimits';
import { judgeImage } from './judgeImage';
import { closing } from './loadedCache';
import { openModel, type ReadyModel } from './openModel';
import { openServed } from './servedModel';
import type { ImageFailure, ImageScore, ImageSource, ScoreOutcome, ScoreRequest } from './request';

export interface ScoreContext {
	readonly signal: AbortSignal;
	readonly onOutcome: (outcome: ScoreOutcome, index: number) => void;
}

/** Colour scale of heat maps of a model without calibration: good parts lie well below a tenth, clear defects above. */
const UNCALIBRATED_SCALE = { low: 0, high: 0.3 };

/** Scores images in their order; one that cannot be read gives a failure in its place and the others go on. */
export async function scoreImages(request: ScoreRequest, context: ScoreContext): Promise<ScoreOutcome[]> {
	if (request.batching !== undefined) checkBatching(request.batching);
	return closing(await open(request, context), (model) => scoreWith(model, request, context));
}

async function scoreWith(
	model: ScoringModel,
	request: ScoreRequest,
	context: ScoreContext,
): Promise<ScoreOutcome[]> {
	const { images } = request;
	if (request.category !== undefined) checkCategory(model, request.category);
	else if (model.areas !== undefined && onlyCategory(model) === null) requireNoCategory(model.areas.zones);
	const { signal } = context;
	const outcomes: ScoreOutcome[] = [];
	const score = async ({ name, decoded }: ReadSource): Promise<ScoreOutcome> => {
		if (signal.aborted)
			throw new DinomalyError(
				'CANCELLED',
				`Scoring was cancelled after ${outcomes.length} of ${images.length} images`,
			);
		if (decoded instanceof DinomalyError) return failure(name, decoded);
		return scoreOne(model, decoded, { file: name, request, signal }).catch((error: unknown) =>
			failure(name, ownFailure(error)),
		);
	};
	const atOnce = model.atOnce(request.batching);
	for await (const outcome of inFlight(readAhead(images, read), atOnce, score)) {
		context.onOutcome(outcome, outcomes.push(outcome) - 1);
		// Lets messages in, such as a cancel, before the next image holds the thread.
		await nextTick();
	}
	return outcomes;
}

/** What scoring needs of a model, wherever it computes. */
interface ScoringModel extends Pick<ReadyModel, 'opened' | 'place' | 'areas' | 'atOnce' | 'score' | 'close'> {
	readonly device: string;
	/** Known at the latest once an image was scored. */
	readonly precision: () => ImageScore['precision'];
}

async function open(
	{ store, model, servedBy, device, requireDevice, threads, precision = 'float32' }: ScoreRequest,
	{ signal }: ScoreContext,
): Promise<ScoringModel> {
	if (servedBy === undefined) {
		const ready = await openModel(store, model, { device, requireDevice, threads, precision });
		return { ...ready, precision: () => precision };
	}
	if (precision !== 'float32')
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected the precision to be that of the exported model where a server scores, found ${precision} asked for`,
			{ hint: 'Leave Precision alone, and export the model in the precision that you want.' },
		);
	const served = await openServed(store, model, { ...servedBy, signal });
	return {
		...served,
		close: () => undefined,
		device: 'server',
		precision: () => served.precision() ?? 'float32',
	};
}

interface Decoded {
	readonly image: RgbImage;
	readonly decodeMs: number;
}

interface ReadSource {
	readonly name: string;
	readonly decoded: Decoded | DinomalyError;
}

async function read(source: ImageSource): Promise<ReadSource> {
	return { name: nameOf(source), decoded: await decode(source) };
}

async function decode(source: ImageSource): Promise<Decoded | DinomalyError> {
	const start = performance.now();
	try {
		const image =
			'file' in source
				? await decodeImage(source.file)
				: await decodeImage(source.bytes, { name: source.name });
		return { image, decodeMs: performance.now() - start };
	} catch (error) {
		if (error instanceof DinomalyError) return error;
		throw error;
	}
}

async function scoreOne(
	model: ScoringModel,
	{ image, decodeMs }: Decoded,
	{
		file,
		request,
		signal,
	}: { readonly file: string; readonly request: ScoreRequest; readonly signal: AbortSignal },
): Promise<ImageScore> {
	const start = performance.now();
	const { card, version } = model.opened;
	const category = request.category ?? onlyCategory(model);
	const { score, map, geometry, seen, embedding } = await model.score(image, {
		category,
		signal,
		batching: request.batching,
	});
	const { applied, judgement, placed, verdict } = judgeImage(
		model,
		{ score, embedding },
		{ category, checkDistribution: request.checkDistribution },
	);
	const computeMs = performance.now() - start;

	const pixelThreshold = applied?.pixelThreshold ?? null;
	const segmentation =
		pixelThreshold === null
			? null
			: segmentMap(map, {
					threshold: pixelThreshold,
					geometry,
					minAreaPx: applied?.minRegionPx,
					inspected: seen,
				});
	const anchor = pixelThreshold === null ? UNCALIBRATED_SCALE : { threshold: pixelThreshold };
	const { outputs = {} } = request;
	const marked = judgement !== null && judgement.verdict !== 'normal';
	return {
		file,
		score,
		normalizedScore: judgement?.normalizedScore ?? null,
		pValue: judgement?.pValue ?? null,
		threshold: applied?.threshold.value ?? null,
		thresholdBasis: applied?.threshold.basis ?? null,
		thresholdExtrapolated: applied?.threshold.extrapolated ?? null,
		reviewThreshold: applied?.reviewThreshold ?? null,
		calibrationImages: applied?.scores.length ?? null,
		calibrationCategory: applied?.category ?? null,
		verdict,
		...distributionFields(placed, card.categories, category),
		category,
		inspectedShare: seen?.share ?? 1,
		regions: segmentation?.regions ?? [],
		width: image.width,
		height: image.height,
		model: card.name,
		version,
		encoder: card.encoder.name,
		...(card.encoder.notice !== undefined && { encoderNotice: card.encoder.notice }),
		device: model.device,
		precision: model.precision(),
		...(outputs.heatmap
			? {
					heatmapPng: await encodePng(
						renderHeatmap(map, image, {
							geometry,
							anchor,
							inspected: seen,
							...(marked && segmentation ? { mask: segmentation.mask } : {}),
						}),
					),
				}
			: {}),
		...(outputs.mask && segmentation ? { maskPng: await encodePng(segmentation.mask) } : {}),
		...(outputs.rawMap
			? {
					rawMap: seen === undefined ? map : markUninspected(map, seen.inspected),
					mapWidth: geometry.mapWidth,
					mapHeight: geometry.mapHeight,
				}
			: {}),
		timings: { decodeMs, computeMs, totalMs: decodeMs + performance.now() - start },
	};
}

/** The category that an image shows without being told. */
function onlyCategory({ opened: { card } }: ScoringModel): string | null {
	return card.categories.length === 1 ? card.categories[0].name : null;
}

/** Failures of one image, which are told in its place; all else ends the scoring. */
const OF_ONE_IMAGE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
	'ZONE_MISMATCH',
	'SERVER_REFUSED',
	'SERVER_UNREACHABLE',
]);

function ownFailure(error: unknown): DinomalyError {
	if (error instanceof DinomalyError && OF_ONE_IMAGE.has(error.code)) return error;
	throw error;
}

/** A raw map says where nothing was inspected: not a number. */
function markUninspected(map: Float32Array, inspected: Uint8Array): Float32Array {
	return map.map((value, i) => (inspected[i] === 0 ? NaN : value));
}

type DistributionFields = Pick<
	ImageScore,
	'distributionDistance' | 'distributionLimit' | 'outOfDistribution' | 'resembles' | 'unknownReason'
>;

function distributionFields(
	placed: Placement | null,
	categories: readonly CategoryOfCard[],
	category: string | null,
): DistributionFields {
	const known = categories.map(({ name }) => name);
	return {
		distributionDistance: placed?.distance ?? null,
		distributionLimit: placed?.limit ?? null,
		outOfDistribution: placed?.isUnknown ?? null,
		resembles: placed?.resembles ?? null,
		unknownReason: placed && describeUnknown(placed, known, category),
	};
}

function checkCategory({ opened: { card } }: ScoringModel, category: string): void {
	const known = card.categories.map(({ name }) => name);
	if (known.includes(category)) return;
	throw new DinomalyError(
		'CATEGORY_UNKNOWN',
		`Expected a category that model "${card.name}" was trained on, found "${category}"`,
		{
			hint: `Known categories: ${known.join(', ')}.`,
		},
	);
}

function failure(file: string, { code, message, hint }: DinomalyError): ImageFailure {
	return { file, error: { code, message, hint } };
}

function nameOf(source: ImageSource): string {
	return 'file' in source ? path.normalize(source.file) : source.name;
}

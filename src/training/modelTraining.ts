import { createHash } from 'node:crypto';
import path from 'node:path';
import { measureHeldOut } from '../calibration/imageStatistics';
import { requireSeen, shareNotices } from '../calibration/inspectedShares';
import type { Dataset, ImageEntry } from '../dataset/dataset';
import { holdOut, partKey } from '../dataset/holdOut';
import { readPartNames, type PartOf } from '../dataset/partNames';
import {
	describeImages,
	LEAST_IMAGES,
	type Distribution,
	type KnownEmbedding,
} from '../distribution/distribution';
import { embedControls } from '../encoding/embedImage';
import { Encoder, type EncoderFile } from '../encoding/encoder';
import { FeatureCache } from '../encoding/featureCache';
import { ImageFeatures } from '../encoding/imageFeatures';
import { DinomalyError } from '../errors';
import { describeTiling } from '../imaging/tiling';
import type { SessionOptions } from '../runtime/session';
import { matrixRate } from '../runtime/speed';
import { decodeImage } from '../runtime/images';
import { mapSeen } from '../scoring/openModel';
import { Scorer } from '../scoring/scorer';
import { SeenAreas } from '../scoring/seenAreas';
import { openModelStore } from '../store/openModelStore';
import { storeLayout } from '../store/paths';
import { openTraining, type UnfinishedTraining } from '../store/unfinishedTraining';
import { tokenLayout } from '../model/layout';
import type { InspectionZones } from '../zones/inspectionZones';
import { calibrate } from './calibrate';
import { defaultCalibrationShare } from './calibrationShare';
import { resolveConfig, type TrainingConfig } from './config';
import { mapEncoded } from './encodedMap';
import { encodeSplit, type EncodedImages, type EncodedSplit, type Split } from './encodedSplit';
import { checkMemory, encodingFlops, estimateTraining, featureBytes, gigabytes } from './estimate';
import type { TrainingPlan } from './plan';
import { restoreProgress, saveProgress } from './progressState';
import { publishModel } from './publish';
import type { TrainedModel, TrainPhase, TrainProgress, TrainRequest } from './request';
import { CheckpointSharing } from './sharedProgress';
import { countTiles } from './tileCensus';
import { resolveTiling } from './tiles';
import { Trainer } from './trainer';
import { zoneMismatch } from '../zones/zoneAreas';

export interface TrainContext {
	readonly signal: AbortSignal;
	readonly onProgress: (progress: TrainProgress) => void;
}

const CHECKPOINT_EVERY = 200;
const DEFAULT_SEED = 1;
/** Steps that the rate and the time left are averaged over. */
const RATE_WINDOW = 20;
/** Share of the matrix rate that a training step reaches here (docs/performance.md); only the time estimate uses it. */
const STEP_EFFICIENCY = 0.75;

/** What all models of one request have in common. */
export interface SharedTraining {
	readonly request: TrainRequest;
	readonly context: TrainContext;
	readonly dataset: Dataset;
	readonly encoder: EncoderFile;
	/** Where the model looks; everywhere when undefined. */
	readonly zones: InspectionZones | undefined;
}

/** Trains and publishes one model on the given images, for this process alone. */
export async function trainOne(
	model: string,
	entries: readonly ImageEntry[],
	shared: SharedTraining,
): Promise<TrainedModel> {
	const shares = shared.request.shareCheckpointsEveryMs !== undefined;
	const training = await openTraining(shared.request.store, model, { shares });
	try {
		return await new ModelTraining(model, training, shared).run(entries);
	} finally {
		await training.end();
	}
}

/** One model's way from images to a published version. */
class ModelTraining {
	private readonly notices: string[] = [];
	private readonly started = performance.now();
	private readonly session: SessionOptions;
	private encodingMs = 0;
	private readonly partOf: PartOf | undefined;

	constructor(
		private readonly model: string,
		private readonly training: UnfinishedTraining,
		private readonly shared: SharedTraining,
	) {
		const { device, requireDevice, threads, partNames } = shared.request;
		this.session = { device, requireDevice, threads };
		this.partOf = partNames === undefined ? undefined : readPartNames(partNames);
	}

	async run(entries: readonly ImageEntry[]): Promise<TrainedModel> {
		const { request, encoder, dataset } = this.shared;
		const config = this.resolveConfig();
		const { seed = DEFAULT_SEED } = request;
		const { calibrationShare = defaultCalibrationShare(entries, config.tiling) } = request;
		if (encoder.resolved.notice) this.notice(encoder.resolved.notice);
		for (const problem of dataset.problems)
			if (problem.severity === 'warning') this.notice(problem.message);
		const split = holdOut(entries, { share: calibrationShare, seed, partOf: this.partOf });
		if (this.partOf) this.noticeParts(split, this.partOf);
		const areas = this.inspectedAreas(config, entries);
		await this.announce(split, config);

		const loaded = await Encoder.load(encoder, config, this.session);
		try {
			const features = new ImageFeatures(loaded, this.cacheFor(config), config.tiling);
			const encoded = this.fitZones(await this.encode(split, features), areas);
			const controls = await embedControls(loaded);
			const usable = this.reduceBatch(config, encoded.train.source.count);
			const plan: TrainingPlan = {
				config: usable,
				encoderSha256: encoder.resolved.sha256,
				seed,
				calibrationShare,
				...(request.partNames !== undefined && { partNames: request.partNames }),
				fingerprint: fingerprintOf(features),
			};
			const trainer = await Trainer.create(
				{
					config: usable,
					dims: encoder.dims,
					seed,
					session: this.session,
					backend: request.backend,
				},
				encoded.train.source,
			);
			if (trainer.remark !== null) this.notice(trainer.remark);
			try {
				for (const text of await restoreProgress(this.training, trainer, plan, request.resume))
					this.notice(text);
				const trainingStart = performance.now();
				await this.train(trainer, usable);
				const trainingMs = performance.now() - trainingStart;
				const measured = await this.calibrate(trainer, usable, {
					held: encoded.calibration,
					areas,
					encoder: loaded,
				});
				return await this.publish({
					trainer,
					plan,
					encoded,
					features,
					controls,
					measured,
					trainingMs,
				});
			} finally {
				await trainer.release();
			}
		} finally {
			await loaded.release();
		}
	}

	private resolveConfig(): TrainingConfig {
		const { request, encoder } = this.shared;
		const { patch } = encoder.dims;
		const config = resolveConfig(request.preset, patch, request.overrides);
		if (request.tiles === undefined) return config;
		const tiling = resolveTiling(request.tiles, { cropSize: config.cropSize, patch });
		return resolveConfig(request.preset, patch, { ...request.overrides, tiling });
	}

	/** Says how many parts the names tell apart, so that a pattern that means something else is seen. */
	private noticeParts({ train, calibration }: Split, partOf: PartOf): void {
		const entries = [...train, ...calibration];
		const nameless = entries.filter((entry) => partOf(entry) === null);
		const count = (some: readonly ImageEntry[]): number =>
			new Set(some.map((entry) => `${entry.category} ${partKey(entry, partOf)}`)).size;
		this.notice(
			`File names tell ${count(entries)} parts apart in ${entries.length} images; ${count(calibration)} of them, with ${calibration.length} images, are held out for calibration`,
		);
		if (nameless.length > 0)
			this.notice(
				`${nameless.length} of ${entries.length} images, such as ${nameless[0].relativePath}, do not fit the pattern of the names of parts: each counts as a part of its own`,
			);
	}

	/** What zones leave to inspect, told before the training starts; fails when that is nothing. */
	private inspectedAreas(config: TrainingConfig, entries: readonly ImageEntry[]): SeenAreas | undefined {
		const { zones, encoder } = this.shared;
		if (zones === undefined) return undefined;
		const { grid } = tokenLayout(config, encoder.dims);
		const areas = new SeenAreas(zones, { seeing: config, grid });
		const categories = [...new Set(entries.map(({ category }) => category))];
		requireSeen(areas, categories);
		for (const text of shareNotices(areas, categories)) this.notice(text);
		return areas;
	}

	/** Held-out images of other proportions than the zones' cannot be calibrated with: told before the training, not after it. */
	private fitZones(encoded: EncodedSplit, areas: SeenAreas | undefined): EncodedSplit {
		const { entries, images } = encoded.calibration;
		if (areas === undefined || entries.length === 0) return encoded;
		let lastMismatch: DinomalyError | undefined;
		const fits = entries.map(({ category, relativePath }, i) => {
			try {
				areas.of(category, images[i]);
				return true;
			} catch (error) {
				lastMismatch = zoneMismatch(error);
				this.notice(`Left out of the calibration: ${relativePath}: ${lastMismatch.message}`);
				return false;
			}
		});
		if (lastMismatch && !fits.includes(true)) throw lastMismatch;
		return {
			...encoded,
			calibration: {
				...encoded.calibration,
				entries: entries.filter((_, i) => fits[i]),
				images: images.filter((_, i) => fits[i]),
			},
		};
	}

	/** Says how much memory and time the training will take, before it starts; fails when the memory is not there. */
	private async announce(split: Split, config: TrainingConfig): Promise<void> {
		const { encoder, context } = this.shared;
		const trainParts = await countTiles(split.train, config.tiling, context.signal);
		const expected = { ...config, batchSize: Math.min(config.batchSize, Math.max(1, trainParts)) };
		const estimate = estimateTraining(expected, encoder.dims);
		checkMemory(estimate, expected);
		const rate = STEP_EFFICIENCY * (await matrixRate(this.session));
		if (config.tiling !== undefined) {
			const parts = trainParts + (await countTiles(split.calibration, config.tiling, context.signal));
			this.notice(
				`Images are cut into ${describeTiling(config.tiling)}, ${parts} in all: about ${minutes((parts * encodingFlops(config, encoder.dims)) / rate)} to encode them, and ${gigabytes(parts * featureBytes(config, encoder.dims))} to keep what was computed`,
			);
		}
		this.notice(
			`Training ${(estimate.parameters / 1e6).toFixed(1)} million parameters on ${split.train.length} images: about ${gigabytes(estimate.memoryBytes)} of memory and ${minutes((config.iterations * estimate.stepFlops) / rate)} for ${config.iterations} iterations`,
		);
	}

	/** Fewer images, or tiles, than a batch: the batch shrinks (the reference fails). */
	private reduceBatch(config: TrainingConfig, images: number): TrainingConfig {
		if (images === 0) {
			throw new DinomalyError(
				'DATASET_EMPTY',
				'Expected at least one training image that can be read, found none',
				{
					hint: 'Check the files named above: they are damaged or no images.',
				},
			);
		}
		if (images >= config.batchSize) return config;
		const [one, many] =
			config.tiling === undefined
				? ['training image', 'training images']
				: ['tile of a training image', 'tiles of training images'];
		this.notice(
			`Only ${images} ${images === 1 ? one : many}: batches hold ${images} instead of ${config.batchSize}`,
		);
		return { ...config, batchSize: images };
	}

	private cacheFor(config: TrainingConfig): FeatureCache | null {
		const { request, encoder } = this.shared;
		if (request.cacheLimitBytes === 0) return null;
		const folder = request.cacheDir ?? storeLayout(request.store).featureCache;
		const { imageSize, cropSize, groups } = config;
		const key = { encoderSha256: encoder.resolved.sha256, encoding: { imageSize, cropSize, groups } };
		return new FeatureCache(folder, key, request.cacheLimitBytes);
	}

	private async encode(split: Split, features: ImageFeatures): Promise<EncodedSplit> {
		const { request, context } = this.shared;
		const start = performance.now();
		const encoded = await encodeSplit(split, features, {
			signal: context.signal,
			onCorrupt: request.onCorrupt ?? 'skip',
			onProgress: (done, total) => {
				report(context, this.model, 'encoding', done, total, {
					imagesPerSecond: done / ((performance.now() - start) / 1000),
				});
			},
		});
		this.encodingMs = performance.now() - start;
		for (const { reason } of features.skipped) this.notice(`Skipped: ${reason}`);
		if (features.recomputed > 0) {
			this.notice(
				`Features of ${features.recomputed} ${features.partCount > features.count ? 'tiles' : 'images'} fit neither into memory nor into the cache and are computed at every use: free some disk or raise the cache limit`,
			);
		}
		return encoded;
	}

	private async train(trainer: Trainer, config: TrainingConfig): Promise<void> {
		const { request, context } = this.shared;
		const every = request.checkpointEvery ?? CHECKPOINT_EVERY;
		const sharing = new CheckpointSharing(this.training, request.shareCheckpointsEveryMs ?? Infinity);
		const times: number[] = [];
		let savedAt = trainer.iteration;
		while (trainer.iteration < config.iterations) {
			if (context.signal.aborted) await this.stop(trainer, { savedAt, sharing, config });
			const start = performance.now();
			const { iteration, loss } = await trainer.advance();
			times.push((performance.now() - start) / 1000);
			const recent = times.slice(-RATE_WINDOW);
			const stepSeconds = recent.reduce((sum, seconds) => sum + seconds, 0) / recent.length;
			report(context, this.model, 'training', iteration, config.iterations, {
				loss,
				imagesPerSecond: config.batchSize / stepSeconds,
				etaSeconds: (config.iterations - iteration) * stepSeconds,
			});
			if (iteration % every === 0 && iteration < config.iterations) {
				await saveProgress(this.training, trainer);
				savedAt = iteration;
				this.noticeIfAny(await sharing.whenDue());
			}
		}
	}

	private async stop(
		trainer: Trainer,
		{ savedAt, sharing, config }: { savedAt: number; sharing: CheckpointSharing; config: TrainingConfig },
	): Promise<never> {
		if (trainer.iteration > savedAt) await saveProgress(this.training, trainer);
		this.noticeIfAny(await sharing.now());
		throw new DinomalyError(
			'CANCELLED',
			`Training of "${this.model}" was cancelled at iteration ${trainer.iteration} of ${config.iterations}; its checkpoint is kept`,
			{
				hint: 'Train again with resume to go on from there.',
			},
		);
	}

	private async calibrate(
		trainer: Trainer,
		config: TrainingConfig,
		{ held, areas, encoder: loaded }: CalibrateParts,
	): Promise<CalibrationOutcome> {
		const { context, encoder } = this.shared;
		if (held.entries.length === 0) return undefined;
		const parameters = await trainer.parameters();
		const scorer = await Scorer.load(config, encoder.dims, parameters, this.session);
		try {
			const { groups } = config;
			const { signal } = context;
			const measured = await calibrate(
				held.entries,
				async (i) => {
					const seen = areas?.of(held.entries[i].category, held.images[i]);
					if (seen?.area.visible === undefined)
						return mapEncoded(scorer, held, i, { config, groups, seen, signal });
					// What was computed for the training is of the image as it is, before zones are painted over.
					const image = await decodeImage(held.entries[i].path);
					return mapSeen(image, { encoder: loaded, scorer, config, seen, signal });
				},
				{
					signal,
					partOf: this.partOf,
					onProgress: (done, total) => {
						report(context, this.model, 'calibrating', done, total);
					},
				},
			);
			return {
				...measured,
				images: await measureHeldOut(held.entries, { signal, areas: areas?.zoneAreas }),
			};
		} finally {
			await scorer.release();
		}
	}

	private async publish(parts: PublishParts): Promise<TrainedModel> {
		const { request, context, encoder, dataset } = this.shared;
		report(context, this.model, 'saving', 0, 1);
		await this.training.assertHeld();
		const seconds = {
			encoding: this.encodingMs / 1000,
			training: parts.trainingMs / 1000,
			total: (performance.now() - this.started) / 1000,
		};
		const published = await publishModel(openModelStore(request.store), {
			model: this.model,
			folder: this.training.folder,
			plan: parts.plan,
			encoder: encoder.resolved,
			architecture: encoder.weights.architecture,
			categories: countCategories(parts.encoded),
			dataRoot: path.basename(dataset.root),
			skipped: parts.features.skipped.length,
			losses: parts.trainer.losses,
			parameters: await parts.trainer.parameters(),
			calibration: parts.measured,
			zones: this.shared.zones,
			distribution: this.describe(parts),
			device: parts.trainer.device,
			threads: this.session.threads ?? 0,
			seconds,
			notices: this.notices,
		});
		await this.training.discard();
		report(context, this.model, 'saving', 1, 1);
		const { losses } = parts.trainer;
		return {
			model: this.model,
			version: published.version,
			path: published.path,
			categories: published.card.categories.map(({ name }) => name),
			encoder: encoder.resolved.name,
			device: parts.trainer.device,
			iterations: losses.length,
			finalLoss: losses[losses.length - 1],
			trainImages: parts.encoded.train.entries.length,
			calibrationImages: parts.encoded.calibration.entries.length,
			skipped: parts.features.skipped,
			seconds,
			notices: this.notices,
		};
	}

	/** What the good images look like, those held out among them. */
	private describe({ encoded: { train, calibration }, controls }: PublishParts): Distribution {
		const distribution = describeImages([train, calibration].flatMap(knownEmbeddings), controls);
		const described = new Set(distribution.categories.map(({ category }) => category));
		const names = new Set([...train.entries, ...calibration.entries].map(({ category }) => category));
		const few = [...names].filter((name) => !described.has(name));
		if (few.length > 0)
			this.notice(
				`Fewer than ${LEAST_IMAGES} good images of ${few.join(', ')}, or images that have too little in common: the model cannot tell when an image is unlike all of them`,
			);
		return distribution;
	}

	private noticeIfAny(text: string | undefined): void {
		if (text !== undefined) this.notice(text);
	}

	private notice(text: string): void {
		this.notices.push(text);
		this.shared.context.onProgress({
			model: this.model,
			phase: 'reading',
			done: 0,
			total: 0,
			notice: text,
		});
	}
}

type CalibrationOutcome = Awaited<ReturnType<typeof calibrate>> | undefined;

interface CalibrateParts {
	readonly held: EncodedImages;
	readonly areas: SeenAreas | undefined;
	readonly encoder: Encoder;
}

interface PublishParts {
	readonly trainer: Trainer;
	readonly plan: TrainingPlan;
	readonly encoded: EncodedSplit;
	readonly features: ImageFeatures;
	/** What pictures of nothing look like to the encoder. */
	readonly controls: readonly Float32Array[];
	readonly measured: CalibrationOutcome;
	readonly trainingMs: number;
}

/** Passes progress on. */
export function report(
	context: TrainContext,
	model: string,
	phase: TrainPhase,
	done: number,
	total: number,
	more: Pick<TrainProgress, 'loss' | 'imagesPerSecond' | 'etaSeconds'> = {},
): void {
	context.onProgress({ model, phase, done, total, ...more });
}

/** Hash over the content of all images, in order. */
function fingerprintOf({ images }: ImageFeatures): string {
	const hash = createHash('sha256');
	for (const { sha256 } of images) hash.update(sha256);
	return hash.digest('hex');
}

function knownEmbeddings({ entries, images }: EncodedImages): KnownEmbedding[] {
	return images.map(({ embedding }, i) => ({ category: entries[i].category, embedding }));
}

/** Images of each category that were really used: what could not be read does not count. */
function countCategories({
	train,
	calibration,
}: EncodedSplit): { name: string; trainImages: number; calibrationImages: number }[] {
	const names = [...new Set([...train.entries, ...calibration.entries].map(({ category }) => category))];
	const count = ({ entries }: EncodedImages, name: string): number =>
		entries.filter(({ category }) => category === name).length;
	return names.map((name) => ({
		name,
		trainImages: count(train, name),
		calibrationImages: count(calibration, name),
	}));
}

function minutes(seconds: number): string {
	if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
	if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
	return `${(seconds / 3600).toFixed(1)} h`;
}

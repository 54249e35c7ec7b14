import type { Distribution } from '../distribution/distribution';
import { DISTRIBUTION_FILE, readDistribution } from '../distribution/distributionFile';
import { embedControls, embedImage } from '../encoding/embedImage';
import { Encoder } from '../encoding/encoder';
import { findModelEncoder } from '../encoding/modelEncoder';
import type { ScoringOptions } from '../runtime/precision';
import { openModelStore } from '../store/openModelStore';
import type { ModelStore, OpenedModel } from '../store/modelStore';
import type { DeviceName } from '../runtime/device';
import { readSafetensors } from '../weights/safetensors';
import type { RgbImage } from '../imaging/image';
import { BatchedViews, viewAll } from './batchedViews';
import { DEFAULT_LIMITS, type BatchLimits } from './batchLimits';
import { checkedPrecision } from './checkedPrecision';
import type { ImageMapOptions } from './imageMap';
import { LoadedCache } from './loadedCache';
import { mapViewed, type ScoredMap, type View, type Viewer } from './mapViewed';
import { placer, type Place } from './placer';
import { ZONES_FILE } from '../store/zonesFile';
import type { InspectionZones } from '../zones/inspectionZones';
import { Scorer, type DecoderParameters } from './scorer';
import type { Seeing } from './mapGeometry';
import { SeenAreas } from './seenAreas';

/** Loaded models that are kept when nobody uses them. Decoders are small, encoders are shared. */
const MODELS_KEPT = 4;
const ENCODERS_KEPT = 2;

export type { ScoredMap } from './mapViewed';

/** A model ready to score: its card and calibration, an encoder that it may share, and its decoder. */
export interface ReadyModel {
	readonly opened: OpenedModel;
	readonly device: DeviceName;
	/** How many images to have under way at a time, `DEFAULT_LIMITS` when none are given: more than one where several are computed together. */
	readonly atOnce: (limits?: BatchLimits) => number;
	/** What it knows of good images; null for a model that was trained before models did. */
	readonly distribution: Distribution | null;
	/**
	 * Where an image lies among the good ones of a category, or of all categories when none is given; null when the model does not know what
	 * they look like, or when the image has no embedding.
	 */
	readonly place: Place;
	/** The embedding of a whole image alone, whatever zones there are. */
	embed(image: RgbImage): Promise<Float32Array>;
	/** What pictures of nothing look like to its encoder. */
	embedControls(): Promise<Float32Array[]>;
	/** What it inspects; undefined: all of every image. */
	readonly areas: SeenAreas | undefined;
	/**
	 * @throws CANCELLED when the signal fires between two tiles; CONFIG_INVALID when there are too many; CATEGORY_UNKNOWN or ZONE_MISMATCH when
	 * the model's zones do not tell what to inspect
	 */
	score(image: RgbImage, options?: ScoreImageOptions): Promise<ScoredMap>;
	/** The same model as it would score with other zones, or none. */
	withZones(zones: InspectionZones | undefined): ReadyModel;
	/** Says that it is no longer needed: until then it stays loaded. */
	close(): void;
}

/** What is loaded of a version beside its encoder. */
interface LoadedVersion {
	readonly scorer: Scorer;
	readonly distribution: Distribution | null;
	/** What it inspects, worked out once for each size of image. */
	readonly areas: SeenAreas | undefined;
	release(): Promise<void>;
}

export interface ScoreImageOptions {
	/** What the image shows; null when it is not known. */
	readonly category?: string | null;
	readonly signal?: AbortSignal;
	/** How many images are computed together on a device that batches, and how long one waits for others; `DEFAULT_LIMITS` when absent. */
	readonly batching?: BatchLimits;
}

/** Kept, because a store remembers which files it has checked against their hashes. */
const stores = new Map<string, ModelStore>();
const encoders = new LoadedCache<Encoder>(ENCODERS_KEPT);
const versions = new LoadedCache<LoadedVersion>(MODELS_KEPT);

/**
 * Opens a model from the store and loads what is not loaded yet. It stays loaded until it is closed.
 * @throws MODEL_NOT_FOUND, MODEL_INVALID, HASH_MISMATCH, PRECISION_UNAVAILABLE, or what finding its encoder throws
 */
export async function openModel(
	storeFolder: string,
	ref: string,
	options: ScoringOptions,
): Promise<ReadyModel> {
	const opened = await openVersion(storeFolder, ref);
	return loadModel(storeFolder, opened, await checkedPrecision(opened, options));
}

/** A version as the store has it, nothing of it loaded. @throws MODEL_NOT_FOUND, MODEL_INVALID, HASH_MISMATCH */
export async function openVersion(storeFolder: string, ref: string): Promise<OpenedModel> {
	return storeAt(storeFolder).open(ref);
}

/** Loads what is not loaded yet of an opened model, in any precision. It stays loaded until it is closed. */
export async function loadModel(
	storeFolder: string,
	opened: OpenedModel,
	options: ScoringOptions,
): Promise<ReadyModel> {
	const { card } = opened;
	const { imageSize, cropSize, groups } = card.config;
	const device = JSON.stringify(options);
	const encoderLease = await encoders.take(
		`${card.encoder.sha256} ${imageSize} ${cropSize} ${groups} ${device}`,
		async () => {
			const file = await findModelEncoder(storeFolder, card);
			return Encoder.load(file, card.config, { ...options, keepFeatures: true });
		},
	);
	const versionLease = await versions
		.take(keyOf(opened, device), () => loadVersion(storeFolder, opened, options))
		.catch((error: unknown) => {
			encoderLease.end();
			throw error;
		});
	const encoder = encoderLease.value;
	const version = versionLease.value;
	const { scorer, distribution } = version;
	const views = scorer.device === 'cpu' ? undefined : viewsOf(scorer, encoder);
	const ready = (seen: SeenAreas | undefined): ReadyModel => ({
		opened,
		device: scorer.device,
		atOnce: (limits = DEFAULT_LIMITS) => (views === undefined ? 1 : limits.size),
		areas: seen,
		distribution,
		place: placer(distribution, card),
		embed: (image) => embedImage(encoder, image, card.config.tiling),
		embedControls: () => embedControls(encoder),
		score: (image, { category = null, signal, batching = DEFAULT_LIMITS } = {}) => {
			const parts = { config: card.config, seen: seen?.of(category, image), signal };
			if (views === undefined) return mapSeen(image, { encoder, scorer, ...parts });
			const see: Viewer['see'] = (part) => views.see(part, batching);
			return mapViewed(image, { see, ...encoder.layout, atOnce: batching.size }, parts);
		},
		withZones: (zones) => ready(areasOf(zones, card.config, scorer.grid)),
		close: () => {
			versionLease.end();
			encoderLease.end();
		},
	});
	return ready(version.areas);
}

async function loadVersion(
	storeFolder: string,
	opened: OpenedModel,
	options: ScoringOptions,
): Promise<LoadedVersion> {
	const { config } = opened.card;
	const { dims } = await findModelEncoder(storeFolder, opened.card);
	const parameters = await readParameters(`${opened.path}/decoder.safetensors`);
	const distribution = await readDistribution(opened, config.groups * dims.dim);
	const scorer = await Scorer.load(config, dims, parameters, options);
	return {
		scorer,
		distribution,
		areas: areasOf(opened.zones, config, scorer.grid),
		release: () => scorer.release(),
	};
}

export interface SeeingParts extends ImageMapOptions {
	readonly encoder: Encoder;
	readonly scorer: Scorer;
}

/** Map and score of an image, as an encoder and a decoder see it, by itself. */
export async function mapSeen(
	image: RgbImage,
	{ encoder, scorer, ...options }: SeeingParts,
): Promise<ScoredMap> {
	const see = async (part: RgbImage): Promise<View> => {
		const [view] = await viewAll(encoder, scorer, [encoder.pixels(part)]);
		return view;
	};
	return mapViewed(image, { see, ...encoder.layout }, options);
}

/** Where a decoder's callers meet; another encoder stands for the same one, loaded anew. */
const meetings = new WeakMap<Scorer, BatchedViews>();

function viewsOf(scorer: Scorer, encoder: Encoder): BatchedViews {
	const known = meetings.get(scorer);
	if (known?.encoder === encoder) return known;
	const views = new BatchedViews(encoder, scorer);
	meetings.set(scorer, views);
	return views;
}

/** What a version's zones leave to inspect; `grid` is the number of patches along a side of what the encoder sees. */
export function areasOf(
	zones: InspectionZones | undefined,
	seeing: Seeing,
	grid: number,
): SeenAreas | undefined {
	return zones && new SeenAreas(zones, { seeing, grid });
}

function keyOf({ path, card: { files } }: OpenedModel, device: string): string {
	const hashes = ['decoder.safetensors', DISTRIBUTION_FILE, ZONES_FILE].map((name) =>
		Object.hasOwn(files, name) ? files[name].sha256 : '',
	);
	return [path, ...hashes, device].join(' ');
}

function storeAt(folder: string): ModelStore {
	const store = stores.get(folder) ?? openModelStore(folder);
	stores.set(folder, store);
	return store;
}

/** Trained tensors of a model folder. */
export async function readParameters(file: string): Promise<DecoderParameters> {
	const stored = await readSafetensors(file);
	return new Map(
		stored.names.map((name) => [
			name,
			{ data: stored.readFloat32(name), shape: stored.info(name).shape },
		]),
	);
}

import { Encoder } from '../encoding/encoder';
import { findModelEncoder } from '../encoding/modelEncoder';
import type { SessionOptions } from '../runtime/session';
import { FolderStore } from '../store/folderStore';
import type { OpenedModel } from '../store/modelStore';
import type { DeviceName } from '../runtime/device';
import { readSafetensors } from '../weights/safetensors';
import type { RgbImage } from '../imaging/image';
import { paintOver } from '../imaging/paintOver';
import { cutTile } from '../imaging/tiling';
import { mapImage, type ImageMap, type ImageMapOptions } from './imageMap';
import { ZONES_FILE } from '../store/zonesFile';
import type { InspectionZones } from '../zones/inspectionZones';
import { Scorer, type DecoderParameters } from './scorer';
import { SeenAreas } from './seenAreas';

/** Loaded models that are kept; the one used longest ago goes first. Decoders are small, encoders are shared. */
const MODELS_KEPT = 4;
const ENCODERS_KEPT = 2;

/** A model ready to score: its card and calibration, an encoder that it may share, and its decoder. */
export interface ReadyModel {
	readonly opened: OpenedModel;
	readonly device: DeviceName;
	/** What it inspects; undefined: all of every image. */
	readonly areas: SeenAreas | undefined;
	/**
	 * @throws CANCELLED when the signal fires between two tiles; CONFIG_INVALID when there are too many; CATEGORY_UNKNOWN or ZONE_MISMATCH when
	 * the model's zones do not tell what to inspect
	 */
	score(image: RgbImage, options?: ScoreImageOptions): Promise<ImageMap>;
	/** The same model as it would score with other zones, or none. */
	withZones(zones: InspectionZones | undefined): ReadyModel;
}

export interface ScoreImageOptions {
	/** What the image shows; null when it is not known. */
	readonly category?: string | null;
	readonly signal?: AbortSignal;
}

/** Kept, because a store remembers which files it has checked against their hashes. */
const stores = new Map<string, FolderStore>();
const encoders = new Map<string, Promise<Encoder>>();
const scorers = new Map<string, Promise<Scorer>>();
const areas = new Map<string, SeenAreas>();

/**
 * Opens a model from the store and loads what is not loaded yet.
 * @throws MODEL_NOT_FOUND, MODEL_INVALID, HASH_MISMATCH, or what finding its encoder throws
 */
export async function openModel(
	storeFolder: string,
	ref: string,
	options: SessionOptions,
): Promise<ReadyModel> {
	const opened = await storeAt(storeFolder).open(ref);
	const { card } = opened;
	const { imageSize, cropSize, groups } = card.config;
	const device = JSON.stringify(options);
	const encoder = await keep(
		encoders,
		`${card.encoder.sha256} ${imageSize} ${cropSize} ${groups} ${device}`,
		ENCODERS_KEPT,
		async () => {
			const file = await findModelEncoder(storeFolder, card);
			return Encoder.load(file, card.config, options);
		},
	);
	const scorer = await keep(
		scorers,
		`${opened.path} ${card.files['decoder.safetensors'].sha256} ${device}`,
		MODELS_KEPT,
		async () => {
			const { dims } = await findModelEncoder(storeFolder, card);
			return Scorer.load(
				card.config,
				dims,
				await readParameters(`${opened.path}/decoder.safetensors`),
				options,
			);
		},
	);
	const ready = (seen: SeenAreas | undefined): ReadyModel => ({
		opened,
		device: scorer.device,
		areas: seen,
		score: (image, { category = null, signal } = {}) =>
			mapSeen(image, { encoder, scorer, config: card.config, seen: seen?.of(category, image), signal }),
		withZones: (zones) =>
			ready(zones && new SeenAreas(zones, { seeing: card.config, grid: scorer.grid })),
	});
	return ready(areasOf(opened, scorer.grid));
}

export interface SeeingParts extends ImageMapOptions {
	readonly encoder: Encoder;
	readonly scorer: Scorer;
}

/** Map and score of an image in which zones that are ignored are painted over, so that nothing of them reaches the encoder. */
export async function mapSeen(
	image: RgbImage,
	{ encoder, scorer, ...options }: SeeingParts,
): Promise<ImageMap> {
	const visible = options.seen?.area.visible;
	const shown = visible === undefined ? image : paintOver(image, visible);
	return mapImage(
		image,
		async (_, box) => scorer.score(await encoder.features(box === null ? shown : cutTile(shown, box))),
		options,
	);
}

/** Made once for each version, as long as it is among those used last. */
function areasOf({ path, card, zones }: OpenedModel, grid: number): SeenAreas | undefined {
	if (zones === undefined) return undefined;
	const key = `${path} ${card.files[ZONES_FILE].sha256}`;
	const found = areas.get(key) ?? new SeenAreas(zones, { seeing: card.config, grid });
	areas.delete(key);
	areas.set(key, found);
	const [oldest] = areas.keys();
	if (areas.size > MODELS_KEPT) areas.delete(oldest);
	return found;
}

function storeAt(folder: string): FolderStore {
	const store = stores.get(folder) ?? new FolderStore(folder);
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

/** The entry of a key, made when it is not there; the entry used longest ago is released when there are too many. */
async function keep<T extends { release(): Promise<void> }>(
	cache: Map<string, Promise<T>>,
	key: string,
	limit: number,
	make: () => Promise<T>,
): Promise<T> {
	const known = cache.get(key);
	const entry = known ?? make();
	cache.delete(key);
	cache.set(key, entry);
	const [oldest] = cache;
	if (cache.size > limit) {
		cache.delete(oldest[0]);
		void oldest[1].then((value) => value.release()).catch(() => undefined);
	}
	try {
		return await entry;
	} catch (error) {
		cache.delete(key);
		throw error;
	}
}

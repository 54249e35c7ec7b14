import { stat } from 'node:fs/promises';
import { normalize } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { imagesBelow } from '../../dataset/imagesBelow';
import { mapLimited } from '../../dataset/parallel';
import { DinomalyError } from '../../errors';
import type { RgbImage } from '../../imaging/image';
import { imageStatistics } from '../../imaging/statistics';
import { decodeImage } from '../../runtime/images';
import { inFlight } from '../../runtime/inFlight';
import { readAhead } from '../../runtime/readAhead';
import { openModel, type ReadyModel } from '../../scoring/openModel';
import type { ImageFailure, ImageSource } from '../../scoring/request';
import { openModelStore } from '../../store/openModelStore';
import type { OpenedModel } from '../../store/modelStore';
import { ZoneAreas, zoneMismatch } from '../../zones/zoneAreas';
import type { MeasuredImage, MeasureRequest, MeasureResult } from './request';

export interface MeasureContext {
	readonly signal: AbortSignal;
	readonly onProgress: (done: number, total: number) => void;
}

/** Files looked at side by side for their time of change. */
const PARALLEL = 16;

/**
 * Measures how images were taken and, with a model, how anomalous they are; one that cannot be read is a failure and the others go on.
 * @throws DinomalyError INPUT_MISSING for a folder without images, MODEL_NOT_FOUND, CANCELLED
 */
export async function measureImages(
	{ store, model: ref, zonesOf, category, from, newest, device, requireDevice, threads }: MeasureRequest,
	{ signal, onProgress }: MeasureContext,
): Promise<MeasureResult> {
	const notices: string[] = [];
	const sources = 'images' in from ? from.images : await filesOf(from.folder, { newest, notices });
	const options = { device, requireDevice, threads };
	const model = ref === undefined ? undefined : await openModel(store, ref, options);
	const looking = zonesOf === undefined ? model?.opened : await openModelStore(store).open(zonesOf);
	const areas = looking?.zones && new ZoneAreas(looking.zones);
	const shown = category ?? onlyCategory(looking);
	const images: MeasuredImage[] = [];
	const failures: ImageFailure[] = [];
	const read = async (source: ImageSource): Promise<Read> => ({
		file: 'file' in source ? normalize(source.file) : source.name,
		image: await decode(source),
	});
	let done = 0;
	const measure = async ({ file, image }: Read): Promise<MeasuredImage | ImageFailure> => {
		if (signal.aborted)
			throw new DinomalyError(
				'CANCELLED',
				`Measuring was cancelled after ${done} of ${sources.length} images`,
			);
		onProgress(++done, sources.length);
		if (image instanceof DinomalyError) return failureOf(file, image);
		return measureOne(file, image, { model, areas, category: shown });
	};
	try {
		for await (const measured of inFlight(readAhead(sources, read), model?.atOnce() ?? 1, measure)) {
			if ('error' in measured) failures.push(measured);
			else images.push(measured);
			await nextTick(); // lets messages in, such as a cancel
		}
		return { images, failures, notices };
	} finally {
		model?.close();
	}
}

interface Read {
	readonly file: string;
	readonly image: RgbImage | DinomalyError;
}

async function measureOne(
	file: string,
	image: RgbImage,
	{ model, areas, category }: Measuring,
): Promise<MeasuredImage | ImageFailure> {
	try {
		const score = model === undefined ? null : (await model.score(image, { category })).score;
		return { file, score, statistics: imageStatistics(image, areas?.of(category, image)) };
	} catch (error) {
		return failureOf(file, zoneMismatch(error));
	}
}

interface Measuring {
	readonly model: ReadyModel | undefined;
	readonly areas: ZoneAreas | undefined;
	readonly category: string | null;
}

function onlyCategory(model: OpenedModel | undefined): string | null {
	const categories = model?.card.categories ?? [];
	return categories.length === 1 ? categories[0].name : null;
}

function failureOf(file: string, { code, message, hint }: DinomalyError): ImageFailure {
	return { file, error: { code, message, hint } };
}

async function decode(source: ImageSource): Promise<RgbImage | DinomalyError> {
	try {
		return 'file' in source
			? await decodeImage(source.file)
			: await decodeImage(source.bytes, { name: source.name });
	} catch (error) {
		if (error instanceof DinomalyError) return error;
		throw error;
	}
}

async function filesOf(
	folder: string,
	{ newest, notices }: { readonly newest?: number; readonly notices: string[] },
): Promise<ImageSource[]> {
	const files = await imagesBelow(folder, (line) => notices.push(line));
	if (files.length === 0)
		throw new DinomalyError('INPUT_MISSING', `Expected images in the folder "${folder}", found none`, {
			hint: 'PNG, JPEG, WebP, TIFF, GIF, AVIF and BMP files are read, at any depth.',
		});
	if (newest === undefined || newest >= files.length) return files.map((file) => ({ file }));
	const times = await mapLimited(files, async (file) => (await stat(file)).mtimeMs, { limit: PARALLEL });
	const order = [...files.keys()].sort((a, b) => times[b] - times[a] || a - b);
	return order.slice(0, newest).map((i) => ({ file: files[i] }));
}

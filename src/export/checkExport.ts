import path from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { entriesOf, readImage, soleCategory } from '../calibration/measureImages';
import { scanDataset } from '../dataset/scan';
import { controlPictures } from '../distribution/controlPictures';
import { evenly } from '../distribution/distribution';
import { DinomalyError } from '../errors';
import type { RgbImage } from '../imaging/image';
import { preprocess } from '../imaging/preprocess';
import { cutTile, type Tiling } from '../imaging/tiling';
import { readAhead } from '../runtime/readAhead';
import { Session } from '../runtime/session';
import { judgeImage } from '../scoring/judgeImage';
import { mapViewed, type Viewer } from '../scoring/mapViewed';
import type { ReadyModel } from '../scoring/openModel';
import type { ServedPrecision } from '../scoring/request';
import { SERVED_INPUT } from '../scoring/servedModel';
import type { ExportCheck } from './request';

/** More say little more about rounding. */
const MOST_IMAGES = 200;
/** Verdicts of fewer images say nothing. */
const LEAST_IMAGES = 10;
/** As a share of the score: two ways to add the same products in float32 differ by less than a hundredth of it. */
const LARGEST_FLOAT32_CHANGE = 1e-4;
const CHANGES_SHOWN = 3;
const DRAWN = 'drawn pictures';

export interface ExportToCheck {
	/** The ONNX model. */
	readonly bytes: Uint8Array;
	readonly precision: ServedPrecision;
	/** Whether it gives what zones, tiles and the check for unknown images need. */
	readonly forServer: boolean;
	/** The model that it was made of, in float32 on the CPU. */
	readonly original: ReadyModel;
	/** Values of a token of its encoder. */
	readonly width: number;
	readonly data: string | undefined;
	readonly threads: number | undefined;
	readonly signal: AbortSignal;
}

interface PictureToCheck {
	readonly name: string;
	readonly image: RgbImage;
	readonly category: string | null;
}

/**
 * Scores images with an export and with the model that it was made of.
 * @throws PRECISION_UNAVAILABLE when a verdict changes, or float32 differs by more than rounding; CALIBRATION_SHORT or DATASET_EMPTY for too
 * few images to say so
 */
export async function checkExport(given: ExportToCheck): Promise<ExportCheck> {
	const session = await Session.create(given.bytes, { device: 'cpu', threads: given.threads });
	try {
		return await compare(given, viewerOf(session, given));
	} finally {
		await session.release();
	}
}

async function compare(given: ExportToCheck, viewer: Viewer): Promise<ExportCheck> {
	const { original, precision, forServer, data, signal } = given;
	const { card, calibration, name, version } = original.opened;
	const ref = `${name}@${version}`;
	const changed: string[] = [];
	let [images, skipped, scoreDifference, scoreChange, mapDifference] = [0, 0, 0, 0, 0];
	for await (const picture of picturesOf(given)) {
		signal.throwIfAborted();
		try {
			if (picture instanceof DinomalyError) throw picture;
			const { image, category } = picture;
			const own = await original.score(image, { category, signal });
			const seen = original.areas?.of(category, image);
			const exported = await mapViewed(image, viewer, { config: card.config, seen, signal });
			const difference = Math.abs(exported.score - own.score);
			scoreDifference = Math.max(scoreDifference, difference);
			scoreChange = Math.max(scoreChange, difference / Math.abs(own.score));
			for (let i = 0; i < own.map.length; i++)
				if (own.seen?.inspected[i] !== 0)
					mapDifference = Math.max(mapDifference, Math.abs(exported.map[i] - own.map[i]));
			const options = { category, checkDistribution: forServer };
			const [was, is] = [own, exported].map((one) => judgeImage(original, one, options).verdict);
			if (was !== is) changed.push(`${picture.name} from ${was} to ${is}`);
			images++;
		} catch (error) {
			if (!(error instanceof DinomalyError) || error.code === 'CANCELLED') throw error;
			skipped++;
		}
		await nextTick();
	}
	if (images === 0) throw nothingCompared(ref, data);
	if (precision !== 'float32') {
		if (calibration === undefined) throw uncalibrated(ref, precision);
		if (images < LEAST_IMAGES) throw tooFewImages(images, data);
		if (changed.length > 0) throw verdictsChange(ref, { precision, images, changed });
	} else if (!(scoreChange <= LARGEST_FLOAT32_CHANGE)) throw differs(ref, scoreChange);
	return {
		created: new Date().toISOString(),
		source: data === undefined ? DRAWN : path.basename(data),
		images,
		skipped,
		scoreDifference,
		scoreChange,
		mapDifference,
	};
}

function viewerOf(session: Session, { original, forServer, width }: ExportToCheck): Viewer {
	const { config } = original.opened.card;
	const { cropSize, groups } = config;
	const names = forServer ? ['map', 'score', 'distances', 'embedding'] : ['map', 'score'];
	return {
		groups,
		width,
		see: async (part) => {
			const data = preprocess(part, config);
			const image = { dtype: 'float32', shape: [1, 3, cropSize, cropSize], data } as const;
			const found = await session.run(
				{ [SERVED_INPUT]: image },
				Object.fromEntries(names.map((name) => [name, null])),
			);
			return {
				map: Float32Array.from(found.map.data as Float32Array),
				score: Number(found.score.data[0]),
				distances: forServer
					? Float32Array.from(found.distances.data as Float32Array)
					: new Float32Array(0),
				sums: forServer ? (found.embedding.data as Float32Array) : new Float32Array(groups * width),
			};
		},
	};
}

/** Images of the folder that the model was not trained on, else those that it was; pictures that are drawn without a folder. */
async function* picturesOf({
	original,
	data,
	signal,
}: ExportToCheck): AsyncGenerator<PictureToCheck | DinomalyError> {
	const known = original.opened.card.categories.map(({ name }) => name);
	if (data === undefined) {
		const category = known.at(0) ?? null;
		const { tiling } = original.opened.card.config;
		for (const [i, picture] of controlPictures().entries())
			yield { name: `picture ${i + 1}`, image: ofFewTiles(picture, tiling), category };
		return;
	}
	const dataset = await scanDataset(data, { signal });
	const fresh = entriesOf(dataset);
	const entries = evenly(
		fresh.length > 0 ? fresh : dataset.categories.flatMap(({ train }) => train),
		MOST_IMAGES,
	);
	if (entries.length === 0) throw noImages(data);
	const rename = soleCategory(dataset, original.opened);
	let next = 0;
	for await (const image of readAhead(entries, readImage)) {
		const { relativePath: name, category: own } = entries[next++];
		const named = rename ?? own;
		yield image instanceof DinomalyError
			? image
			: { name, image, category: known.includes(named) ? named : null };
	}
}

/** A corner of a drawn picture that falls into four tiles at most: a hundred of them say no more. */
function ofFewTiles(picture: RgbImage, tiling: Tiling | undefined): RgbImage {
	if (tiling?.kind !== 'side') return picture;
	const side = Math.ceil(1.5 * tiling.sidePx);
	return cutTile(picture, [0, 0, Math.min(side, picture.width), Math.min(side, picture.height)]);
}

function noImages(data: string): DinomalyError {
	return new DinomalyError('DATASET_EMPTY', `Expected images to compare with in ${data}, found none`, {
		hint: 'Give the folder that the model was calibrated with: a dataset, or a plain folder of good parts.',
	});
}

function nothingCompared(ref: string, data: string | undefined): DinomalyError {
	return new DinomalyError(
		'CALIBRATION_SHORT',
		`Expected at least one image that "${ref}" can score in ${data ?? DRAWN}, found none`,
		{
			hint: 'Give a folder of images of the size that the zones are for (--data, Check with Images Of).',
		},
	);
}

function tooFewImages(found: number, data: string | undefined): DinomalyError {
	return new DinomalyError(
		'CALIBRATION_SHORT',
		`Expected at least ${LEAST_IMAGES} images that can be scored in ${data ?? DRAWN}, found ${found}`,
		{ hint: 'Give more images: good parts, and defects where you have them.' },
	);
}

function uncalibrated(ref: string, precision: ServedPrecision): DinomalyError {
	return new DinomalyError(
		'CALIBRATION_SHORT',
		`Expected "${ref}" to have thresholds that verdicts in ${precision} can be held against, found no calibration`,
		{ hint: 'Calibrate it with images of good parts first, or export it in float32.' },
	);
}

function verdictsChange(
	ref: string,
	{
		precision,
		images,
		changed,
	}: { readonly precision: ServedPrecision; readonly images: number; readonly changed: readonly string[] },
): DinomalyError {
	const more = changed.length > CHANGES_SHOWN ? ' and others' : '';
	return new DinomalyError(
		'PRECISION_UNAVAILABLE',
		`Expected the verdicts of "${ref}" in ${precision} to be those in float32 on all ${images} images, found ${changed.length} that change: ${changed.slice(0, CHANGES_SHOWN).join(', ')}${more}`,
		{ hint: 'Export this model in float32; nothing was written.' },
	);
}

function differs(ref: string, scoreChange: number): DinomalyError {
	return new DinomalyError(
		'PRECISION_UNAVAILABLE',
		`Expected the exported "${ref}" to score as the model does, found scores that differ by up to ${(100 * scoreChange).toFixed(3)} %`,
		{ hint: 'Nothing was written. Run Self Check (dinomaly doctor) on this machine.' },
	);
}

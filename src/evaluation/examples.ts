import path from 'node:path';
import type { MapGeometry } from '../imaging/geometry';
import { renderHeatmap } from '../imaging/heatmap';
import type { RgbImage } from '../imaging/image';
import { segmentMap } from '../imaging/regions';
import { resizeBilinear } from '../imaging/resample';
import { EVAL_SIDE } from '../model/anomalyMap';
import { calibrationFor } from '../routing/calibration';
import { decodeImage } from '../runtime/images';
import { encodeJpeg } from '../runtime/jpeg';
import type { ReadyModel } from '../scoring/openModel';
import { isFalseAlarm, isMiss } from './categoryMetrics';
import type { CategoryEvaluation, EvaluatedImage, EvaluationExample } from './request';

interface WrongImage extends EvaluatedImage {
	readonly kind: EvaluationExample['kind'];
	readonly threshold: number;
}

/** Wide enough to see a defect on a phone, small enough for a dozen of them in one page. */
const PICTURE_SIDE_PX = 320;
const JPEG_QUALITY = 82;

/**
 * The worst misses and the worst false alarms, at most `count` of each: those furthest on the wrong side of their
 * category's threshold, measured in thresholds; categories take turns.
 */
export function worstImages(
	images: readonly EvaluatedImage[],
	categories: readonly CategoryEvaluation[],
	count: number,
): WrongImage[] {
	const thresholds = new Map(categories.map(({ category, threshold }) => [category, threshold]));
	const wrong: WrongImage[] = [];
	for (const image of images) {
		const threshold = thresholds.get(image.category) ?? null;
		if (threshold === null) continue;
		if (isMiss(image, threshold)) wrong.push({ ...image, kind: 'miss', threshold });
		else if (isFalseAlarm(image, threshold)) wrong.push({ ...image, kind: 'falseAlarm', threshold });
	}
	const misses = wrong.filter(({ kind }) => kind === 'miss').sort((a, b) => ratio(a) - ratio(b));
	const falseAlarms = wrong.filter(({ kind }) => kind === 'falseAlarm').sort((a, b) => ratio(b) - ratio(a));
	return [...takeTurns(misses).slice(0, count), ...takeTurns(falseAlarms).slice(0, count)];
}

function ratio({ score, threshold }: WrongImage): number {
	return score / threshold;
}

/** The worst of each category, then the second worst of each, and so on: one bad category must not hide the others. */
function takeTurns(sorted: readonly WrongImage[]): WrongImage[] {
	const seen = new Map<string, number>();
	const turns = sorted.map((image, place) => {
		const turn = seen.get(image.category) ?? 0;
		seen.set(image.category, turn + 1);
		return { image, place, turn };
	});
	return turns.sort((a, b) => a.turn - b.turn || a.place - b.place).map(({ image }) => image);
}

/** Scores the few images again and draws them; keeping every map until the worst are known would need a lot of memory. */
export async function drawExamples(
	model: ReadyModel,
	root: string,
	wrong: readonly WrongImage[],
): Promise<EvaluationExample[]> {
	const examples: EvaluationExample[] = [];
	for (const one of wrong) {
		const image = await decodeImage(path.join(root, one.file));
		const { map } = await model.score(image);
		examples.push({
			...one,
			picture: await encodeJpeg(shrink(image), JPEG_QUALITY),
			heatmap: await encodeJpeg(shrink(drawHeatmap(model, one, { image, map })), JPEG_QUALITY),
		});
	}
	return examples;
}

function drawHeatmap(
	{ opened: { card, calibration } }: ReadyModel,
	{ category }: WrongImage,
	{ image, map }: { readonly image: RgbImage; readonly map: Float32Array },
): RgbImage {
	const { imageSize, cropSize } = card.config;
	const { width, height } = image;
	const geometry: MapGeometry = { imageSize, cropSize, mapSide: EVAL_SIDE, width, height };
	// A threshold is known for every example, so there is a calibration.
	const threshold = calibrationFor(calibration, category)?.pixelThreshold ?? 0;
	const { mask } = segmentMap(map, { threshold, geometry });
	return renderHeatmap(map, image, { geometry, anchor: { threshold }, mask });
}

function shrink({ data, width, height }: RgbImage): RgbImage {
	const scale = Math.min(1, PICTURE_SIDE_PX / Math.max(width, height));
	if (scale === 1) return { data, width, height, channels: 3 };
	const size = {
		width: Math.max(1, Math.round(width * scale)),
		height: Math.max(1, Math.round(height * scale)),
	};
	return resizeBilinear<RgbImage>({ data, width, height, channels: 3 }, size);
}

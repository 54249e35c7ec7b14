import path from 'node:path';
import type { Dataset } from '../dataset/dataset';
import { DinomalyError } from '../errors';
import { renderHeatmap } from '../imaging/heatmap';
import type { RgbImage } from '../imaging/image';
import { segmentMap } from '../imaging/regions';
import { resizeBilinear } from '../imaging/resample';
import { markTruth } from '../imaging/truth';
import { calibrationFor } from '../routing/calibration';
import { decodeImage, decodeMask } from '../runtime/images';
import { encodeJpeg } from '../runtime/jpeg';
import type { ImageMap } from '../scoring/imageMap';
import type { ReadyModel } from '../scoring/openModel';
import type { ChosenImage } from './exampleChoice';
import type { EvaluationExample } from './request';

/** Wide enough to see a defect on a phone, small enough for dozens of them in one page. */
const PICTURE_SIDE_PX = 320;
const JPEG_QUALITY = 80;

/** Scores the few images again and draws them; keeping every map until the worst are known would need a lot of memory. */
export async function drawExamples(
	model: ReadyModel,
	dataset: Dataset,
	chosen: readonly ChosenImage[],
): Promise<EvaluationExample[]> {
	const wanted = new Set(chosen.map(({ file }) => file));
	const masks = new Map<string, string | null>();
	for (const { test } of dataset.categories)
		for (const { relativePath, maskPath } of test)
			if (wanted.has(relativePath)) masks.set(relativePath, maskPath);
	const examples: EvaluationExample[] = [];
	for (const one of chosen) {
		const image = await decodeImage(path.join(dataset.root, one.file));
		const scored = await model.score(image);
		const small = shrink(image);
		examples.push({
			...one,
			picture: await encodeJpeg(small, JPEG_QUALITY),
			heatmap: await encodeJpeg(shrink(drawHeatmap(model, one, { image, scored })), JPEG_QUALITY),
			truth: one.anomalous ? await drawTruth(small, masks.get(one.file) ?? null) : null,
		});
	}
	return examples;
}

function drawHeatmap(
	{ opened: { calibration } }: ReadyModel,
	{ category }: ChosenImage,
	{ image, scored: { map, geometry } }: { readonly image: RgbImage; readonly scored: ImageMap },
): RgbImage {
	// A threshold is known for every example, so there is a calibration.
	const threshold = calibrationFor(calibration, category)?.pixelThreshold ?? 0;
	const { mask } = segmentMap(map, { threshold, geometry });
	return renderHeatmap(map, image, { geometry, anchor: { threshold }, mask });
}

/** A mask that cannot be read costs its picture only: the evaluation has named it with the images that failed. */
async function drawTruth(picture: RgbImage, maskPath: string | null): Promise<Uint8Array | null> {
	if (maskPath === null) return null;
	try {
		return await encodeJpeg(markTruth(picture, await decodeMask(maskPath)), JPEG_QUALITY);
	} catch (error) {
		if (error instanceof DinomalyError) return null;
		throw error;
	}
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

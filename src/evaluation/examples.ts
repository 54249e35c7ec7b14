import path from 'node:path';
import type { Dataset } from '../dataset/dataset';
import { renderHeatmap } from '../imaging/heatmap';
import type { RgbImage } from '../imaging/image';
import { segmentMap } from '../imaging/regions';
import { calibrationFor } from '../routing/calibration';
import { decodeImage } from '../runtime/images';
import type { ImageMap } from '../scoring/imageMap';
import type { ReadyModel } from '../scoring/openModel';
import type { ChosenImage } from './exampleChoice';
import { drawTruth, encodePicture, shrink } from './pictures';
import type { EvaluationExample } from './request';

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
		const scored = await model.score(image, { category: one.category });
		const small = shrink(image);
		const maskPath = masks.get(one.file) ?? null;
		examples.push({
			...one,
			picture: await encodePicture(small),
			heatmap: await encodePicture(shrink(drawHeatmap(model, one, { image, scored }))),
			truth: one.anomalous && maskPath !== null ? await drawTruth(small, maskPath) : null,
		});
	}
	return examples;
}

function drawHeatmap(
	{ opened: { calibration } }: ReadyModel,
	{ category }: ChosenImage,
	{ image, scored: { map, geometry, seen } }: { readonly image: RgbImage; readonly scored: ImageMap },
): RgbImage {
	// A threshold is known for every example, so there is a calibration.
	const threshold = calibrationFor(calibration, category)?.pixelThreshold ?? 0;
	const { mask } = segmentMap(map, { threshold, geometry, inspected: seen });
	return renderHeatmap(map, image, { geometry, anchor: { threshold }, mask, inspected: seen });
}

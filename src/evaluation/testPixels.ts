import type { Size } from '../imaging/image';
import { prepareMask, type MaskImage } from '../imaging/mask';
import { coverMask, metricMap, metricSize, type MetricMap } from '../imaging/metricView';
import { mergedSize } from '../imaging/tileMerger';
import { layoutTiles } from '../imaging/tiling';
import { EVAL_SIDE } from '../model/anomalyMap';
import type { ModelConfig } from '../model/config';
import type { ImageMap } from '../scoring/imageMap';
import type { MaskRuleName } from './request';

type Seen = Pick<ModelConfig, 'imageSize' | 'cropSize' | 'tiling'>;

/** The map of a test image as its pixel metrics see it: the reference's, or a merged map at the resolution of its metrics. */
export function mapForMetrics(
	{ map, geometry, seen }: Pick<ImageMap, 'map' | 'geometry' | 'seen'>,
	{ tiling }: Seen,
): MetricMap {
	const whole = {
		data: map,
		width: geometry.mapWidth,
		height: geometry.mapHeight,
		...(seen && { inspected: seen.inspected }),
	};
	return tiling === undefined ? whole : metricMap(whole);
}

/** The ground truth of an image of the given size, pixel for pixel as `mapForMetrics`. */
export function maskForMetrics(
	mask: MaskImage,
	image: Size,
	{ config, rule }: { readonly config: Seen; readonly rule: MaskRuleName | undefined },
): Uint8Array {
	const { imageSize, cropSize, tiling } = config;
	if (tiling === undefined) return prepareMask(mask, { imageSize, cropSize, evalSide: EVAL_SIDE, rule });
	return coverMask(mask, metricSize(mergedSize(layoutTiles(image, tiling), EVAL_SIDE)), rule);
}

/** The part of a ground truth that counts: what lies where nothing was inspected is no defect to find. */
export function inspectedTruth(mask: Uint8Array, { inspected }: Pick<MetricMap, 'inspected'>): Uint8Array {
	return inspected === undefined ? mask : mask.map((value, i) => (inspected[i] === 0 ? 0 : value));
}

/** Whether a defect was marked, and nowhere where it could be found. */
export function liesOutside(mask: Uint8Array, map: Pick<MetricMap, 'inspected'>): boolean {
	return mask.includes(1) && !inspectedTruth(mask, map).includes(1);
}

/** What is to be said about the resolution of pixel metrics; nothing when it is the reference's. */
export function noticeOfResolution({ tiling }: Seen, resolutions: readonly string[]): string[] {
	if (tiling === undefined || resolutions.length === 0) return [];
	return [
		`Pixel metrics are taken on the map merged from the tiles of an image, at ${[...resolutions].sort().join(', ')} pixels`,
	];
}

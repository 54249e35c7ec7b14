import type { MapGeometry } from '../imaging/geometry';
import type { Size } from '../imaging/image';
import { mergedSize } from '../imaging/tileMerger';
import { layoutTiles, type TileLayout } from '../imaging/tiling';
import { EVAL_SIDE } from '../model/anomalyMap';
import type { ModelConfig } from '../model/config';

/** How a model looks at images. */
export type Seeing = Pick<ModelConfig, 'imageSize' | 'cropSize' | 'tiling'>;

/** How the map of an image lies on it, and its tiles; a null layout is an image that is seen whole. */
export interface SeenImage {
	readonly geometry: MapGeometry;
	readonly layout: TileLayout | null;
}

/** @throws CONFIG_INVALID when the image falls into too many tiles */
export function seenImage({ width, height }: Size, { imageSize, cropSize, tiling }: Seeing): SeenImage {
	if (tiling === undefined) {
		const whole = { imageSize, cropSize, mapWidth: EVAL_SIDE, mapHeight: EVAL_SIDE, width, height };
		return { geometry: whole, layout: null };
	}
	const layout = layoutTiles({ width, height }, tiling);
	const merged = mergedSize(layout, EVAL_SIDE);
	return {
		layout,
		geometry: {
			imageSize: cropSize,
			cropSize,
			mapWidth: merged.width,
			mapHeight: merged.height,
			width,
			height,
		},
	};
}

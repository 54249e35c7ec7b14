import { unitEmbedding } from '../distribution/embedding';
import type { RgbImage } from '../imaging/image';
import type { Box } from '../imaging/geometry';
import { paintOver } from '../imaging/paintOver';
import { cutTile } from '../imaging/tiling';
import { mapImage, type ImageMap, type ImageMapOptions } from './imageMap';
import type { MapAndScore } from './scorer';

/** Map and score of an image, and what it shows as a whole. */
export interface ScoredMap extends ImageMap {
	/** Of length 1, over all tiles (`unitEmbedding`); null when zones kept part of the image from the encoder. */
	readonly embedding: Float32Array | null;
}

/** What a model gives for a part of an image that it sees at once. */
export interface View extends MapAndScore {
	/** Sums of `model/embedding`, groups * width values. */
	readonly sums: Float32Array;
}

/** Encoder and decoder together, wherever they compute. */
export interface Viewer {
	readonly groups: number;
	/** Values of a token. */
	readonly width: number;
	readonly see: (part: RgbImage) => Promise<View>;
	/** Tiles that it is given at a time; 1 when absent. */
	readonly atOnce?: number;
}

/** Map and score of an image in which zones that are ignored are painted over, so that nothing of them reaches the encoder. */
export async function mapViewed(
	image: RgbImage,
	{ see, groups, width, atOnce }: Viewer,
	options: ImageMapOptions,
): Promise<ScoredMap> {
	const { seen } = options;
	const visible = seen?.area.visible;
	const shown = visible === undefined ? image : paintOver(image, visible);
	const whole = new Float64Array(groups * width);
	const scorePart = async (_: number, box: Box | null): Promise<View> =>
		see(box === null ? shown : cutTile(shown, box));
	const addUp = ({ sums }: View): void => {
		for (let i = 0; i < whole.length; i++) whole[i] += sums[i];
	};
	const mapped = await mapImage(image, { scorePart, atOnce, onPart: addUp }, options);
	const sawAll = visible === undefined && seen?.parts.includes(null) !== true;
	return { ...mapped, embedding: sawAll ? unitEmbedding(whole, groups) : null };
}

import { unitEmbedding } from '../distribution/embedding';
import type { RgbImage } from '../imaging/image';
import { paintOver } from '../imaging/paintOver';
import { cutTile } from '../imaging/tiling';
import { mapImage, type ImageMap, type ImageMapOptions, type ScorePart } from './imageMap';
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
}

/** Map and score of an image in which zones that are ignored are painted over, so that nothing of them reaches the encoder. */
export async function mapViewed(
	image: RgbImage,
	{ see, groups, width }: Viewer,
	options: ImageMapOptions,
): Promise<ScoredMap> {
	const { seen } = options;
	const visible = seen?.area.visible;
	const shown = visible === undefined ? image : paintOver(image, visible);
	const whole = new Float64Array(groups * width);
	const scorePart: ScorePart = async (_, box) => {
		const view = await see(box === null ? shown : cutTile(shown, box));
		for (let i = 0; i < whole.length; i++) whole[i] += view.sums[i];
		return view;
	};
	const mapped = await mapImage(image, scorePart, options);
	const sawAll = visible === undefined && seen?.parts.includes(null) !== true;
	return { ...mapped, embedding: sawAll ? unitEmbedding(whole, groups) : null };
}

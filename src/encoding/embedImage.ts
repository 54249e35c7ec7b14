import { controlPictures } from '../distribution/controlPictures';
import { unitEmbedding } from '../distribution/embedding';
import type { RgbImage } from '../imaging/image';
import { cutTile, layoutTiles, tileBox, tileCount, type Tiling } from '../imaging/tiling';
import type { Encoder } from './encoder';

/** What an image shows as a whole, over all its tiles where it is cut into some; of length 1. */
export async function embedImage(encoder: Encoder, image: RgbImage, tiling?: Tiling): Promise<Float32Array> {
	const { groups } = encoder.layout;
	if (tiling === undefined) return unitEmbedding(await encoder.sums(image), groups);
	const layout = layoutTiles(image, tiling);
	const whole = new Float64Array(groups * encoder.layout.width);
	for (let tile = 0; tile < tileCount(layout); tile++) {
		const sums = await encoder.sums(cutTile(image, tileBox(layout, tile)));
		for (let i = 0; i < whole.length; i++) whole[i] += sums[i];
	}
	return unitEmbedding(whole, groups);
}

/** What pictures of nothing look like to an encoder: seven images' work. */
export async function embedControls(encoder: Encoder): Promise<Float32Array[]> {
	const embeddings: Float32Array[] = [];
	for (const picture of controlPictures()) embeddings.push(await embedImage(encoder, picture));
	return embeddings;
}

import type { RgbImage } from '../imaging/image';
import { freeFeatures, type Encoder } from '../encoding/encoder';
import { Batcher } from './batcher';
import { BATCH_SIZES, type BatchLimits } from './batchLimits';
import type { View } from './mapViewed';
import type { Scorer } from './scorer';

/** What encoder and decoder give for several parts of images in one run. @param pixels of each, as `Encoder.pixels` gives them */
export async function viewAll(
	encoder: Encoder,
	scorer: Scorer,
	pixels: readonly Float32Array[],
): Promise<View[]> {
	const seen = await encoder.seeAll(pixels);
	try {
		const scored = await scorer.scoreAll(seen.features, pixels.length);
		const length = seen.sums.length / pixels.length;
		return scored.map((one, i) => ({ ...one, sums: seen.sums.slice(i * length, (i + 1) * length) }));
	} finally {
		freeFeatures(seen);
	}
}

/** Encoder and decoder of a model on a device that likes to see several images at once, whoever asks. */
export class BatchedViews {
	private readonly batcher: Batcher<Float32Array, View>;

	constructor(
		readonly encoder: Encoder,
		scorer: Scorer,
	) {
		this.batcher = new Batcher(BATCH_SIZES, async (pixels, size) => {
			const filled = Array.from({ length: size }, (_, i) => pixels[Math.min(i, pixels.length - 1)]);
			return viewAll(encoder, scorer, filled);
		});
	}

	async see(part: RgbImage, limits: BatchLimits): Promise<View> {
		return this.batcher.add(this.encoder.pixels(part), limits);
	}
}

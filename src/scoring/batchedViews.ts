import type { RgbImage } from '../imaging/image';
import { freeFeatures, type Encoder } from '../encoding/encoder';
import { Batcher } from './batcher';
import { BATCH_SIZES, type BatchLimits } from './batchLimits';
import type { View } from './mapViewed';
import type { Scorer } from './scorer';

/** Encoder and decoder of a model on a device that likes to see several images at once, whoever asks. */
export class BatchedViews {
	private readonly batcher: Batcher<Float32Array, View>;

	constructor(
		readonly encoder: Encoder,
		scorer: Scorer,
	) {
		const { groups, width } = encoder.layout;
		this.batcher = new Batcher(BATCH_SIZES, async (pixels, size) => {
			const filled = Array.from({ length: size }, (_, i) => pixels[Math.min(i, pixels.length - 1)]);
			const seen = await encoder.seeAll(filled);
			try {
				const scored = await scorer.scoreAll(seen.features, size);
				return pixels.map((_, i): View => ({
					...scored[i],
					sums: seen.sums.slice(i * groups * width, (i + 1) * groups * width),
				}));
			} finally {
				freeFeatures(seen);
			}
		});
	}

	async see(part: RgbImage, limits: BatchLimits): Promise<View> {
		return this.batcher.add(this.encoder.pixels(part), limits);
	}
}

import type { RgbImage } from '../imaging/image';
import { freeFeatures, type Encoder } from '../encoding/encoder';
import { Batcher, type BatchLimits } from './batcher';
import type { View } from './mapViewed';
import type { Scorer } from './scorer';

/**
 * Images per run that sessions are made for: each holds the weights once more on the device. Between 4 and 16 lies most of what batches
 * bring (docs/performance.md).
 */
const SIZES = [1, 4, 16, 64];

/** On a device other than the CPU, which is as fast with one image at a time. */
export const DEFAULT_LIMITS: BatchLimits = { size: 16, waitMs: 20 };

export const LARGEST_BATCH = Math.max(...SIZES);

/** Encoder and decoder of a model on a device that likes to see several images at once, whoever asks. */
export class BatchedViews {
	private readonly batcher: Batcher<Float32Array, View>;

	constructor(
		readonly encoder: Encoder,
		scorer: Scorer,
	) {
		const { groups, width } = encoder.layout;
		this.batcher = new Batcher(SIZES, async (pixels, size) => {
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

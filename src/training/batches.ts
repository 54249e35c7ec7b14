import { createRandom, deriveSeed } from '../random';

/**
 * Which images each iteration sees: shuffled epochs over all images, the rest of an epoch that does not fill a batch
 * dropped, as the reference's loader does. Depends on nothing but its arguments, so a resumed run goes on as if it had
 * never stopped.
 */
export class BatchSampler {
	private epoch = -1;
	private order: number[] = [];

	constructor(
		private readonly images: number,
		private readonly batchSize: number,
		private readonly seed: number,
	) {}

	/** Indices of the images of one iteration, 0-based. */
	batch(iteration: number): number[] {
		const perEpoch = Math.floor(this.images / this.batchSize);
		const epoch = Math.floor(iteration / perEpoch);
		if (epoch !== this.epoch) {
			const order = Array.from({ length: this.images }, (_, i) => i);
			this.order = createRandom(deriveSeed(this.seed, 'epoch', String(epoch))).shuffle(order);
			this.epoch = epoch;
		}
		const start = (iteration % perEpoch) * this.batchSize;
		return this.order.slice(start, start + this.batchSize);
	}
}

import type { NoisePort } from '../model/trainingStep';
import { createRandom, deriveSeed } from '../random';
import type { Value } from '../runtime/session';

/** The random inputs of training steps, in buffers that are used again. */
export class NoiseSource {
	private readonly values: Map<string, Value & { readonly data: Float32Array }>;

	constructor(
		private readonly ports: readonly NoisePort[],
		private readonly rate: number,
		private readonly seed: number,
	) {
		this.values = new Map(
			ports.map(({ name, shape }) => [
				name,
				{
					dtype: 'float32',
					shape,
					data: new Float32Array(shape.reduce((product, extent) => product * extent, 1)),
				},
			]),
		);
	}

	/** Noise of one iteration; the same for the same seed and iteration whatever ran before. */
	draw(iteration: number): Record<string, Value> {
		for (const { name, kind } of this.ports) {
			const random = createRandom(deriveSeed(this.seed, 'noise', String(iteration), name));
			const data = this.values.get(name)?.data;
			if (!data) continue;
			if (kind === 'normal') random.fillNormal(data);
			else random.fillDropoutMask(data, this.rate, 1 / (1 - this.rate));
		}
		return Object.fromEntries(this.values);
	}
}

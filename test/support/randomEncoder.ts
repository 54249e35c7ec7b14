import { sizeOf } from '../../src/graph';
import { createRandom } from '../../src/random';
import { canonicalShapes, type EncoderArchitecture } from '../../src/weights/encoderArchitecture';
import type { EncoderWeights } from '../../src/weights/encoderWeights';

/** An encoder of random weights: 8 blocks of width 8 on a grid of 3 x 3 patches. */
export function randomEncoder(
	traits: Pick<EncoderArchitecture, 'family' | 'registers' | 'layerScale'>,
): EncoderWeights {
	const size = { patch: 2, dim: 8, heads: 2, depth: 8, gridSide: 3, lnEps: 1e-6, mlpRatio: 4 };
	const architecture: EncoderArchitecture = { ...size, ...traits };
	const shapes = canonicalShapes(architecture);
	const random = createRandom(2);
	const values = new Map(
		[...shapes].map(([name, shape]) => [
			name,
			Float32Array.from({ length: sizeOf(shape) }, () => 0.3 * random.normal()),
		]),
	);
	return {
		source: 'a random encoder',
		architecture,
		names: [...shapes.keys()],
		shape: (name) => shapes.get(name)!,
		get: (name) => values.get(name)!.slice(),
	};
}

import { TINY_DIMS, encodeTiny, openGolden, type Golden, type NamedTensor } from './goldenModel';

/** Training features of golden images, one (images, tokens, D) per group. */
export type Batch = readonly NamedTensor[];

const STEPS = 5;

/** The batch of `x`, and those of the five training steps. The 4x4 files share model_la's; the 6x6 files have two of their own. */
export async function goldenBatches(golden: Golden, groups: number): Promise<{ x: Batch; train: Batch[] }> {
	const source = golden.names.includes('train_x1') ? golden : await openGolden('model_la');
	const stored = Array.from({ length: STEPS }, (_, step) => `train_x${step}`).filter((name) =>
		source.names.includes(name),
	);
	const [x, ...batches] = await encodeTogether(
		[golden.floats('x'), ...stored.map((name) => source.floats(name))],
		golden.shape('x'),
		groups,
	);
	return { x, train: Array.from({ length: STEPS }, (_, step) => batches[step % batches.length]) };
}

/** Encodes batches of one shape in one run of the encoder. */
async function encodeTogether(
	batches: readonly Float32Array[],
	shape: readonly number[],
	groups: number,
): Promise<Batch[]> {
	const size = batches[0].length;
	const all = new Float32Array(size * batches.length);
	batches.forEach((batch, i) => {
		all.set(batch, i * size);
	});
	const [images, ...rest] = shape;
	const features = await encodeTiny({ data: all, shape: [images * batches.length, ...rest] }, groups);
	return batches.map((_, i) =>
		features.map((data) => {
			const length = data.length / batches.length;
			const tokens = length / images / TINY_DIMS.dim;
			const own = data.subarray(i * length, (i + 1) * length);
			return { data: own, shape: [images, tokens, TINY_DIMS.dim] };
		}),
	);
}

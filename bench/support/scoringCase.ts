import { Encoder } from '../../src/encoding/encoder';
import type { EncoderFile } from '../../src/encoding/encoder';
import type { RgbImage } from '../../src/imaging/image';
import { tokenLayout, type EncoderDims } from '../../src/model/layout';
import { initialParameters, parameterCount, parameterSpecs } from '../../src/model/parameters';
import { createRandom } from '../../src/random';
import type { ScoringOptions } from '../../src/runtime/precision';
import { Scorer } from '../../src/scoring/scorer';
import { resolveConfig } from '../../src/training/config';
import type { EncoderArchitecture } from '../../src/weights/encoderArchitecture';

/** One image's way from pixels to a score: encoder, decoder, map. */
export interface ScoringCase {
	/** Matrix work of a score; null where it is not counted. */
	readonly flops: number | null;
	readonly score: () => Promise<number>;
	readonly release: () => Promise<void>;
}

/** Loads an encoder and a fresh decoder, whose speed is that of a trained one. */
export async function openScoring(
	file: EncoderFile,
	cropSize: number,
	options: ScoringOptions,
): Promise<ScoringCase> {
	const { dims } = file;
	const config = resolveConfig('fast', dims.patch, { imageSize: cropSize, cropSize });
	const specs = parameterSpecs(config, dims);
	const initial = initialParameters(specs, createRandom(1));
	const parameters = new Map(
		specs.map(({ name, shape }) => [name, { data: initial.get(name) ?? new Float32Array(), shape }]),
	);
	const encoder = await Encoder.load(file, config, options);
	const scorer = await Scorer.load(config, dims, parameters, options);
	const image = drawnImage(cropSize);
	const { encoderTokens } = tokenLayout(config, dims);
	return {
		flops:
			file.weights.architecture.family === 'descriptors'
				? null
				: scoreFlops(file.weights.architecture, dims, encoderTokens, parameterCount(specs)),
		score: async () => (await scorer.score(await encoder.features(image))).score,
		release: async () => {
			await encoder.release();
			await scorer.release();
		},
	};
}

/** Pixels of no meaning; speed does not depend on them. */
export function drawnImage(side: number): RgbImage {
	return {
		width: side,
		height: side,
		channels: 3,
		data: Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * 31) % 256),
	};
}

/** Matrix work of a transformer's blocks and patch embedding, 24 N D^2 per block for the layers and 4 N^2 D for attention, and of the decoder. */
export function scoreFlops(
	{ dim, patch }: EncoderArchitecture,
	{ targetLayers }: EncoderDims,
	tokens: number,
	parameters: number,
): number {
	const blocks = targetLayers[targetLayers.length - 1] + 1;
	const embedding = 2 * tokens * dim * 3 * patch * patch;
	const encoder = blocks * (24 * tokens * dim * dim + 4 * tokens * tokens * dim) + embedding;
	return encoder + 2 * parameters * tokens;
}

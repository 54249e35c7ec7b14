import type { EncoderFile } from '../../src/encoding/encoder';
import { computeConstants } from '../../src/export/exportGraph';
import { foldConstants, Graph, halveLinears, serialise } from '../../src/graph';
import { appendEncoder } from '../../src/model/encoder';
import { initialParameters, parameterCount, parameterSpecs } from '../../src/model/parameters';
import { tokenLayout } from '../../src/model/layout';
import { appendScoring } from '../../src/model/scoringGraph';
import { createRandom } from '../../src/random';
import { Session, type SessionOptions } from '../../src/runtime/session';
import { resolveConfig } from '../../src/training/config';
import { scoreFlops } from './scoringCase';

export interface BatchScoringOptions {
	readonly cropSize: number;
	/** Images per run. */
	readonly images: number;
	/** float16: of the linear layers, as in an export. */
	readonly precision: 'float32' | 'float16';
	/** Whether attention is ONNX Runtime's own operator or written out in products, as scoring has it on WebGPU. */
	readonly fusedAttention: boolean;
	readonly session: SessionOptions;
}

export interface BatchScores {
	/** One for each image. */
	readonly scores: Float32Array;
	/** 256 x 256 values for each image. */
	readonly maps: Float32Array;
}

/** Encoder, decoder and anomaly map as one graph over several images. */
export interface BatchScoring {
	/** Matrix work of a run. */
	readonly flops: number;
	readonly device: string;
	readonly run: () => Promise<BatchScores>;
	readonly release: () => Promise<void>;
}

/** Loads an encoder and a fresh decoder, whose speed is that of a trained one, and draws images for them. */
export async function openBatchScoring(
	{ weights, dims }: EncoderFile,
	{ cropSize, images, precision, fusedAttention, session: options }: BatchScoringOptions,
): Promise<BatchScoring> {
	const config = resolveConfig('fast', dims.patch, { imageSize: cropSize, cropSize });
	const specs = parameterSpecs(config, dims);
	const initial = initialParameters(specs, createRandom(1));
	const parameters = new Map(
		specs.map(({ name, shape }) => [name, { data: initial.get(name) ?? new Float32Array(), shape }]),
	);
	const graph = new Graph();
	const shape = [images, 3, cropSize, cropSize];
	const features = appendEncoder(graph.input('image', 'float32', shape), {
		weights,
		cropSize,
		images,
		groups: config.groups,
		targetLayers: dims.targetLayers,
		plainAttention: !fusedAttention,
	});
	const { map, score } = appendScoring(features, { config, dims, parameters, images });
	graph.output('map', map);
	graph.output('score', score);
	const computed =
		precision === 'float16' ? await foldConstants(halveLinears(graph), computeConstants) : graph;
	const session = await Session.create(serialise(computed), options);
	const pixels = new Float32Array(images * 3 * cropSize * cropSize);
	createRandom(2).fillNormal(pixels);
	return {
		flops:
			images *
			scoreFlops(
				weights.architecture,
				dims,
				tokenLayout(config, dims).encoderTokens,
				parameterCount(specs),
			),
		device: session.device,
		run: async () => {
			const results = await session.run(
				{ image: { dtype: 'float32', shape, data: pixels } },
				{ map: null, score: null },
			);
			return {
				scores: results.score.data as Float32Array,
				maps: results.map.data as Float32Array,
			};
		},
		release: () => session.release(),
	};
}

import type { EncoderFile } from '../encoding/encoder';
import {
	foldConstants,
	Graph,
	halveLinears,
	quantiseLinears,
	serialise,
	standardQuantisedLinear,
	type ComputeConstants,
} from '../graph';
import { appendEmbedding } from '../model/embedding';
import { appendEncoder } from '../model/encoder';
import { appendScoring } from '../model/scoringGraph';
import { Session } from '../runtime/session';
import type { DecoderParameters } from '../scoring/scorer';
import type { ServedPrecision } from '../scoring/request';
import { SERVED_INPUT, servedIdentity } from '../scoring/servedModel';
import type { OpenedModel } from '../store/modelStore';

export interface ExportParts {
	readonly opened: OpenedModel;
	readonly encoder: EncoderFile;
	readonly parameters: DecoderParameters;
	readonly precision: ServedPrecision;
	/** Also what Score Image needs beside map and score: patch distances, embedding, identity. */
	readonly forServer: boolean;
}

/**
 * Encoder and decoder as one graph in operators of ONNX itself: `image` (1, 3, crop, crop) to `map` (1, 256, 256) and `score` (1); for a
 * server also `distances` (1, g, g), `embedding` (1, groups * D) and `identity`, whose weights these are (`servedIdentity`).
 */
export async function exportGraph({
	opened,
	encoder: { weights, dims },
	parameters,
	precision,
	forServer,
}: ExportParts): Promise<Graph> {
	const { config } = opened.card;
	const { cropSize, groups } = config;
	const graph = new Graph();
	const image = graph.input(SERVED_INPUT, 'float32', [1, 3, cropSize, cropSize]);
	const features = appendEncoder(image, {
		weights,
		cropSize,
		groups,
		images: 1,
		targetLayers: dims.targetLayers,
		// The fused operator is ONNX Runtime's own, and on WebGPU gives other numbers.
		plainAttention: true,
	});
	const { map, score, distances } = appendScoring(features, { config, dims, parameters, images: 1 });
	graph.output('map', map);
	graph.output('score', score);
	if (forServer) {
		graph.output('distances', distances);
		graph.output('embedding', appendEmbedding(features, 1 + dims.registers));
		const identity = servedIdentity(opened, precision);
		graph.output('identity', graph.constant(identity, [identity.length]));
	}
	if (precision === 'float32') return graph;
	const coarse =
		precision === 'int8' ? quantiseLinears(graph, standardQuantisedLinear) : halveLinears(graph);
	// So that the file holds small weights, not the large ones that they are made of.
	return foldConstants(coarse, computeConstants);
}

/** Values of a graph without inputs, by the CPU. */
export const computeConstants: ComputeConstants = async (graph) => {
	const session = await Session.create(serialise(graph), { device: 'cpu' });
	try {
		const wanted = Object.fromEntries([...graph.outputs.keys()].map((name) => [name, null]));
		const results = await session.run({}, wanted);
		return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]));
	} finally {
		await session.release();
	}
};

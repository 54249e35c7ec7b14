import { DinomalyError } from '../errors';
import { Graph, reshape, type Tensor } from '../graph';
import { distanceMap, evaluationMatrix, imageScore, resizeMap } from './anomalyMap';
import { noisyBottleneck } from './bottleneck';
import type { ModelConfig } from './config';
import { decode, decoderGroups } from './decoder';
import { tokenLayout, type EncoderDims } from './layout';
import { targetsOf, tokensFirst } from './targets';

export interface ScoringGraphSpec {
	readonly config: ModelConfig;
	readonly dims: EncoderDims;
	readonly parameters: ReadonlyMap<
		string,
		{ readonly data: Float32Array; readonly shape: readonly number[] }
	>;
	/** Images per batch. */
	readonly images: number;
	readonly attentionEpsilon?: number;
	/** Also output what lies in between, for comparison with the reference. */
	readonly expose?: boolean;
}

/**
 * From the encoder's features to map and score: `feature<k>` (images, tokens, D) to `map` (images, 256, 256), smoothed,
 * `score` (images), and what the map is made of, `distances` of the patches (images, g, g).
 */
export function buildScoring(spec: ScoringGraphSpec): Graph {
	const graph = new Graph();
	const tokens = tokenLayout(spec.config, spec.dims).encoderTokens;
	const features = Array.from({ length: spec.config.groups }, (_, k) =>
		graph.input(`feature${k}`, 'float32', [spec.images, tokens, spec.dims.dim]),
	);
	const { map, score, distances } = appendScoring(features, spec);
	graph.output('map', map);
	graph.output('score', score);
	graph.output('distances', distances);
	return graph;
}

/**
 * Appends bottleneck, decoder and anomaly map to features (images, tokens, D) of any graph.
 * @throws MODEL_INVALID when a parameter is not among the model's
 */
export function appendScoring(
	features: readonly Tensor[],
	spec: ScoringGraphSpec,
): { map: Tensor; score: Tensor; distances: Tensor } {
	const { config, dims, images } = spec;
	const [{ graph }] = features;
	const layout = tokenLayout(config, dims);
	const parameter = (name: string): Tensor => {
		const found = spec.parameters.get(name);
		if (!found) throw missingParameter(name);
		return graph.constant(found.data, found.shape, name);
	};
	const { fused, groups } = targetsOf(features.map(tokensFirst), config, dims);
	const options = { config, dims, images, attentionEpsilon: spec.attentionEpsilon };
	const entered = noisyBottleneck(fused, parameter, {}, config.bottleneck);
	const outputs = decode(entered, parameter, options);
	const reconstructions = decoderGroups(outputs, options);
	const distances = distanceMap(groups, reconstructions, layout.grid);
	const map = resizeMap(distances, evaluationMatrix(layout.grid, config.cropSize));
	if (spec.expose) {
		graph.output('fused', fused);
		graph.output('bottleneck', entered);
		outputs.forEach((output, i) => {
			graph.output(`block${i}`, output);
		});
		groups.forEach((group, k) => {
			graph.output(`target${k}`, group);
		});
		reconstructions.forEach((group, k) => {
			graph.output(`reconstruction${k}`, reshape(group, group.shape));
		});
	}
	return { map, score: imageScore(map), distances };
}

function missingParameter(name: string): DinomalyError {
	return new DinomalyError(
		'MODEL_INVALID',
		`Expected "${name}" among the weights of the model, found none`,
		{
			hint: 'Use the weights together with the configuration that they were trained with, or train the model again.',
		},
	);
}

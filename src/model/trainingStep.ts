import {
	Graph,
	gradients,
	inChunks,
	reshape,
	transpose,
	type DataType,
	type Shape,
	type Tensor,
} from '../graph';
import { jitter, noisyBottleneck, type DropoutFactors } from './bottleneck';
import type { ModelConfig, OptimiserConfig } from './config';
import { decode, decoderGroups, type ParameterLookup } from './decoder';
import { tokenLayout, type EncoderDims } from './layout';
import { reconstructionLoss } from './lossVariants';
import { clipFactor, stableAdamW, type StepScalars } from './optimizer';
import type { ParameterSpec } from './parameters';
import { targetsOf, tokensFirst } from './targets';

export interface TrainingStepSpec {
	readonly config: ModelConfig;
	readonly optimiser: OptimiserConfig;
	readonly dims: EncoderDims;
	readonly parameters: readonly ParameterSpec[];
	/** Images per batch. */
	readonly images: number;
	readonly featureType: 'float16' | 'float32';
	readonly attentionEpsilon?: number;
	/** Piece of elementwise work that stays in the processor's cache (graph/GraphOptions); absent: none. */
	readonly pieceBytes?: number;
	/** Also output the raw gradients, as `gradient.<parameter>`. */
	readonly exposeGradients?: boolean;
	/** Parameters whose learning rate is the input `learningRate2` (Dinomaly2's first bottleneck layer). */
	readonly secondRate?: (name: string) => boolean;
}

/** One graph input or output: its name, type and shape. */
export interface Port {
	readonly name: string;
	readonly dtype: DataType;
	readonly shape: Shape;
}

/** A noise input of the step: a dropout factor, or standard normal numbers for jitter. */
export interface NoisePort extends Port {
	readonly kind: 'dropout' | 'normal';
}

export interface TrainingStep {
	readonly graph: Graph;
	/** Names of the state tensors, in and out alike (outputs carry the prefix `next.`). */
	readonly state: readonly Port[];
	readonly noise: readonly NoisePort[];
}

/** Products of fewer rows are slow; more of them leave the processor's cache. */
const FEWEST_CHUNK_ROWS = 1500;

export const STATE_KINDS = ['value', 'first', 'second', 'largestSecond'] as const;

/** Name of the output that holds a state tensor's new value. */
export function nextName(name: string): string {
	return `next.${name}`;
}

/**
 * The whole training step as one graph: forward, loss, backward, clipping, StableAdamW.
 *
 * Inputs: `feature<k>` (images, tokens, D) per group; `<parameter>.value`, `.first`, `.second`, `.largestSecond`; noise
 * (see `noise`); `learningRate`, `firstCorrection`, `secondCorrection` (float32 scalars); `rank` (int64 scalar).
 * Outputs: `loss`, `gradientNorm` (before clipping) and `next.<state>`.
 */
export function buildTrainingStep(spec: TrainingStepSpec): TrainingStep {
	const { config, optimiser, dims, images } = spec;
	const graph = new Graph({ pieceBytes: spec.pieceBytes });
	const layout = tokenLayout(config, dims);
	const features = Array.from({ length: config.groups }, (_, k) =>
		graph.input(`feature${k}`, spec.featureType, [images, layout.encoderTokens, dims.dim]),
	);
	const kinds = STATE_KINDS.filter((kind) => kind !== 'largestSecond' || optimiser.amsgrad);
	const state: Port[] = [];
	const declare = (parameter: ParameterSpec, kind: (typeof STATE_KINDS)[number]): Tensor => {
		const port: Port = { name: `${parameter.name}.${kind}`, dtype: 'float32', shape: parameter.shape };
		state.push(port);
		return graph.input(port.name, port.dtype, port.shape);
	};
	const declared = spec.parameters.map((parameter) => {
		const tensors = new Map(kinds.map((kind) => [kind, declare(parameter, kind)]));
		return { parameter, tensors };
	});
	const values = new Map(
		declared.map(({ parameter, tensors }) => [parameter.name, required(tensors.get('value'))]),
	);
	const lookup = (name: string): Tensor => required(values.get(name));

	const { fused, groups } = targetsOf(features.map(tokensFirst), config, dims);
	const noise = declareNoise(graph, spec, layout.decoderTokens * images);
	const reconstructions = reconstruct(fused, noise, { spec, lookup, tokens: layout.decoderTokens });
	const mining = optimiser.hardMining
		? { rank: graph.input('rank', 'int64', []), factor: optimiser.hardMiningFactor }
		: null;
	const loss = reconstructionLoss(optimiser.loss ?? 'globalCosine', {
		targets: groups,
		reconstructions,
		mining,
	});

	const targets = [...values.values()];
	const slopes = gradients(loss, targets).map(required);
	const { factor, norm } = clipFactor(slopes, optimiser.clipNorm);
	const scalars = declareScalars(graph, 'learningRate');
	const secondScalars = spec.secondRate
		? { ...scalars, learningRate: graph.input('learningRate2', 'float32', []) }
		: scalars;
	declared.forEach(({ parameter, tensors }, i) => {
		const before = {
			value: targets[i],
			first: required(tensors.get('first')),
			second: required(tensors.get('second')),
			largestSecond: tensors.get('largestSecond') ?? null,
		};
		const after = stableAdamW(
			before,
			slopes[i],
			factor,
			spec.secondRate?.(parameter.name) ? secondScalars : scalars,
			optimiser,
		);
		for (const kind of kinds) graph.output(nextName(`${parameter.name}.${kind}`), required(after[kind]));
		if (spec.exposeGradients) graph.output(`gradient.${parameter.name}`, slopes[i]);
	});
	graph.output('loss', loss);
	graph.output('gradientNorm', norm);
	return { graph, state, noise: noise.ports };
}

interface ReconstructionOptions {
	readonly spec: TrainingStepSpec;
	readonly lookup: ParameterLookup;
	/** Of an image in the decoder. */
	readonly tokens: number;
}

/**
 * Bottleneck and decoder on rows (tokens * images, D): group means as (patches, images, D). Where elementwise work is done in pieces, a few
 * images at a time go all the way, forward and backward, since what they leave on the way stays in the processor's cache then.
 */
function reconstruct(
	fused: Tensor,
	noise: DeclaredNoise,
	{ spec, lookup, tokens }: ReconstructionOptions,
): readonly Tensor[] {
	const { config, dims, images, attentionEpsilon } = spec;
	const work = (rows: Tensor, { factors, jitter: normal }: Noise, count: number): readonly Tensor[] => {
		const entered =
			normal && config.noise.kind === 'jitter' ? jitter(rows, normal, config.noise.scale) : rows;
		const options = { config, dims, images: count, attentionEpsilon, biasInWeights: true };
		const outputs = decode(noisyBottleneck(entered, lookup, factors, config.bottleneck), lookup, options);
		return decoderGroups(outputs, options);
	};
	const perChunk = spec.pieceBytes ? imagesPerChunk(images, tokens) : images;
	if (perChunk === images) return work(fused, noise, images);

	const count = images / perChunk;
	const cut = (rows: Tensor): Tensor => {
		const [, width] = rows.shape;
		const apart = transpose(reshape(rows, [tokens, count, perChunk, width]), [1, 0, 2, 3]);
		return reshape(apart, [count, tokens * perChunk, width]);
	};
	const names = Object.keys(noise.factors) as (keyof DropoutFactors)[];
	const operands = [
		fused,
		...names.flatMap((name) => noise.factors[name] ?? []),
		...(noise.jitter ? [noise.jitter] : []),
	];
	const groups = inChunks(operands.map(cut), (rows, ...rest) =>
		work(
			rows,
			{
				factors: Object.fromEntries(names.map((name, i) => [name, rest[i]])),
				jitter: noise.jitter && rest[names.length],
			},
			perChunk,
		),
	);
	return groups.map((group) => {
		const [, patches, , dim] = group.shape;
		return reshape(transpose(group, [1, 0, 2, 3]), [patches, images, dim]);
	});
}

/** As few images as have rows enough for fast products. */
function imagesPerChunk(images: number, tokens: number): number {
	for (let count = 1; count < images; count++)
		if (images % count === 0 && count * tokens >= FEWEST_CHUNK_ROWS) return count;
	return images;
}

function declareScalars(graph: Graph, learningRate: string): StepScalars {
	return {
		learningRate: graph.input(learningRate, 'float32', []),
		firstCorrection: graph.input('firstCorrection', 'float32', []),
		secondCorrection: graph.input('secondCorrection', 'float32', []),
	};
}

interface Noise {
	readonly factors: DropoutFactors;
	readonly jitter: Tensor | null;
}

interface DeclaredNoise extends Noise {
	readonly ports: readonly NoisePort[];
}

function declareNoise(
	graph: Graph,
	{ config, dims, parameters }: TrainingStepSpec,
	rows: number,
): DeclaredNoise {
	const ports: NoisePort[] = [];
	const declare = (name: string, kind: NoisePort['kind'], width: number): Tensor => {
		ports.push({ name, kind, dtype: 'float32', shape: [rows, width] });
		return graph.input(name, 'float32', [rows, width]);
	};
	if (config.noise.kind === 'jitter')
		return { jitter: declare('jitter', 'normal', dims.dim), factors: {}, ports };
	if (config.noise.rate === 0) return { jitter: null, factors: {}, ports };
	const hiddenWidth = 4 * dims.dim;
	const reducedWidth = parameters.find(({ name }) => name === 'bottleneck.fc0.bias')?.shape[0];
	const factors: DropoutFactors = {
		...(reducedWidth === undefined
			? { input: declare('keepInput', 'dropout', dims.dim) }
			: { reduced: declare('keepReduced', 'dropout', reducedWidth) }),
		hidden: declare('keepHidden', 'dropout', hiddenWidth),
		output: declare('keepOutput', 'dropout', dims.dim),
	};
	return { jitter: null, factors, ports };
}

function required<T>(value: T | null | undefined): T {
	if (value === null || value === undefined)
		throw new Error('The training step depends on every parameter; one is not reached');
	return value;
}

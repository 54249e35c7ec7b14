import { serialise } from '../../src/graph';
import { tokenLayout } from '../../src/model/layout';
import { BETA1, BETA2 } from '../../src/model/optimizer';
import { hardMiningRank } from '../../src/model/schedule';
import {
	buildTrainingStep,
	nextName,
	type TrainingStep,
	type TrainingStepSpec,
} from '../../src/model/trainingStep';
import { Session, type Value } from '../../src/runtime/session';
import type { NamedTensor } from './goldenModel';
import { floats, scalar } from './run';
import { UnoptimisedSession } from './unoptimisedSession';

export type State = Record<string, Value>;

export interface StepInput {
	/** One (tokens, images, D) per group. */
	readonly features: readonly NamedTensor[];
	/** 1 at the first step. */
	readonly step: number;
	readonly learningRate: number;
	readonly learningRate2?: number;
	/** Share of points whose gradient is scaled down. */
	readonly share: number;
	readonly noise?: Readonly<Record<string, NamedTensor>>;
}

export interface StepOutput {
	readonly state: State;
	readonly loss: number;
	readonly gradientNorm: number;
	/** By parameter; only when the step exposes them. */
	readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** A training step graph in a CPU session. */
export class StepRunner {
	private constructor(
		readonly step: TrainingStep,
		private readonly session: Session | UnoptimisedSession,
		/** Patches in a batch. */
		private readonly points: number,
	) {}

	/** `optimised` lets ONNX Runtime fuse operators, as in production; it takes most of a second to open. */
	static async open(spec: TrainingStepSpec, { optimised = true } = {}): Promise<StepRunner> {
		const step = buildTrainingStep(spec);
		const model = serialise(step.graph);
		const session = optimised
			? await Session.create(model, { device: 'cpu', threads: 1 })
			: await UnoptimisedSession.create(model);
		return new StepRunner(step, session, tokenLayout(spec.config, spec.dims).patches * spec.images);
	}

	/** The state before the first step: these parameters, moments of zero. */
	initialState(parameters: ReadonlyMap<string, { readonly data: Float32Array }>): State {
		return Object.fromEntries(
			this.step.state.map(({ name, shape }) => {
				const isValue = name.endsWith('.value');
				const size = shape.reduce((product, extent) => product * extent, 1);
				const values = isValue ? parameters.get(name.slice(0, -'.value'.length))!.data : undefined;
				return [name, floats(values ?? new Float32Array(size), shape)];
			}),
		);
	}

	async run(state: State, input: StepInput): Promise<StepOutput> {
		const { graph } = this.step;
		const feeds: Record<string, Value> = {
			...state,
			...named(input.noise ?? {}),
			learningRate: scalar(input.learningRate),
			firstCorrection: scalar(1 - BETA1 ** input.step),
			secondCorrection: scalar(Math.sqrt(1 - BETA2 ** input.step)),
		};
		input.features.forEach(({ data, shape }, k) => (feeds[`feature${k}`] = floats(data, shape)));
		if (graph.inputs.has('rank')) {
			const rank = hardMiningRank(this.points, input.share);
			feeds.rank = { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(rank)) };
		}
		if (input.learningRate2 !== undefined) feeds.learningRate2 = scalar(input.learningRate2);
		const wanted = Object.fromEntries([...graph.outputs.keys()].map((name) => [name, null]));
		const outputs = await this.session.run(feeds, wanted);
		return {
			state: Object.fromEntries(this.step.state.map(({ name }) => [name, outputs[nextName(name)]])),
			loss: Number(outputs.loss.data[0]),
			gradientNorm: Number(outputs.gradientNorm.data[0]),
			gradients: gradientsOf(outputs),
		};
	}

	async release(): Promise<void> {
		await this.session.release();
	}
}

function named(tensors: Readonly<Record<string, NamedTensor>>): Record<string, Value> {
	return Object.fromEntries(
		Object.entries(tensors).map(([name, { data, shape }]) => [name, floats(data, shape)]),
	);
}

function gradientsOf(outputs: Readonly<Record<string, Value>>): Map<string, Float32Array> {
	const prefix = 'gradient.';
	return new Map(
		Object.entries(outputs)
			.filter(([name]) => name.startsWith(prefix))
			.map(([name, { data }]) => [name.slice(prefix.length), data as Float32Array]),
	);
}

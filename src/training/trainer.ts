import { setImmediate as nextTick } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import { serialise } from '../graph';
import { BETA1, BETA2 } from '../model/optimizer';
import { tokenLayout, type EncoderDims } from '../model/layout';
import { initialParameters, parameterSpecs } from '../model/parameters';
import { hardMiningRank, hardMiningShareAt, learningRateAt } from '../model/schedule';
import { buildTrainingStep, nextName, type TrainingStep, type TrainingStepSpec } from '../model/trainingStep';
import { createRandom, deriveSeed } from '../random';
import { SEQUENCE_OUTPUT } from '../runtime/inPlace';
import { Session, type SessionOptions, type Value } from '../runtime/session';
import { halfToFloat32 } from '../weights/halfPrecision';
import { BatchSampler } from './batches';
import type { TrainingConfig } from './config';
import { NoiseSource } from './noise';
import { ResidentSession } from './residentSession';
import { TrainingState } from './state';
import type { StepSession } from './stepSession';
import { TfjsSession } from './tfjsSession';
import type { TrainingBackend } from './request';

/** Features of the training images: all groups of an image one after the other, each (tokens, D), as float16 bits. */
export interface FeatureSource {
	readonly count: number;
	get(index: number): Promise<Uint16Array>;
}

export interface TrainerOptions {
	readonly config: TrainingConfig;
	readonly dims: EncoderDims;
	readonly seed: number;
	readonly session: SessionOptions;
	/** `onnx` when absent. */
	readonly backend?: TrainingBackend;
}

/** Dinomaly2 trains the first layer of its bottleneck at a tenth of the rate. */
const REDUCED_RATE = 0.1;

export interface StepResult {
	/** Iterations finished so far. */
	readonly iteration: number;
	readonly loss: number;
	readonly gradientNorm: number;
}

/** With the threads' shares of it in turn, what comes and goes beside it stays within the caches of common processors. */
const PIECE_BYTES = 1_700_000;

/**
 * Trains bottleneck and decoder step by step. The same options, features and thread count give the same weights bit
 * for bit, whether in one go or from a saved state.
 */
export class Trainer {
	readonly losses: number[] = [];
	/** Whether a step failed that may have written part of its results. */
	private isLost = false;
	private readonly sampler: BatchSampler;
	private readonly noise: NoiseSource;
	private readonly batch: Map<string, Value & { readonly data: Uint16Array | Float32Array }>;

	private constructor(
		private readonly options: TrainerOptions,
		private readonly features: FeatureSource,
		private readonly session: StepSession,
		step: TrainingStep,
		private readonly state: TrainingState,
	) {
		const { config, dims, seed } = options;
		this.sampler = new BatchSampler(features.count, config.batchSize, seed);
		this.noise = new NoiseSource(
			step.noise,
			config.noise.kind === 'dropout' ? config.noise.rate : 0,
			seed,
		);
		const shape = [config.batchSize, tokenLayout(config, dims).encoderTokens, dims.dim];
		const size = shape.reduce((product, extent) => product * extent, 1);
		this.batch = new Map(
			Array.from({ length: config.groups }, (_, k) => [
				`feature${k}`,
				featureTypeFor(options) === 'float16'
					? { dtype: 'float16', shape, data: new Uint16Array(size) }
					: { dtype: 'float32', shape, data: new Float32Array(size) },
			]),
		);
	}

	static async create(options: TrainerOptions, features: FeatureSource): Promise<Trainer> {
		const { config, dims, seed } = options;
		const parameters = parameterSpecs(config, dims);
		const step = buildTrainingStep({
			config,
			optimiser: config,
			dims,
			parameters,
			images: config.batchSize,
			featureType: featureTypeFor(options),
			pieceBytes: options.session.device === 'cpu' ? PIECE_BYTES : 0,
			...(config.bottleneck === 'reduced'
				? { secondRate: (name: string) => name.startsWith('bottleneck.fc0.') }
				: {}),
		});
		const session =
			options.backend === 'tfjs'
				? await TfjsSession.create(
						config,
						dims,
						parameters.map(({ name }) => name),
					)
				: await openSession(step, options.session);
		const state = new TrainingState(
			step.state,
			initialParameters(parameters, createRandom(deriveSeed(seed, 'parameters'))),
		);
		return new Trainer(options, features, session, step, state);
	}

	/** What computes the steps. */
	get device(): string {
		return this.session.device;
	}

	/** What to expect of an uncommon way to compute; null for the common one. */
	get remark(): string | null {
		return this.session.remark ?? null;
	}

	/** Iterations finished. */
	get iteration(): number {
		return this.losses.length;
	}

	/** Runs one iteration. @throws LOSS_NOT_FINITE; after any failure the state is lost, and `loadState` must come before all else */
	async advance(): Promise<StepResult> {
		this.refuseLost();
		const iteration = this.losses.length;
		const { config } = this.options;
		await this.fillBatch(iteration);
		this.isLost = true;
		const results = await this.session.run(
			{
				...Object.fromEntries(this.batch),
				...this.state.feeds(),
				...this.noise.draw(iteration),
				...this.scalars(iteration),
			},
			{ ...this.state.fetches(), loss: float32(NaN), gradientNorm: float32(NaN) },
		);
		const loss = Number(results.loss.data[0]);
		const gradientNorm = Number(results.gradientNorm.data[0]);
		if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
			throw notFinite(iteration, loss, gradientNorm, config);
		this.isLost = false;
		this.session.resident?.advance();
		this.losses.push(loss);
		// Lets messages in, such as a cancel or a score request, before the next step holds the thread.
		await nextTick();
		return { iteration: iteration + 1, loss, gradientNorm };
	}

	/** Current parameter values by name. */
	async parameters(): Promise<Map<string, { data: Float32Array; shape: readonly number[] }>> {
		this.refuseLost();
		await this.session.resident?.fetch(this.state.feeds());
		return this.state.parameters();
	}

	/** Writes parameters and moments to a file. */
	async saveState(file: string): Promise<void> {
		this.refuseLost();
		await this.session.resident?.fetch(this.state.feeds());
		await this.state.save(file);
	}

	/** Goes on from parameters and moments in a file. @throws WEIGHTS_INVALID when the file is not the state of this model */
	async loadState(file: string): Promise<void> {
		await this.state.load(file);
		this.isLost = false;
		this.session.resident?.forget();
	}

	async release(): Promise<void> {
		await this.session.release();
	}

	private refuseLost(): void {
		if (this.isLost)
			throw new Error(
				'Expected the state of the last iteration, found that a failed step overwrote it',
			);
	}

	private scalars(iteration: number): Record<string, Value> {
		const { config, dims } = this.options;
		const t = iteration + 1;
		const points = config.batchSize * tokenLayout(config, dims).patches;
		const rank = hardMiningRank(points, hardMiningShareAt(iteration, config));
		return {
			learningRate: float32(learningRateAt(iteration, config)),
			...(config.bottleneck === 'reduced'
				? { learningRate2: float32(REDUCED_RATE * learningRateAt(iteration, config)) }
				: {}),
			firstCorrection: float32(1 - BETA1 ** t),
			secondCorrection: float32(Math.sqrt(1 - BETA2 ** t)),
			...(config.hardMining
				? { rank: { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(rank)) } }
				: {}),
		};
	}

	/** One image after the other in each group. */
	private async fillBatch(iteration: number): Promise<void> {
		const indices = this.sampler.batch(iteration);
		const halves = await Promise.all(indices.map((index) => this.features.get(index)));
		const images = featureTypeFor(this.options) === 'float16' ? halves : halves.map(halfToFloat32);
		for (const [group, { data }] of [...this.batch.values()].entries()) {
			const length = data.length / images.length;
			for (const [i, image] of images.entries())
				data.set(image.subarray(group * length, (group + 1) * length), i * length);
		}
	}
}

/** A session whose state stays on the device where that can keep it. */
async function openSession({ graph, state }: TrainingStep, options: SessionOptions): Promise<StepSession> {
	const session = await Session.create(
		// A device that keeps the state hands over next to nothing.
		serialise(graph, options.device === 'cpu' ? { sequenceOutput: SEQUENCE_OUTPUT } : {}),
		options,
		state.map(({ name }) => nextName(name)),
	);
	return session.keeps ? new ResidentSession(session, state, options) : session;
}

/** WebGPU has half precision on some adapters only and TensorFlow.js has none; the numbers are the same either way. */
function featureTypeFor({ session, backend }: TrainerOptions): TrainingStepSpec['featureType'] {
	return session.device === 'webgpu' || backend === 'tfjs' ? 'float32' : 'float16';
}

function float32(value: number): Value {
	return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}

function notFinite(
	iteration: number,
	loss: number,
	gradientNorm: number,
	config: TrainingConfig,
): DinomalyError {
	return new DinomalyError(
		'LOSS_NOT_FINITE',
		`Training stopped at iteration ${iteration + 1}: expected a finite loss, found ${loss} (gradient norm ${gradientNorm})`,
		{
			hint: `Lower the learning rate (now ${config.learningRate}) or check the images for blank ones; the last checkpoint is kept and can be resumed.`,
		},
	);
}

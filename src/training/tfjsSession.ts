import { DinomalyError } from '../errors';
import { ATTENTION_EPSILON } from '../model/decoder';
import { tokenLayout, type EncoderDims } from '../model/layout';
import type { Noise } from '../model/tfjs/decoder';
import { TfjsStep, type TfjsSettings, type TfjsState } from '../model/tfjs/step';
import type { Tensors, tf } from '../model/tfjs/types';
import { nextName } from '../model/trainingStep';
import type { Value } from '../runtime/session';
import { loadTfjs, type LoadedTfjs } from '../runtime/tfjs';
import type { TrainingConfig } from './config';
import type { StepSession } from './stepSession';

/** State tensors of a parameter in the graph's names, and where TensorFlow.js's step keeps them. */
const STATE_KINDS = {
	value: 'values',
	first: 'first',
	second: 'second',
	largestSecond: 'largestSecond',
} as const;

type StateKind = keyof typeof STATE_KINDS;

/** Noise inputs of the training step's graph in the names of TensorFlow.js's step. */
export const NOISE_NAMES: Readonly<Record<string, keyof Noise>> = {
	keepInput: 'input',
	keepReduced: 'reduced',
	keepHidden: 'hidden',
	keepOutput: 'output',
	jitter: 'jitter',
};

/** Dinomaly2's first bottleneck layer has a learning rate of its own. */
const SECOND_RATE_PREFIX = 'bottleneck.fc0.';

/**
 * Training steps in TensorFlow.js, with the inputs and outputs of the training step's graph, so that training, checkpoints and schedules
 * are the same. State travels to TensorFlow.js and back at every step.
 */
export class TfjsSession implements StepSession {
	private readonly step: TfjsStep;

	private constructor(
		private readonly loaded: LoadedTfjs,
		private readonly config: TrainingConfig,
		private readonly dims: EncoderDims,
		private readonly parameters: readonly string[],
	) {
		this.step = new TfjsStep(loaded.tf);
	}

	/**
	 * @param parameters names of all trainable tensors
	 * @throws RUNTIME_MISSING without TensorFlow.js; CONFIG_INVALID for a loss that its step does not know
	 */
	static async create(
		config: TrainingConfig,
		dims: EncoderDims,
		parameters: readonly string[],
	): Promise<TfjsSession> {
		const { loss = 'globalCosine' } = config;
		if (loss !== 'globalCosine')
			throw new DinomalyError(
				'CONFIG_INVALID',
				`Expected the loss globalCosine together with TensorFlow.js, found ${loss}`,
				{ hint: 'Train with ONNX Runtime, which knows all losses, or leave the loss out.' },
			);
		return new TfjsSession(await loadTfjs(), config, dims, parameters);
	}

	get device(): string {
		return this.loaded.name;
	}

	/** What to expect of it, in one sentence. */
	get remark(): string {
		return this.loaded.plain
			? `Training with ${this.device}: JavaScript alone, some forty times slower than ONNX Runtime; good for checking a step, not for training a model`
			: `Training with ${this.device}: the same weights to rounding; state travels to TensorFlow and back at every step`;
	}

	async run(
		feeds: Readonly<Record<string, Value>>,
		into: Readonly<Record<string, Value | null>>,
	): Promise<Record<string, Value>> {
		const { tf } = this.loaded;
		const state = tf.tidy(
			() => this.stateOf(feeds) as unknown as tf.TensorContainer,
		) as unknown as TfjsState;
		const batch = tf.tidy(
			() => this.batchOf(feeds) as unknown as tf.TensorContainer,
		) as unknown as ReturnType<TfjsSession['batchOf']>;
		const result = this.step.trainStep(state, batch, this.settingsOf(feeds));
		try {
			return await this.collect(result, into);
		} finally {
			tf.dispose([state, batch, result] as unknown as tf.TensorContainer);
		}
	}

	release(): Promise<void> {
		return Promise.resolve();
	}

	private stateOf(feeds: Readonly<Record<string, Value>>): TfjsState {
		const { tf } = this.loaded;
		const kind = (name: StateKind): Tensors =>
			Object.fromEntries(
				this.parameters.map((parameter) => {
					const fed = feeds[`${parameter}.${name}`] as Value | undefined;
					// Without amsgrad there is no largest moment; the step makes one that nobody reads.
					const { data, shape } = fed ?? feeds[`${parameter}.second`];
					return [parameter, tf.tensor(data as Float32Array, [...shape], 'float32')];
				}),
			);
		return {
			values: kind('value'),
			first: kind('first'),
			second: kind('second'),
			largestSecond: kind('largestSecond'),
		};
	}

	/** Features, and noise of rows [token][image], as (images, tokens, width). */
	private batchOf(feeds: Readonly<Record<string, Value>>): { features: tf.Tensor3D[]; noise: Noise } {
		const { tf } = this.loaded;
		const { batchSize: images, groups } = this.config;
		const byImage = ({ data, shape }: Value): tf.Tensor3D => {
			const width = shape[shape.length - 1];
			return tf
				.tensor(data as Float32Array, [data.length / width / images, images, width])
				.transpose<tf.Tensor3D>([1, 0, 2]);
		};
		const noise = Object.entries(NOISE_NAMES).flatMap(([fed, name]) =>
			Object.hasOwn(feeds, fed) ? [[name, byImage(feeds[fed])]] : [],
		);
		return {
			features: Array.from({ length: groups }, (_, k) => {
				const { data, shape } = feeds[`feature${k}`];
				return tf.tensor(data as Float32Array, shape as [number, number, number]);
			}),
			noise: Object.fromEntries(noise) as Noise,
		};
	}

	private settingsOf(feeds: Readonly<Record<string, Value>>): TfjsSettings {
		const { config, dims } = this;
		const { grid, prefix } = tokenLayout(config, dims);
		const scalar = (name: string): number => Number(feeds[name].data[0]);
		return {
			model: {
				dim: dims.dim,
				heads: dims.heads,
				grid,
				prefix,
				groups: config.groups,
				mixer: config.mixer,
				recentering: config.recentering,
				attentionEpsilon: ATTENTION_EPSILON,
				...(config.noise.kind === 'jitter' && { jitterScale: config.noise.scale }),
			},
			optimiser: config,
			mining: config.hardMining ? { hard: scalar('rank') + 1, factor: config.hardMiningFactor } : null,
			corrections: { first: scalar('firstCorrection'), secondRoot: scalar('secondCorrection') },
			learningRate: (name) =>
				scalar(
					name.startsWith(SECOND_RATE_PREFIX) && 'learningRate2' in feeds
						? 'learningRate2'
						: 'learningRate',
				),
		};
	}

	private async collect(
		{ state, loss, gradientNorm }: ReturnType<TfjsStep['trainStep']>,
		into: Readonly<Record<string, Value | null>>,
	): Promise<Record<string, Value>> {
		for (const [kind, held] of Object.entries(STATE_KINDS) as [StateKind, keyof TfjsState][]) {
			for (const parameter of this.parameters) {
				const target = into[nextName(`${parameter}.${kind}`)] as Value | null | undefined;
				if (target) (target.data as Float32Array).set(await state[held][parameter].data());
			}
		}
		const scalar = async (tensor: tf.Scalar): Promise<Value> => ({
			dtype: 'float32',
			shape: [],
			data: (await tensor.data()) as Float32Array,
		});
		return { loss: await scalar(loss), gradientNorm: await scalar(gradientNorm) };
	}
}

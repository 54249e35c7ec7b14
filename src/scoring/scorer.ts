import { quantiseLinears, serialise } from '../graph';
import { EVAL_SIDE } from '../model/anomalyMap';
import type { ModelConfig } from '../model/config';
import { tokenLayout, type EncoderDims } from '../model/layout';
import { buildScoring } from '../model/scoringGraph';
import type { DeviceName } from '../runtime/device';
import type { ScoringOptions } from '../runtime/precision';
import { Session } from '../runtime/session';

/** Trained tensors by name, in PyTorch's layout. */
export type DecoderParameters = ReadonlyMap<
	string,
	{ readonly data: Float32Array; readonly shape: readonly number[] }
>;

export interface MapAndScore {
	/** Image score: mean of the top 1 % of the map. */
	readonly score: number;
	/** Smoothed anomaly map, 256 x 256 values, row-major. */
	readonly map: Float32Array;
	/** What the map is made of: one value for each patch, row by row. */
	readonly distances: Float32Array;
}

/** A trained decoder in a session of its own: encoder features in, anomaly map and score out. */
export class Scorer {
	private constructor(
		private readonly session: Session,
		private readonly shape: readonly number[],
		private readonly groups: number,
		/** Patches along a side of what the encoder sees. */
		readonly grid: number,
	) {}

	static async load(
		config: ModelConfig,
		dims: EncoderDims,
		parameters: DecoderParameters,
		options: ScoringOptions,
	): Promise<Scorer> {
		const graph = buildScoring({ config, dims, parameters, images: 1 });
		const { encoderTokens, grid } = tokenLayout(config, dims);
		const computed = options.precision === 'int8' ? quantiseLinears(graph) : graph;
		const session = await Session.create(serialise(computed), options);
		return new Scorer(session, [1, encoderTokens, dims.dim], config.groups, grid);
	}

	get device(): DeviceName {
		return this.session.device;
	}

	/** @param features per group the float32 values (tokens, D) of one image */
	async score(features: readonly Float32Array[]): Promise<MapAndScore> {
		const feeds = Object.fromEntries(
			Array.from({ length: this.groups }, (_, k) => [
				`feature${k}`,
				{ dtype: 'float32', shape: this.shape, data: features[k] } as const,
			]),
		);
		const { map, score, distances } = await this.session.run(feeds, {
			map: null,
			score: null,
			distances: null,
		});
		return {
			score: Number(score.data[0]),
			map: Float32Array.from((map.data as Float32Array).subarray(0, EVAL_SIDE * EVAL_SIDE)),
			distances: Float32Array.from(distances.data as Float32Array),
		};
	}

	async release(): Promise<void> {
		await this.session.release();
	}
}

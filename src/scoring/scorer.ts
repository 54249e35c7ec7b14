import { serialise } from '../graph';
import { EVAL_SIDE } from '../model/anomalyMap';
import type { ModelConfig } from '../model/config';
import { tokenLayout, type EncoderDims } from '../model/layout';
import { buildScoring } from '../model/scoringGraph';
import type { DeviceName } from '../runtime/device';
import { inPrecision, type ScoringOptions } from '../runtime/precision';
import { BatchSessions } from '../runtime/batchSessions';
import type { DeviceValue, Value } from '../runtime/session';

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
		private readonly sessions: BatchSessions,
		/** Of one image's features, (tokens, D). */
		private readonly shape: readonly [number, number],
		/** Patches along a side of what the encoder sees. */
		readonly grid: number,
	) {}

	static async load(
		config: ModelConfig,
		dims: EncoderDims,
		parameters: DecoderParameters,
		options: ScoringOptions,
	): Promise<Scorer> {
		const { encoderTokens, grid } = tokenLayout(config, dims);
		const build = (images: number): Uint8Array => {
			const graph = buildScoring({ config, dims, parameters, images });
			return serialise(inPrecision(graph, options.precision));
		};
		return new Scorer(await BatchSessions.open(build, options), [encoderTokens, dims.dim], grid);
	}

	get device(): DeviceName {
		return this.sessions.device;
	}

	/** @param features per group the float32 values (tokens, D) of one image */
	async score(features: readonly Float32Array[]): Promise<MapAndScore> {
		const shape = [1, ...this.shape];
		const [scored] = await this.scoreAll(
			features.map((data) => ({ dtype: 'float32', shape, data })),
			1,
		);
		return scored;
	}

	/** Maps and scores of several images in one run. @param features per group (images, tokens, D) */
	async scoreAll(features: readonly (Value | DeviceValue)[], images: number): Promise<MapAndScore[]> {
		const session = await this.sessions.of(images);
		const feeds = Object.fromEntries(features.map((value, k) => [`feature${k}`, value]));
		const { map, score, distances } = await session.run(feeds, {
			map: null,
			score: null,
			distances: null,
		});
		const part = (values: Value, image: number, length: number): Float32Array =>
			Float32Array.from((values.data as Float32Array).subarray(image * length, (image + 1) * length));
		return Array.from({ length: images }, (_, image) => ({
			score: Number(score.data[image]),
			map: part(map, image, EVAL_SIDE * EVAL_SIDE),
			distances: part(distances, image, this.grid * this.grid),
		}));
	}

	async release(): Promise<void> {
		await this.sessions.release();
	}
}

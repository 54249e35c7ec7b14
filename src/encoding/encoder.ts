import { DinomalyError } from '../errors';
import type { FeatureLayout } from '../distribution/embedding';
import { quantiseLinears, serialise } from '../graph';
import { preprocess } from '../imaging/preprocess';
import type { RgbImage } from '../imaging/image';
import { buildEncoder } from '../model/encoder';
import type { EncoderDims } from '../model/layout';
import type { DeviceName } from '../runtime/device';
import type { ScoringOptions } from '../runtime/precision';
import { Session } from '../runtime/session';
import { openEncoder, type EncoderWeights } from '../weights/encoderWeights';
import type { ResolvedEncoder } from '../weights/resolveEncoder';
import { readSafetensors } from '../weights/safetensors';
import { targetLayers } from '../weights/targetLayers';

/** How images reach an encoder and how its layers are grouped. */
export interface EncodingConfig {
	readonly imageSize: number;
	readonly cropSize: number;
	readonly groups: number;
}

/** A frozen encoder whose weights are known but not loaded into a session yet. */
export interface EncoderFile {
	readonly resolved: ResolvedEncoder;
	readonly weights: EncoderWeights;
	readonly dims: EncoderDims;
}

/** Opens an encoder file and works out what the trainable part needs to know about it. */
export async function readEncoder(resolved: ResolvedEncoder): Promise<EncoderFile> {
	const weights = openEncoder(await readSafetensors(resolved.path));
	const { dim, heads, patch, registers, depth } = weights.architecture;
	return { resolved, weights, dims: { dim, heads, patch, registers, targetLayers: targetLayers(depth) } };
}

/** What the encoder gives for one image. */
export interface SeenImage {
	readonly features: readonly Float32Array[];
	readonly sums: Float32Array;
}

/** A loaded encoder: one image in, the mean features of each group out. */
export class Encoder {
	private constructor(
		private readonly session: Session,
		private readonly config: EncodingConfig,
		/** Values that one image gives, all groups together. */
		readonly featureLength: number,
		readonly layout: FeatureLayout,
	) {}

	static async load(file: EncoderFile, config: EncodingConfig, options: ScoringOptions): Promise<Encoder> {
		checkFit(config, file);
		const { weights, dims } = file;
		const { cropSize, groups } = config;
		const graph = buildEncoder({
			weights,
			cropSize,
			groups,
			images: 1,
			targetLayers: dims.targetLayers,
			// Of more than some 32 tokens ONNX Runtime's fused attention on WebGPU gives other numbers over SwiftShader, not on an NVIDIA H200 (1.30).
			plainAttention: options.device === 'webgpu',
		});
		const tokens = 1 + dims.registers + (cropSize / dims.patch) ** 2;
		return new Encoder(
			await Session.create(
				serialise(options.precision === 'int8' ? quantiseLinears(graph) : graph),
				options,
			),
			config,
			groups * tokens * dims.dim,
			{ groups, prefix: 1 + dims.registers, width: dims.dim },
		);
	}

	get device(): DeviceName {
		return this.session.device;
	}

	/** Features of one decoded image: per group float32 values (tokens, D), row-major. */
	async features(image: RgbImage): Promise<readonly Float32Array[]> {
		return (await this.see(image)).features;
	}

	/** The features together with the sums of `model/embedding`, groups * D values. */
	async see(image: RgbImage): Promise<SeenImage> {
		const { cropSize, groups } = this.config;
		const pixels = preprocess(image, this.config);
		const names = Array.from({ length: groups }, (_, k) => `feature${k}`);
		const results = await this.session.run(
			{ image: { dtype: 'float32', shape: [1, 3, cropSize, cropSize], data: pixels } },
			Object.fromEntries([...names, 'embedding'].map((name) => [name, null])),
		);
		return {
			features: names.map((name) => results[name].data as Float32Array),
			sums: results.embedding.data as Float32Array,
		};
	}

	async release(): Promise<void> {
		await this.session.release();
	}
}

function checkFit(
	{ cropSize, groups }: EncodingConfig,
	{ weights, dims: { patch }, resolved: { name } }: EncoderFile,
): void {
	if (cropSize % patch !== 0) {
		const lower = Math.max(1, Math.floor(cropSize / patch)) * patch;
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected a crop size that encoder ${name}'s patch of ${patch} px divides, found ${cropSize}`,
			{
				hint: `Set the crop size to ${lower} or ${lower + patch}.`,
			},
		);
	}
	const { family, gridSide } = weights.architecture;
	if (family === 'descriptors' && groups > 2) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected 1 or 2 groups of layers for encoder ${name}, which has no layers to make more of, found ${groups}`,
			{ hint: 'Set Loose Constraint (--groups) to 2, or choose an encoder that is a transformer.' },
		);
	}
	if (family === 'beit' && cropSize !== gridSide * patch) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected a crop size of ${gridSide * patch} for encoder ${name}, whose positions are fixed, found ${cropSize}`,
			{
				hint: `Set the crop size to ${gridSide * patch}.`,
			},
		);
	}
}

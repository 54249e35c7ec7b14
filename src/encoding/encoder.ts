import { DinomalyError } from '../errors';
import type { FeatureLayout } from '../distribution/embedding';
import { serialise } from '../graph';
import { preprocess } from '../imaging/preprocess';
import type { RgbImage } from '../imaging/image';
import { buildEncoder } from '../model/encoder';
import type { EncoderDims } from '../model/layout';
import type { DeviceName } from '../runtime/device';
import { inPrecision, type ScoringOptions } from '../runtime/precision';
import { BatchSessions } from '../runtime/batchSessions';
import { DeviceValue, type Value } from '../runtime/session';
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

/** What the encoder gives for several images at once. */
export interface SeenImages {
	/** Per group the float32 values (images, tokens, D); still on the device where the encoder keeps them: `freeFeatures`. */
	readonly features: readonly (Value | DeviceValue)[];
	/** The sums of `model/embedding`, (images, groups * D). */
	readonly sums: Float32Array;
}

export interface LoadOptions extends ScoringOptions {
	/** Whether features may stay on the device, for a decoder there. */
	readonly keepFeatures?: boolean;
}

/** A loaded encoder: images in, the mean features of each group out. */
export class Encoder {
	private constructor(
		private readonly sessions: BatchSessions,
		private readonly config: EncodingConfig,
		/** Values that one image gives, all groups together. */
		readonly featureLength: number,
		readonly layout: FeatureLayout,
	) {}

	static async load(
		file: EncoderFile,
		config: EncodingConfig,
		{ keepFeatures = false, ...options }: LoadOptions,
	): Promise<Encoder> {
		checkFit(config, file);
		const { weights, dims } = file;
		const { cropSize, groups } = config;
		const build = (images: number): Uint8Array => {
			const graph = buildEncoder({
				weights,
				cropSize,
				groups,
				images,
				targetLayers: dims.targetLayers,
				// Of more than some 32 tokens ONNX Runtime's fused attention on WebGPU gives other numbers over SwiftShader, not on an NVIDIA H200 (1.30).
				plainAttention: options.device === 'webgpu',
			});
			return serialise(inPrecision(graph, options.precision));
		};
		const kept = keepFeatures ? featureNames(groups) : [];
		const tokens = 1 + dims.registers + (cropSize / dims.patch) ** 2;
		return new Encoder(
			await BatchSessions.open(build, options, kept),
			config,
			groups * tokens * dims.dim,
			{ groups, prefix: 1 + dims.registers, width: dims.dim },
		);
	}

	get device(): DeviceName {
		return this.sessions.device;
	}

	/** Features of one decoded image: per group float32 values (tokens, D), row-major. Not of an encoder that keeps them on the device. */
	async features(image: RgbImage): Promise<readonly Float32Array[]> {
		const { features } = await this.seeAll([this.pixels(image)]);
		return features.map((value) => {
			if (value instanceof DeviceValue)
				throw new Error('Expected features in memory, found them kept on the device');
			return value.data as Float32Array;
		});
	}

	/** The sums of `model/embedding` of one decoded image, groups * D values. */
	async sums(image: RgbImage): Promise<Float32Array> {
		const seen = await this.seeAll([this.pixels(image)]);
		freeFeatures(seen);
		return seen.sums;
	}

	/** What the encoder takes of an image: normalised values (3, crop, crop). */
	pixels(image: RgbImage): Float32Array {
		return preprocess(image, this.config);
	}

	/** Features and sums of several images in one run. @param pixels of each, as `pixels` gives them */
	async seeAll(pixels: readonly Float32Array[]): Promise<SeenImages> {
		const { cropSize, groups } = this.config;
		const session = await this.sessions.of(pixels.length);
		const { values, kept } = await session.runKeeping({
			image: {
				dtype: 'float32',
				shape: [pixels.length, 3, cropSize, cropSize],
				data: joined(pixels),
			},
		});
		return {
			features: featureNames(groups).map((name) => kept.get(name) ?? values[name]),
			sums: values.embedding.data as Float32Array,
		};
	}

	async release(): Promise<void> {
		await this.sessions.release();
	}
}

/** Gives back what of them is on a device. */
export function freeFeatures({ features }: Pick<SeenImages, 'features'>): void {
	for (const value of features) if (value instanceof DeviceValue) value.free();
}

function featureNames(groups: number): string[] {
	return Array.from({ length: groups }, (_, k) => `feature${k}`);
}

function joined(parts: readonly Float32Array[]): Float32Array {
	if (parts.length === 1) return parts[0];
	const [{ length }] = parts;
	const all = new Float32Array(parts.length * length);
	for (const [i, part] of parts.entries()) all.set(part, i * length);
	return all;
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

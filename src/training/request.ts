import type { ModelConfig, OptimiserConfig } from '../model/config';
import type { DeviceName } from '../runtime/device';
import type { ZonesRequest } from '../zones/zonesRequest';
import type { TileRequest } from './tiles';

export type { DeviceName };

/** What computes training steps: ONNX Runtime, which comes with the package, or TensorFlow.js, which the user has installed. */
export const TRAINING_BACKENDS = ['onnx', 'tfjs'] as const;

export type TrainingBackend = (typeof TRAINING_BACKENDS)[number];

export type PresetName = 'fast' | 'balanced' | 'paper';

/** What a training needs to know; everything but data and model has a default from the preset. */
export interface TrainRequest {
	/** Folder of the model store. */
	readonly store: string;
	/** Dataset folder, in any layout that src/dataset knows. */
	readonly data: string;
	/** Categories to train on; all that have training images when absent. */
	readonly categories?: readonly string[];
	readonly model: string;
	/** Catalogue name or path of a safetensors file; DEFAULT_ENCODER when absent. */
	readonly encoder?: string;
	readonly preset?: PresetName;
	readonly overrides?: Partial<ModelConfig> & Partial<OptimiserConfig>;
	/** Cut images into tiles: for large images and small defects. The model keeps it, so it scores by the same tiles. */
	readonly tiles?: TileRequest;
	/** Where the model looks once it is trained; everywhere when absent. Training itself takes whole images, as the reference does. */
	readonly zones?: ZonesRequest;
	readonly seed?: number;
	/** Share of the normal training images held out for calibration, in [0, 0.9]; a tenth when absent, more of few images with tiles. */
	readonly calibrationShare?: number;
	/**
	 * Pattern that tells from file names which images show the same part, such as `*_{part}_*.jpg` (`dataset/partNames`): a part is then either
	 * trained on or held out. Every image is a part of its own when absent.
	 */
	readonly partNames?: string;
	/** One model per category, named `<model>-<category>`. */
	readonly separate?: boolean;
	/**
	 * Carry on from the newest checkpoint of this model's unfinished training; `auto` does so when that one has the same settings and
	 * images, and starts anew otherwise.
	 */
	readonly resume?: boolean | 'auto';
	readonly checkpointEvery?: number;
	/**
	 * Put a checkpoint into the object storage of the store so often, in milliseconds at least, and when the training is stopped, so that another
	 * machine can go on with it. They stay on this machine when absent, and with a store in a folder.
	 */
	readonly shareCheckpointsEveryMs?: number;
	readonly device?: DeviceName;
	/** Fail when `device` is not there, instead of falling back to the CPU. */
	readonly requireDevice?: boolean;
	readonly threads?: number;
	/** `onnx` when absent. Encoding and scoring are ONNX Runtime's either way. */
	readonly backend?: TrainingBackend;
	/** What to do with an image that cannot be read. */
	readonly onCorrupt?: 'skip' | 'fail';
	/** Keep computed features in this folder; a folder inside the store when absent. */
	readonly cacheDir?: string;
	readonly cacheLimitBytes?: number;
	/** Encoder downloads: hub endpoint and token. */
	readonly hub?: { readonly endpoint?: string; readonly token?: string };
}

export type TrainPhase = 'reading' | 'encoding' | 'training' | 'calibrating' | 'saving';

export interface TrainProgress {
	readonly model: string;
	readonly phase: TrainPhase;
	readonly done: number;
	readonly total: number;
	readonly loss?: number;
	readonly imagesPerSecond?: number;
	readonly etaSeconds?: number;
	/** A calm line for the user (a skipped image, the package's own encoder, the memory estimate). */
	readonly notice?: string;
}

export interface TrainedModel {
	readonly model: string;
	readonly version: string;
	/** Folder of the finished model. */
	readonly path: string;
	readonly categories: readonly string[];
	readonly encoder: string;
	readonly device: string;
	readonly iterations: number;
	readonly finalLoss: number;
	readonly trainImages: number;
	readonly calibrationImages: number;
	readonly skipped: readonly { readonly file: string; readonly reason: string }[];
	readonly seconds: { readonly encoding: number; readonly training: number; readonly total: number };
	readonly notices: readonly string[];
}

export interface TrainResult {
	readonly models: readonly TrainedModel[];
}

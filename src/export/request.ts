import type { ServedPrecision } from '../scoring/request';
import { parseRef, validateName } from '../store/names';

export const EXPORT_PRECISIONS = ['float32', 'float16', 'int8'] as const satisfies readonly ServedPrecision[];

/** Exactly one of `onnxPath` and `repository` says where it goes. */
export interface ExportRequest {
	readonly store: string;
	/** `name`, `name@version` or `name@alias`. */
	readonly model: string;
	/** Where one file is written: image in, map and score out. */
	readonly onnxPath?: string;
	/** The folder of models that an inference server loads; `<name on the server>/<version>/model.onnx` is written below it. */
	readonly repository?: string;
	/** Name on the server; that of the model when absent, followed by the precision unless that is float32. */
	readonly serverModel?: string;
	/** Numbers that linear layers multiply in; `float32` when absent. The others need `data`. */
	readonly precision?: ServedPrecision;
	/** Images that the export is held against the model with: a dataset, or a plain folder; pictures that are drawn when absent. */
	readonly data?: string;
	readonly threads?: number;
}

export interface ExportContext {
	readonly signal: AbortSignal;
}

/** How far an export was from the model that it was made of, image by image, on the CPU. */
export interface ExportCheck {
	/** When it was made, ISO 8601. */
	readonly created: string;
	/** Last part of the path of the folder of images, or that pictures were drawn. */
	readonly source: string;
	readonly images: number;
	/** Images that were left out, because they could not be read or the zones do not fit them. */
	readonly skipped: number;
	/** Largest difference of a score. */
	readonly scoreDifference: number;
	/** Largest difference of a score, as a share of the model's own. */
	readonly scoreChange: number;
	/** Largest difference of a value of an anomaly map. */
	readonly mapDifference: number;
}

export interface ExportResult {
	readonly model: string;
	readonly version: string;
	/** The file, or the model's folder in the repository. */
	readonly path: string;
	/** Size of the ONNX file. */
	readonly bytes: number;
	readonly precision: ServedPrecision;
	readonly check: ExportCheck;
	/** Name on the server; absent for one file. */
	readonly serverModel?: string;
}

/** The name that a version gets on a server; throws CONFIG_INVALID as names of models do. */
export function serverName({
	model,
	serverModel,
	precision = 'float32',
}: Pick<ExportRequest, 'model' | 'serverModel' | 'precision'>): string {
	const { name } = parseRef(model);
	return validateName(serverModel ?? (precision === 'float32' ? name : `${name}-${precision}`), 'model');
}

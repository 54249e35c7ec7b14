import type {
	CalibrateRequest,
	CalibrateResult,
	QuantiseRequest,
	QuantiseResult,
} from '../calibration/request';
import type { ImageHeadersRequest } from '../dataset/imageHeaders';
import type { DatasetInspection, ImageHeader } from '../dataset/inspect';
import type { InspectRequest } from '../dataset/inspectFolder';
import type { AddedImage, AddImageRequest } from '../dataset/intake';
import type { DrawSampleOptions, SampleDataset } from '../dataset/sample';
import type { ItemPictures, ItemPicturesRequest } from '../evaluation/itemPictures';
import type { ReportRequest, ReportResult } from '../evaluation/report/request';
import type {
	EvaluateMapsRequest,
	EvaluateMapsResult,
	EvaluateRequest,
	EvaluateResult,
} from '../evaluation/request';
import type { MeasureRequest, MeasureResult } from '../evaluation/drift/request';
import { DinomalyError } from '../errors';
import type { ErrorCode } from '../errors';
import type { ExportRequest, ExportResult } from '../export/request';
import type { ScoreOutcome, ScoreRequest } from '../scoring/request';
import type { StoreConnection } from '../store/objects/connection';
import type { LossCurvePicture, LossCurveRequest } from '../training/lossCurvePng';
import type { TrainProgress, TrainRequest, TrainResult } from '../training/request';

/** Raised whenever a message changes its shape; copies of the package share an engine only when they agree on it. */
export const PROTOCOL_VERSION = 7;

export interface SampleRequest extends Omit<DrawSampleOptions, 'encoder' | 'signal' | 'onProgress'> {
	/** Folder that receives the dataset; created when absent. */
	readonly dir: string;
}

export interface DoctorRequest {
	readonly store: string;
	readonly device?: TrainRequest['device'];
	readonly requireDevice?: boolean;
	readonly threads?: number;
}

export interface DoctorCheck {
	readonly check: string;
	readonly status: 'ok' | 'warn' | 'fail';
	/** What was found. */
	readonly detail: string;
	/** What to do about it; empty when all is well. */
	readonly advice: string;
}

export interface DoctorReport {
	readonly checks: readonly DoctorCheck[];
}

/** Every kind of work that the engine process does: what it takes and what it gives back. */
export interface JobTypes {
	train: { request: TrainRequest; result: TrainResult };
	/** The outcomes travel as events, one as soon as each is done; the reply is their number. */
	score: { request: ScoreRequest; result: number };
	evaluate: { request: EvaluateRequest; result: EvaluateResult };
	evaluateMaps: { request: EvaluateMapsRequest; result: EvaluateMapsResult };
	calibrate: { request: CalibrateRequest; result: CalibrateResult };
	quantise: { request: QuantiseRequest; result: QuantiseResult };
	makeReport: { request: ReportRequest; result: ReportResult };
	itemPictures: { request: ItemPicturesRequest; result: ItemPictures[] };
	exportModel: { request: ExportRequest; result: ExportResult };
	drawSample: { request: SampleRequest; result: SampleDataset };
	doctor: { request: DoctorRequest; result: DoctorReport };
	addImage: { request: AddImageRequest; result: AddedImage };
	inspectDataset: { request: InspectRequest; result: DatasetInspection };
	imageHeaders: { request: ImageHeadersRequest; result: (ImageHeader | null)[] };
	lossCurve: { request: LossCurveRequest; result: LossCurvePicture };
	measureImages: { request: MeasureRequest; result: MeasureResult };
}

export type JobName = keyof JobTypes;

export const JOB_NAMES = [
	'train',
	'score',
	'evaluate',
	'evaluateMaps',
	'calibrate',
	'quantise',
	'makeReport',
	'itemPictures',
	'exportModel',
	'drawSample',
	'doctor',
	'addImage',
	'inspectDataset',
	'imageHeaders',
	'lossCurve',
	'measureImages',
] as const satisfies readonly JobName[];

/** What a job tells while it runs. */
export type JobEvent =
	| { readonly kind: 'progress'; readonly progress: TrainProgress }
	| { readonly kind: 'count'; readonly done: number; readonly total: number }
	| { readonly kind: 'outcome'; readonly index: number; readonly outcome: ScoreOutcome };

/** An error as plain data: a class does not survive the way between processes. */
export interface WireError {
	/** Absent when the error is not one of ours. */
	readonly code?: ErrorCode;
	readonly message: string;
	readonly hint?: string;
	readonly stack?: string;
}

/** Failures are answers too, so that code and hint arrive whole. */
export type Reply<T> =
	{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError };

/** What the engine process offers to its host. */
export type EngineFunctions = {
	[K in JobName]: (jobId: string, request: JobTypes[K]['request']) => Promise<Reply<JobTypes[K]['result']>>;
} & {
	/** Asks a job to end at its next step; a job that is not there is no error. */
	cancel: (jobId: string) => void;
	/** Tells how the object storage is reached that a store folder is the local part of, before the first job that needs it. */
	connect: (storeFolder: string, connection: StoreConnection) => void;
};

/** What the host offers to its engine process. */
export interface HostFunctions {
	event: (jobId: string, event: JobEvent) => void;
	/** The last words of an engine process that is about to exit. */
	fatal: (error: WireError) => void;
}

/** Turns anything thrown into plain data. */
export function toWireError(error: unknown): WireError {
	if (isDinomalyError(error)) {
		const { code, message, hint, stack } = error;
		return { code, message, hint, stack };
	}
	if (error instanceof Error) return { message: error.message, stack: error.stack };
	return { message: String(error) };
}

/** An error of another process, which may be broken: whatever it sent, this has a message. */
export function readWireError(sent: unknown): WireError {
	const { code, message, hint, stack } = (sent ?? {}) as Record<keyof WireError, unknown>;
	return {
		...(typeof code === 'string' && { code: code as ErrorCode }),
		message: typeof message === 'string' ? message : 'unknown reason',
		...(typeof hint === 'string' && { hint }),
		...(typeof stack === 'string' && { stack }),
	};
}

/** Builds the error to throw from plain data: a DinomalyError with code, message and hint, or an Error with the message. */
export function fromWireError({ code, message, hint, stack }: WireError): Error {
	const error = code === undefined ? new Error(message) : new DinomalyError(code, message, { hint });
	if (stack !== undefined) error.stack = stack;
	return error;
}

/** By name, not by class: a second copy of the package has a class of its own. */
function isDinomalyError(error: unknown): error is DinomalyError {
	return error instanceof Error && error.name === 'DinomalyError' && 'code' in error;
}

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
import type { SampleDataset } from '../dataset/sample';
import type { ItemPictures, ItemPicturesRequest } from '../evaluation/itemPictures';
import type { ReportRequest, ReportResult } from '../evaluation/report/request';
import type { MeasureRequest, MeasureResult } from '../evaluation/drift/request';
import type {
	EvaluateMapsRequest,
	EvaluateMapsResult,
	EvaluateRequest,
	EvaluateResult,
} from '../evaluation/request';
import type { ExportRequest, ExportResult } from '../export/request';
import type { ScoreOutcome, ScoreRequest } from '../scoring/request';
import type { LossCurvePicture, LossCurveRequest } from '../training/lossCurvePng';
import type { TrainProgress, TrainRequest, TrainResult } from '../training/request';
import type { DoctorReport, DoctorRequest, SampleRequest } from './protocol';

/** A job ends at its next step with a rejection once the signal fires. */
export interface JobContext {
	readonly signal: AbortSignal;
}

export interface TrainContext extends JobContext {
	readonly onProgress: (progress: TrainProgress) => void;
}

export interface ScoreContext extends JobContext {
	readonly onOutcome: (outcome: ScoreOutcome, index: number) => void;
}

export interface CountContext extends JobContext {
	readonly onProgress: (done: number, total: number) => void;
}

/** The functions that do the engine's work; tests pass their own. */
export interface JobModules {
	readonly train: (request: TrainRequest, context: TrainContext) => Promise<TrainResult>;
	readonly score: (request: ScoreRequest, context: ScoreContext) => Promise<ScoreOutcome[]>;
	readonly evaluate: (request: EvaluateRequest, context: CountContext) => Promise<EvaluateResult>;
	readonly evaluateMaps: (
		request: EvaluateMapsRequest,
		context: CountContext,
	) => Promise<EvaluateMapsResult>;
	readonly calibrate: (request: CalibrateRequest, context: CountContext) => Promise<CalibrateResult>;
	readonly quantise: (request: QuantiseRequest, context: CountContext) => Promise<QuantiseResult>;
	readonly makeReport: (request: ReportRequest, context: JobContext) => Promise<ReportResult>;
	readonly itemPictures: (request: ItemPicturesRequest, context: JobContext) => Promise<ItemPictures[]>;
	readonly exportModel: (request: ExportRequest, context: JobContext) => Promise<ExportResult>;
	readonly drawSample: (request: SampleRequest, context: CountContext) => Promise<SampleDataset>;
	readonly doctor: (request: DoctorRequest, context: JobContext) => Promise<DoctorReport>;
	readonly addImage: (request: AddImageRequest, context: CountContext) => Promise<AddedImage>;
	readonly inspectDataset: (request: InspectRequest, context: CountContext) => Promise<DatasetInspection>;
	readonly imageHeaders: (
		request: ImageHeadersRequest,
		context: JobContext,
	) => Promise<(ImageHeader | null)[]>;
	readonly lossCurve: (request: LossCurveRequest, context: JobContext) => Promise<LossCurvePicture>;
	readonly measureImages: (request: MeasureRequest, context: CountContext) => Promise<MeasureResult>;
}

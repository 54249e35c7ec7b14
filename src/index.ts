/** What code outside n8n uses: the engine, its requests and results, and the readers of datasets and stores. */
export { openEngine } from './engine/host';
export type {
	CallOptions,
	Engine,
	EngineOptions,
	CountOptions,
	ScoreOptions,
	TrainOptions,
} from './engine/host';
export type { DoctorCheck, DoctorReport, DoctorRequest, SampleRequest } from './engine/protocol';
export { DinomalyError } from './errors';
export type { ErrorCode } from './errors';
export type * from './dataset/dataset';
export type { DatasetInspection } from './dataset/inspect';
export type { InspectRequest } from './dataset/inspectFolder';
export type { AddedImage, AddImageRequest, NewImage } from './dataset/intake';
export type { SampleDataset } from './dataset/sample';
export { scanDataset } from './dataset/scan';
export type { ScanOptions } from './dataset/scan';
export type * from './evaluation/request';
export type * from './evaluation/report/data';
export type * from './evaluation/report/request';
export type * from './model/config';
export type { ExportCheck, ExportRequest, ExportResult } from './export/request';
export type * from './scoring/request';
export type * from './store/evaluationRun';
export { EvaluationRuns } from './store/evaluationRuns';
export { FolderStore } from './store/folderStore';
export type * from './store/modelStore';
export { defaultStore } from './store/paths';
export type * from './training/request';

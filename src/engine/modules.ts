/* eslint-disable @typescript-eslint/no-require-imports -- each part is loaded by the first job that needs it, so that a part
   whose native library does not load fails that job, with its own diagnosis, and not the whole engine */
import type * as Sample from '../dataset/sample';
import type * as Evaluate from '../evaluation/evaluate';
import type { EvaluateRequest, EvaluateResult } from '../evaluation/request';
import type * as Export from '../scoring/export';
import type { ExportRequest, ExportResult } from '../scoring/export';
import type { ScoreOutcome, ScoreRequest } from '../scoring/request';
import type * as Score from '../scoring/score';
import type { TrainProgress, TrainRequest, TrainResult } from '../training/request';
import type * as Train from '../training/train';
import type * as Doctor from './doctor';
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
	readonly exportModel: (request: ExportRequest, context: JobContext) => Promise<ExportResult>;
	readonly drawSample: (request: SampleRequest, context: CountContext) => Promise<Sample.SampleDataset>;
	readonly doctor: (request: DoctorRequest, context: JobContext) => Promise<DoctorReport>;
}

/** The real ones, each loaded at its first use. */
export const lazyModules: JobModules = {
	train: (request, context) => (require('../training/train') as typeof Train).trainModel(request, context),
	score: (request, context) => (require('../scoring/score') as typeof Score).scoreImages(request, context),
	evaluate: (request, context) =>
		(require('../evaluation/evaluate') as typeof Evaluate).evaluateModel(request, context),
	exportModel: (request, context) =>
		(require('../scoring/export') as typeof Export).exportModel(request, context),
	drawSample: ({ dir, ...options }, context) =>
		(require('../dataset/sample') as typeof Sample).drawSample(dir, { ...options, ...context }),
	doctor: (request, context) => (require('./doctor') as typeof Doctor).runDoctor(request, context),
};

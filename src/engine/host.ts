import type {
	CalibrateRequest,
	CalibrateResult,
	QuantiseRequest,
	QuantiseResult,
} from '../calibration/request';
import { join } from 'node:path';
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
import { unexpected } from './inbox';
import { fromWireError, PROTOCOL_VERSION } from './protocol';
import type { DoctorReport, DoctorRequest, JobEvent, JobName, JobTypes, SampleRequest } from './protocol';
import { SharedEngine } from './sharedEngine';
import { packageVersion } from '../packageVersion';

export interface EngineOptions {
	/** Program of the engine process; only tests set it. Callers share an engine when their entries are the same. */
	readonly entry?: string;
	/** How long the engine process is kept without work, in milliseconds; the first caller's choice holds. */
	readonly idleMs?: number;
}

export interface CallOptions {
	readonly signal?: AbortSignal;
	/** How long a cancelled job may take to end before it is given up, in milliseconds. */
	readonly graceMs?: number;
	/** Lines that the engine process prints meanwhile. */
	readonly onLog?: (line: string) => void;
}

export interface TrainOptions extends CallOptions {
	readonly onProgress?: (progress: TrainProgress) => void;
}

export interface ScoreOptions extends CallOptions {
	/** Called for each image as soon as it is done, with its position in the request. */
	readonly onOutcome?: (outcome: ScoreOutcome, index: number) => void;
}

export interface CountOptions extends CallOptions {
	readonly onProgress?: (done: number, total: number) => void;
}

/** The engine as its callers see it: every call may run for long, none blocks, each rejects with a DinomalyError. */
export interface Engine {
	train(request: TrainRequest, options?: TrainOptions): Promise<TrainResult>;
	/** Outcomes in the order of the request's images; an image that fails is an outcome, not a rejection. */
	score(request: ScoreRequest, options?: ScoreOptions): Promise<ScoreOutcome[]>;
	evaluate(request: EvaluateRequest, options?: CountOptions): Promise<EvaluateResult>;
	/** Pixel metrics of anomaly maps that were made before. */
	evaluateMaps(request: EvaluateMapsRequest, options?: CountOptions): Promise<EvaluateMapsResult>;
	/** Publishes a version of a model with other thresholds, without training. */
	calibrate(request: CalibrateRequest, options?: CountOptions): Promise<CalibrateResult>;
	quantise(request: QuantiseRequest, options?: CountOptions): Promise<QuantiseResult>;
	/** A report of an evaluation: a page, Markdown, JSON, and its plots as pictures. */
	makeReport(request: ReportRequest, options?: CallOptions): Promise<ReportResult>;
	itemPictures(request: ItemPicturesRequest, options?: CallOptions): Promise<ItemPictures[]>;
	exportModel(request: ExportRequest, options?: CallOptions): Promise<ExportResult>;
	drawSample(request: SampleRequest, options?: CountOptions): Promise<SampleDataset>;
	doctor(request: DoctorRequest, options?: CallOptions): Promise<DoctorReport>;
	/** Adds an image to a dataset once; progress counts images of the dataset that are hashed for the first time. */
	addImage(request: AddImageRequest, options?: CountOptions): Promise<AddedImage>;
	inspectDataset(request: InspectRequest, options?: CountOptions): Promise<DatasetInspection>;
	/** Sizes of image files; null for one that is no image. */
	imageHeaders(request: ImageHeadersRequest, options?: CallOptions): Promise<(ImageHeader | null)[]>;
	/** The loss of a stored model's training as a picture. */
	lossCurve(request: LossCurveRequest, options?: CallOptions): Promise<LossCurvePicture>;
	/** How images were taken, and their scores when a model is named; of a folder or of images at hand. */
	measureImages(request: MeasureRequest, options?: CountOptions): Promise<MeasureResult>;
	/** Process id of the engine process, while there is one. */
	readonly pid: number | undefined;
	/** Ends the engine process; jobs in it fail with CANCELLED. The next call starts another. */
	close(): Promise<void>;
}

const DEFAULT_IDLE_MS = 10 * 60_000;
const DEFAULT_GRACE_MS = 10_000;
/** n8n may load the package twice, each copy with modules of its own: what they share must hang on something global. */
const REGISTRY = Symbol.for('n8n-nodes-dinomaly.engine');

/**
 * The engine of this process, shared by all callers. Nothing is started before the first call; a dead engine process is replaced at the
 * next call; an idle one is ended after a while and never keeps the host alive.
 *
 * @example
 * const { models } = await openEngine().train({ store, data: '/data/bottles', model: 'bottles' });
 */
export function openEngine(options: EngineOptions = {}): Engine {
	const { entry = defaultEntry(), idleMs = DEFAULT_IDLE_MS } = options;
	const registry = engineRegistry();
	// Copies of one version lie in different folders and still mean the same program.
	const key = `${String(PROTOCOL_VERSION)}:${options.entry ?? packageVersion()}`;
	const shared = registry.get(key) ?? new SharedEngine(entry, idleMs);
	registry.set(key, shared);
	return facade(shared);
}

/** Each copy of the package has its own, so that errors are of the class that the caller knows. */
function facade(shared: SharedEngine): Engine {
	const call = async <K extends JobName>(
		name: K,
		request: JobTypes[K]['request'],
		{ signal, graceMs = DEFAULT_GRACE_MS, onLog }: CallOptions,
		onEvent: (event: JobEvent) => void = ignore,
	): Promise<JobTypes[K]['result']> => {
		const reply = await shared.run(name, request, { signal, graceMs, onLog, onEvent });
		if (!reply.ok) throw fromWireError(reply.error);
		return reply.value;
	};
	return {
		train: (request, options = {}) =>
			call('train', request, options, (event) => {
				if (event.kind === 'progress') options.onProgress?.(event.progress);
			}),
		score: async (request, options = {}) => {
			const { length } = request.images;
			const told = new Map<number, ScoreOutcome>();
			await call('score', request, options, (event) => {
				// One told twice, or of an image that nobody sent, would be an item of n8n.
				if (event.kind !== 'outcome' || event.index >= length || told.has(event.index)) return;
				told.set(event.index, event.outcome);
				options.onOutcome?.(event.outcome, event.index);
			});
			const outcomes = Array.from({ length }, (_, index) => told.get(index));
			if (outcomes.every((outcome) => outcome !== undefined)) return outcomes;
			throw unexpected(`the outcomes of ${length} images`, told.size);
		},
		evaluate: (request, options = {}) => call('evaluate', request, options, counted(options)),
		evaluateMaps: (request, options = {}) => call('evaluateMaps', request, options, counted(options)),
		calibrate: (request, options = {}) => call('calibrate', request, options, counted(options)),
		quantise: (request, options = {}) => call('quantise', request, options, counted(options)),
		makeReport: (request, options = {}) => call('makeReport', request, options),
		itemPictures: (request, options = {}) => call('itemPictures', request, options),
		exportModel: (request, options = {}) => call('exportModel', request, options),
		drawSample: (request, options = {}) => call('drawSample', request, options, counted(options)),
		doctor: (request, options = {}) => call('doctor', request, options),
		addImage: (request, options = {}) => call('addImage', request, options, counted(options)),
		inspectDataset: (request, options = {}) => call('inspectDataset', request, options, counted(options)),
		imageHeaders: (request, options = {}) => call('imageHeaders', request, options),
		lossCurve: (request, options = {}) => call('lossCurve', request, options),
		measureImages: (request, options = {}) => call('measureImages', request, options, counted(options)),
		get pid() {
			return shared.pid;
		},
		close: () => shared.close(),
	};
}

function counted({ onProgress }: CountOptions): (event: JobEvent) => void {
	return (event) => {
		if (event.kind === 'count') onProgress?.(event.done, event.total);
	};
}

function engineRegistry(): Map<string, SharedEngine> {
	const holder = globalThis as { [REGISTRY]?: Map<string, SharedEngine> };
	return (holder[REGISTRY] ??= new Map<string, SharedEngine>());
}

/** The compiled program beside this file; where this file runs uncompiled (tests), the one that the build made. */
function defaultEntry(): string {
	if (!__filename.endsWith('.ts')) return join(__dirname, 'process.js');
	return join(__dirname, '..', '..', 'dist', 'src', 'engine', 'process.js');
}

function ignore(): void {
	// most jobs tell nothing while they run
}

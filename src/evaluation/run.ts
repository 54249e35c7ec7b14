import type { CategoryOfRun, EvaluationRun, MetricValues, SettingsOfRun } from '../store/evaluationRun';
import { newRunId } from '../store/runId';
import { DEFAULT_MAX_FPR } from './metrics/aupro';
import { METRICS } from './metricNames';
import type { MetricSet } from './metricNames';
import type { CategoryEvaluation, EvaluateResult } from './request';

/** The record of an evaluation, with a new id. */
export function runOf(result: EvaluateResult, moment = new Date()): EvaluationRun {
	const { madeWith } = result;
	return {
		schemaVersion: 1,
		id: newRunId(moment),
		created: moment.toISOString(),
		source: 'dataset',
		model: { name: result.model, version: result.version, sha256: madeWith.modelSha256 },
		encoder: { name: result.encoder, sha256: madeWith.encoderSha256 },
		preprocessing: {
			imageSize: madeWith.imageSize,
			cropSize: madeWith.cropSize,
			...(madeWith.tiling !== null && { tiling: madeWith.tiling }),
		},
		dataset: { root: madeWith.datasetRoot, fingerprint: madeWith.datasetFingerprint },
		device: result.device,
		maskRule: madeWith.maskRule,
		settings: {
			maxFpr: madeWith.maxFpr,
			pixelMode: madeWith.pixelMode,
			falseAlarmRate: madeWith.falseAlarmRate,
			...(madeWith.thresholdRule !== null && { thresholdRule: madeWith.thresholdRule }),
			...(madeWith.zonesSha256 !== null && { zonesSha256: madeWith.zonesSha256 }),
			threads: madeWith.threads,
		},
		versions: { ...madeWith.versions },
		categories: result.categories.map(categoryOfRun),
		mean: metricsOf(result.mean),
		images: result.images,
		failures: result.failures.length,
		notices: result.notices,
		seconds: result.seconds,
	};
}

/** The false positive rate up to which a run's AUPRO averages. */
export function maxFprOf({ settings }: { readonly settings?: SettingsOfRun }): number {
	return settings?.maxFpr ?? DEFAULT_MAX_FPR;
}

export function categoryOfRun({ images, ...rest }: CategoryEvaluation): CategoryOfRun {
	const { category, intervals, reasons, threshold, falseAlarms, misses } = rest;
	const { pixelMode, errorBounds, defectTypes, pixelCurves, inspectedShare } = rest;
	return {
		category,
		...images,
		metrics: metricsOf(rest),
		intervals,
		...(inspectedShare !== null && { inspectedShare }),
		reasons,
		threshold,
		falseAlarms,
		misses,
		pixelMode,
		errorBounds,
		defectTypes: defectTypes.map((kind) => ({ ...kind, metrics: { ...kind.metrics } })),
		pixelCurves,
	};
}

export function metricsOf(metrics: MetricSet): MetricValues {
	return Object.fromEntries(METRICS.map(({ name }) => [name, metrics[name]]));
}

import type { CategoryOfRun, EvaluationRun, MetricValues } from '../store/evaluationRun';
import { newRunId } from '../store/runId';
import { METRICS } from './metricNames';
import type { CategoryEvaluation, EvaluateResult, MetricSet } from './request';

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
		preprocessing: { imageSize: madeWith.imageSize, cropSize: madeWith.cropSize },
		dataset: { root: madeWith.datasetRoot, fingerprint: madeWith.datasetFingerprint },
		device: result.device,
		maskRule: madeWith.maskRule,
		versions: { ...madeWith.versions },
		categories: result.categories.map(categoryOfRun),
		mean: metricsOf(result.mean),
		images: result.images,
		failures: result.failures.length,
		notices: result.notices,
		seconds: result.seconds,
	};
}

export function categoryOfRun({ images, ...rest }: CategoryEvaluation): CategoryOfRun {
	const { category, intervals, pixelCurves, reasons, threshold, falseAlarms, misses } = rest;
	return {
		category,
		...images,
		metrics: metricsOf(rest),
		intervals,
		pixelCurves,
		reasons,
		threshold,
		falseAlarms,
		misses,
	};
}

export function metricsOf(metrics: MetricSet): MetricValues {
	return Object.fromEntries(METRICS.map(({ name }) => [name, metrics[name]]));
}

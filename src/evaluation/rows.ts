import type { CategoryOfRun, EvaluationRun } from '../store/evaluationRun';
import type { GateVerdict } from './gate';
import { confusionOf } from './confusion';
import { isFewImages } from './fewImages';
import { IMAGE_METRICS, METRICS, PIXEL_METRICS } from './metricNames';
import { maxFprOf } from './run';

/** Flat and of one shape, so that a table can take it: a value that is not defined is null. */
export type EvaluationRow = Record<string, string | number | boolean | null>;

export interface RowContext {
	readonly previous?: EvaluationRun;
	readonly verdict?: GateVerdict;
	/** Whether the run was stored, and its id can be asked for later. */
	readonly recorded: boolean;
}

/** What the row of the means has as its category. */
export const MEAN = 'mean';

/** A row for each category of a run. */
export function categoryRows(run: EvaluationRun, context: RowContext): EvaluationRow[] {
	return run.categories.map((row) => ({
		category: row.category,
		...metricColumns(row.metrics),
		...intervalColumns(row),
		...countColumns([row]),
		inspectedShare: row.inspectedShare ?? null,
		threshold: row.threshold,
		metricReason: reasonsOf(row.reasons),
		...runColumns(run, context),
	}));
}

/** The row of the means over categories. */
export function meanRow(run: EvaluationRun, context: RowContext): EvaluationRow {
	return {
		category: MEAN,
		...metricColumns(run.mean),
		...intervalColumns(),
		...countColumns(run.categories),
		inspectedShare: null,
		threshold: null,
		metricReason: METRICS.some(({ name }) => typeof run.mean[name] !== 'number')
			? 'A metric without a value is not defined in any category'
			: null,
		...runColumns(run, context),
	};
}

function metricColumns(metrics: EvaluationRun['mean']): EvaluationRow {
	return Object.fromEntries(METRICS.map(({ name }) => [name, metrics[name] ?? null]));
}

/** A mean has none: categories differ in more than chance. */
function intervalColumns(row?: CategoryOfRun): EvaluationRow {
	return Object.fromEntries(
		IMAGE_METRICS.flatMap((name) => {
			const [low, high] = row?.intervals?.[name] ?? [null, null];
			return [
				[`${name}Low`, low],
				[`${name}High`, high],
			];
		}),
	);
}

function countColumns(categories: readonly CategoryOfRun[]): EvaluationRow {
	const sum = (count: (row: CategoryOfRun) => number): number =>
		categories.reduce((total, row) => total + count(row), 0);
	const goodImages = sum(({ good }) => good);
	const anomalousImages = sum(({ anomalous }) => anomalous);
	const found = confusionOf(categories);
	return {
		images: goodImages + anomalousImages,
		goodImages,
		anomalousImages,
		maskedImages: sum(({ withMask }) => withMask),
		fewImages: categories.some(isFewImages),
		falseAlarms: found?.falseAlarms ?? null,
		misses: found?.misses ?? null,
		passedImages: found?.passed ?? null,
		foundImages: found?.found ?? null,
		falseAlarmRate: found?.falseAlarmRate ?? null,
		falseAlarmRateLow: found?.falseAlarmInterval?.[0] ?? null,
		falseAlarmRateHigh: found?.falseAlarmInterval?.[1] ?? null,
		missRate: found?.missRate ?? null,
		missRateLow: found?.missInterval?.[0] ?? null,
		missRateHigh: found?.missInterval?.[1] ?? null,
		pixelErrorBound: errorBoundOf(categories),
	};
}

function runColumns(run: EvaluationRun, { previous, verdict, recorded }: RowContext): EvaluationRow {
	const text = (value: string): string | null => (value === '' ? null : value);
	return {
		model: text(run.model.name),
		version: text(run.model.version),
		encoder: text(run.encoder.name),
		device: run.device,
		dataset: run.dataset.root,
		datasetFingerprint: run.dataset.fingerprint,
		maskRule: run.maskRule,
		auproLimit: maxFprOf(run),
		skippedImages: run.failures,
		runId: recorded ? run.id : null,
		evaluatedAt: run.created,
		seconds: Number(run.seconds.toFixed(3)),
		previousRunId: previous?.id ?? null,
		...(verdict && { gatePassed: verdict.passed, gateReason: verdict.reason }),
	};
}

/** How far the pixel metric that is known least exactly may be off; 0 when all are exact, null without any. */
function errorBoundOf(categories: readonly CategoryOfRun[]): number | null {
	const measured = categories.filter(({ metrics }) =>
		PIXEL_METRICS.some((name) => typeof metrics[name] === 'number'),
	);
	if (measured.length === 0) return null;
	return Math.max(0, ...measured.flatMap(({ errorBounds = {} }) => Object.values(errorBounds)));
}

/** One text for all reasons: metrics that share one stand together. */
function reasonsOf(reasons: Readonly<Record<string, string>>): string | null {
	const metrics = new Map<string, string[]>();
	for (const [name, reason] of Object.entries(reasons))
		metrics.set(reason, [...(metrics.get(reason) ?? []), name]);
	if (metrics.size === 0) return null;
	return [...metrics].map(([reason, names]) => `${names.join(', ')}: ${reason}`).join('; ');
}

import { describeDifference, type CategoryDifference } from '../evaluation/compare';
import { confusionOf } from '../evaluation/confusion';
import { fewImagesWarning } from '../evaluation/fewImages';
import { differInZones, ZONES_DIFFER } from '../evaluation/inspectedArea';
import { METRICS } from '../evaluation/metricNames';
import type { Interval } from '../evaluation/metrics/bootstrap';
import type { CategoryOfRun, EvaluationRun } from '../store/evaluationRun';
import { duration } from './progress';
import { decimals, printable, table } from './table';

/** An evaluation as people read it on a terminal: metrics, what the threshold makes of the images, and what to keep in mind. */
export function describeRun(run: EvaluationRun): string {
	const { categories, mean, notices, model, encoder } = run;
	const rows = [
		...categories.map((row) => [
			row.category,
			`${row.good}+${row.anomalous}`,
			...METRICS.map(({ name }) => decimals(row.metrics[name] ?? null)),
			interval(row),
		]),
		['mean', '', ...METRICS.map(({ name }) => decimals(mean[name] ?? null)), ''],
	];
	const headings = ['category', 'images', ...METRICS.map(({ short }) => short), 'I-AUROC, 95 %'];
	const head = `${model.name}@${model.version}, encoder ${encoder.name}, ${run.device}, ${duration(run.seconds)}`;
	const warning = fewImagesWarning(categories);
	return [
		printable(head),
		table(headings, rows, ['left', 'right', ...METRICS.map(() => 'right' as const), 'left']),
		...confusionTable(categories),
		...categories.flatMap(reasonsOf),
		...categories.flatMap(boundsOf),
		...(warning === undefined ? [] : [printable(`warning: ${warning}`)]),
		...notices.map(printable),
	].join('\n');
}

/** What changed since an earlier run. */
export function comparisonLines(
	run: EvaluationRun,
	previous: EvaluationRun | undefined,
	comparison: readonly CategoryDifference[] = [],
): string[] {
	if (previous === undefined) return ['no earlier run on the same images to compare with'];
	const lines = comparison.map((difference) => printable(describeDifference(difference)));
	return [
		`compared with run ${previous.id} (version ${previous.model.version}), by DeLong's test:`,
		...(differInZones(previous, run) ? [`note: ${ZONES_DIFFER}`] : []),
		...(lines.length === 0 ? ['no category with two good and two anomalous images in both runs'] : lines),
	];
}

function interval({ intervals }: CategoryOfRun): string {
	const found = intervals?.imageAuroc ?? null;
	return found === null ? '-' : found.map((end) => decimals(end)).join(' to ');
}

/** The confusion matrix of every category and of all together; nothing where no category has a threshold. */
function confusionTable(categories: readonly CategoryOfRun[]): string[] {
	const judged = categories.filter(({ threshold }) => threshold !== null);
	if (judged.length === 0) return [];
	const rows = [
		...judged.map((row) => confusionRow(row.category, [row])),
		...(judged.length > 1 ? [confusionRow('all', judged)] : []),
	];
	const headings = ['at the threshold', 'threshold', 'false alarms', '95 %', 'misses', '95 %'];
	return [table(headings, rows, ['left', 'right', 'left', 'left', 'left', 'left'])];
}

function confusionRow(title: string, categories: readonly CategoryOfRun[]): string[] {
	const found = confusionOf(categories);
	if (found === null) return [title, '-', '-', '-', '-', '-'];
	const threshold = categories.length === 1 ? decimals(categories[0].threshold) : '';
	return [
		title,
		threshold,
		`${found.falseAlarms} of ${found.good} good`,
		percents(found.falseAlarmInterval),
		`${found.misses} of ${found.anomalous} defective`,
		percents(found.missInterval),
	];
}

function percents(found: Interval | null): string {
	return found === null ? '-' : `${found.map((end) => (100 * end).toFixed(1)).join(' to ')} %`;
}

/** One line for each reason, with all the metrics that it takes away. */
function reasonsOf({ category, reasons }: CategoryOfRun): string[] {
	const metricsByReason = new Map<string, string[]>();
	for (const { name, short } of METRICS) {
		if (!Object.hasOwn(reasons, name)) continue;
		metricsByReason.set(reasons[name], [...(metricsByReason.get(reasons[name]) ?? []), short]);
	}
	return [...metricsByReason].map(([reason, titles]) =>
		printable(`${category}: no ${titles.join(', ')}: ${reason}`),
	);
}

/** How far metrics of counted scores may be off. */
function boundsOf({ category, errorBounds = {} }: CategoryOfRun): string[] {
	const bounds = METRICS.filter(({ name }) => Object.hasOwn(errorBounds, name)).map(
		({ name, short }) => `${short} ${errorBounds[name].toExponential(1)}`,
	);
	if (bounds.length === 0) return [];
	return [
		printable(
			`${category}: pixels were counted in bins; the exact value is at most so far away: ${bounds.join(', ')}`,
		),
	];
}

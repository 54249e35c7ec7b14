import type { CategoryOfRun, CurveOfRun, EvaluationRun, ImageOfRun } from '../../../store/evaluationRun';
import { groupBy } from '../../groupBy';
import { precisionRecallCurve, rocCurve } from '../../metrics/curves';
import { sortByLabel } from '../../metrics/ranking';
import { metric, percent } from '../numbers';
import { curvePlot, type CurveKind, type CurveLine, type LineStyle, type WorkingPoint } from './curvePlot';
import type { Plot } from './frame';
import { histogramPlot } from './histogramPlot';
import { intervalPlot, type IntervalRow } from './intervalPlot';

export interface CategoryPlots {
	readonly row: CategoryOfRun;
	readonly plots: readonly Plot[];
}

export interface RunPlots {
	/** Categories side by side; empty when there is only one. */
	readonly overview: readonly Plot[];
	/** Scores and curves of each category, the weakest first. */
	readonly categories: readonly CategoryPlots[];
}

export interface PlotOptions {
	/** The earlier run, which is drawn too. */
	readonly previous?: EvaluationRun;
	/** Image AUROC that a gate asks of each category. */
	readonly floor?: number;
}

const HIGHLIGHTS: readonly LineStyle[] = ['first', 'second', 'third'];

/** All plots of a run; a plot without data is left out. */
export function runPlots(run: EvaluationRun, { previous, floor }: PlotOptions = {}): RunPlots {
	const now = groupBy(run.images, categoryOf);
	const before = previous && groupBy(previous.images, categoryOf);
	const earlier = new Map(previous?.categories.map((row) => [row.category, row]));
	const names = fileNames(run.categories);
	const sorted = [...run.categories].sort((a, b) => strength(a) - strength(b));
	const categories = sorted.map((row) => ({
		row,
		plots: categoryPlots(row, {
			name: names.get(row) ?? 'category',
			images: now.get(row.category) ?? [],
			imagesBefore: before?.get(row.category) ?? [],
			earlier: earlier.get(row.category),
		}),
	}));
	if (sorted.length < 2) return { overview: [], categories };
	const intervals = sorted.flatMap((row): IntervalRow[] => {
		const { imageAuroc: value } = row.metrics;
		if (typeof value !== 'number') return [];
		return [
			{
				title: row.category,
				value,
				interval: row.intervals?.imageAuroc ?? null,
				before: earlier.get(row.category)?.metrics.imageAuroc,
			},
		];
	});
	const overview = [
		...(intervals.length === 0
			? []
			: [
					intervalPlot(intervals, {
						name: 'auroc',
						title: 'Image AUROC by category',
						axis: `Image AUROC with its 95 % interval${previous === undefined ? '' : '; hollow: before'}`,
						floor,
					}),
				]),
		...overlay('roc', sorted, (row) => imageRoc(now.get(row.category) ?? [])),
		...overlay('precisionRecall', sorted, (row) => imagePrecisionRecall(now.get(row.category) ?? [])),
		...overlay('pro', sorted, (row) => row.pixelCurves?.pro),
	];
	return { overview, categories };
}

function categoryPlots(
	row: CategoryOfRun,
	{
		name,
		images,
		imagesBefore,
		earlier,
	}: {
		readonly name: string;
		readonly images: readonly ImageOfRun[];
		readonly imagesBefore: readonly ImageOfRun[];
		readonly earlier: CategoryOfRun | undefined;
	},
): Plot[] {
	if (images.length === 0) return [];
	const of = { name, title: row.category };
	const { metrics, pixelCurves } = row;
	const curve = (
		kind: CurveKind,
		lines: readonly CurveLine[],
		facts: string,
		point?: WorkingPoint,
	): Plot[] =>
		lines.some(({ style }) => style !== 'before') ? [curvePlot(kind, { of, facts, lines, point })] : [];
	return [
		histogramPlot(row, images, name),
		...curve(
			'roc',
			[
				...line('images', 'first', imageRoc(images)),
				...line('pixels', 'second', pixelCurves?.roc),
				...line('images, before', 'before', imageRoc(imagesBefore)),
			],
			`Image AUROC ${metric(metrics.imageAuroc)}, pixel AUROC ${metric(metrics.pixelAuroc)}. ${atThreshold(row)}`,
			rocPoint(row),
		),
		...curve(
			'precisionRecall',
			[
				...line('images', 'first', imagePrecisionRecall(images)),
				...line('pixels', 'second', pixelCurves?.precisionRecall),
				...line('images, before', 'before', imagePrecisionRecall(imagesBefore)),
			],
			`Image AP ${metric(metrics.imageAp)}, pixel AP ${metric(metrics.pixelAp)}.`,
			precisionRecallPoint(row),
		),
		...curve(
			'pro',
			[
				...line('regions', 'first', pixelCurves?.pro),
				...line('before', 'before', earlier?.pixelCurves?.pro),
			],
			`AUPRO ${metric(metrics.aupro)}.`,
		),
	];
}

function line(title: string, style: LineStyle, curve: CurveOfRun | null | undefined): CurveLine[] {
	return curve ? [{ title, style, curve }] : [];
}

/** One curve of each category in one plot: the weakest stand out, all others are the background. */
function overlay(
	kind: CurveKind,
	sorted: readonly CategoryOfRun[],
	curveOf: (row: CategoryOfRun) => CurveOfRun | undefined,
): Plot[] {
	const drawn = sorted.flatMap((row) => {
		const curve = curveOf(row);
		return curve === undefined ? [] : [{ title: row.category, curve }];
	});
	if (drawn.length === 0) return [];
	const others = drawn.length - HIGHLIGHTS.length;
	const lines = drawn.map(({ title, curve }, i): CurveLine => {
		if (i < HIGHLIGHTS.length) return { title, style: HIGHLIGHTS[i], curve };
		const isFirst = i === HIGHLIGHTS.length;
		return {
			...(isFirst && { title: `${others} other${others === 1 ? '' : 's'}` }),
			style: 'other',
			curve,
		};
	});
	const level = kind === 'pro' ? 'regions' : 'images';
	const shown = others > 0 ? 'The weakest categories stand out' : 'One line for each category';
	return [
		curvePlot(kind, {
			of: { name: 'all', title: `${level} of all categories` },
			facts: `${shown}: ${drawn
				.slice(0, HIGHLIGHTS.length)
				.map(({ title }) => title)
				.join(', ')}.`,
			lines,
		}),
	];
}

function imageRoc(images: readonly ImageOfRun[]): CurveOfRun | undefined {
	const sorted = sortedScores(images);
	return sorted.normal.length === 0 || sorted.anomalous.length === 0 ? undefined : rocCurve(sorted);
}

function imagePrecisionRecall(images: readonly ImageOfRun[]): CurveOfRun | undefined {
	const sorted = sortedScores(images);
	return sorted.anomalous.length === 0 || sorted.normal.length === 0
		? undefined
		: precisionRecallCurve(sorted);
}

function sortedScores(images: readonly ImageOfRun[]): ReturnType<typeof sortByLabel> {
	return sortByLabel(
		Float32Array.from(images, ({ score }) => score),
		Uint8Array.from(images, ({ anomalous }) => Number(anomalous)),
	);
}

function rocPoint({ good, anomalous, falseAlarms, misses }: CategoryOfRun): WorkingPoint | undefined {
	if (falseAlarms === null || misses === null || good === 0 || anomalous === 0) return undefined;
	return { title: 'at the threshold', x: falseAlarms / good, y: 1 - misses / anomalous };
}

function precisionRecallPoint({
	good,
	anomalous,
	falseAlarms,
	misses,
}: CategoryOfRun): WorkingPoint | undefined {
	if (falseAlarms === null || misses === null || good === 0 || anomalous === 0) return undefined;
	const found = anomalous - misses;
	if (found + falseAlarms === 0) return undefined;
	return { title: 'at the threshold', x: found / anomalous, y: found / (found + falseAlarms) };
}

function atThreshold(row: CategoryOfRun): string {
	const point = rocPoint(row);
	if (point === undefined) return '';
	return `At the threshold ${percent(point.y)} of the defects are found while ${percent(point.x)} of the good images are flagged.`;
}

function categoryOf({ category }: ImageOfRun): string {
	return category;
}

/** By image AUROC; what has none is weakest of all. */
function strength({ metrics }: CategoryOfRun): number {
	return metrics.imageAuroc ?? -1;
}

/** Names that are safe in file names on every system, one for each category. */
function fileNames(categories: readonly CategoryOfRun[]): Map<CategoryOfRun, string> {
	const taken = new Set(['all']);
	return new Map(
		categories.map((row, i) => {
			const plain = row.category
				.toLowerCase()
				.replace(/[^a-z0-9]+/g, '-')
				.replace(/^-+|-+$/g, '')
				.slice(0, 60);
			const name =
				plain === '' || taken.has(plain) ? `${plain === '' ? 'category' : plain}-${i + 1}` : plain;
			taken.add(name);
			return [row, name];
		}),
	);
}

import type { CategoryOfRun, ImageOfRun } from '../../../store/evaluationRun';
import { html, type Html } from '../html';
import { attribute, plural, score } from '../numbers';
import { frame, type Axis, type Box, type Place, type Plot, type Tools } from './frame';

/** Bins of equal width over all scores of a category. */
export interface ScoreBins {
	readonly low: number;
	readonly width: number;
	readonly good: readonly number[];
	readonly anomalous: readonly number[];
}

const BINS = 30;
const WIDTH = 280;
const HEIGHT = 262;
const BOX: Box = { left: 58, right: 262, top: 28, bottom: 220 };
/** Share of the axis that stays free on each side, so that no bar and no threshold sits on the edge. */
const MARGIN = 0.04;
/** A single image must show. */
const LEAST_BAR_PX = 1.5;

/** The scores of a category: good images above the line, defective ones below it, so that they differ by more than colour. */
export function histogramPlot(row: CategoryOfRun, images: readonly ImageOfRun[], name: string): Plot {
	const bins = binScores(images, row.threshold);
	const most = Math.max(1, ...bins.good, ...bins.anomalous);
	const x: Axis = {
		title: 'Anomaly score',
		low: bins.low,
		high: bins.low + bins.width * BINS,
		format: score,
		ticks: 4,
	};
	const y: Axis = {
		title: '',
		low: -most,
		high: most,
		format: (value) => (Number.isInteger(value) ? String(Math.abs(value)) : ''),
		ticks: 6,
	};
	return {
		name: `scores-${name}`,
		title: `Scores: ${row.category}`,
		short: 'Scores',
		description: describe(row),
		width: WIDTH,
		height: HEIGHT,
		draw: (tools) =>
			frame(
				tools,
				{ box: BOX, x, y },
				(placeX, placeY) => html`
					${bars(bins, 'good', { placeX, placeY })} ${bars(bins, 'anomalous', { placeX, placeY })}
					<path class="axis" d="M${BOX.left} ${attribute(placeY(0))}H${BOX.right}" />
					${side(tools, 'good', (BOX.top + placeY(0)) / 2)}
					${side(tools, 'defective', (placeY(0) + BOX.bottom) / 2)}
					${row.threshold !== null && mark(tools, row.threshold, placeX)}
				`,
			),
	};
}

/** Sorts scores into bins; the threshold is always within their range. */
export function binScores(
	images: readonly Pick<ImageOfRun, 'score' | 'anomalous'>[],
	threshold: number | null,
): ScoreBins {
	let low = threshold ?? Infinity;
	let high = threshold ?? -Infinity;
	for (const image of images) {
		low = Math.min(low, image.score);
		high = Math.max(high, image.score);
	}
	if (!Number.isFinite(low)) [low, high] = [0, 1];
	const spread = high - low || Math.max(Math.abs(high), 1) * MARGIN;
	low -= spread * MARGIN;
	const width = (spread * (1 + 2 * MARGIN)) / BINS;
	const good = new Array<number>(BINS).fill(0);
	const anomalous = new Array<number>(BINS).fill(0);
	for (const image of images) {
		const bin = Math.min(BINS - 1, Math.max(0, Math.floor((image.score - low) / width)));
		(image.anomalous ? anomalous : good)[bin]++;
	}
	return { low, width, good, anomalous };
}

function bars(
	bins: ScoreBins,
	kind: 'good' | 'anomalous',
	{ placeX, placeY }: { readonly placeX: Place; readonly placeY: Place },
): Html {
	const axis = placeY(0);
	return html`${bins[kind].map((count, bin) => {
		if (count === 0) return null;
		const left = placeX(bins.low + bin * bins.width);
		const width = placeX(bins.low + (bin + 1) * bins.width) - left;
		const height = Math.max(LEAST_BAR_PX, axis - placeY(count));
		return html`<rect
			class="bar ${kind}"
			x="${attribute(left + 0.75)}"
			y="${attribute(kind === 'good' ? axis - height : axis)}"
			width="${attribute(width - 1.5)}"
			height="${attribute(height)}"
		/>`;
	})}`;
}

function side({ pen }: Tools, title: string, y: number): Html {
	return pen(title, { x: 12, y, anchor: 'middle', upright: true });
}

function mark({ pen }: Tools, threshold: number, placeX: Place): Html {
	const at = placeX(threshold);
	const anchor = at < BOX.left + 60 ? 'start' : at > BOX.right - 60 ? 'end' : 'middle';
	return html`<path class="threshold" d="M${attribute(at)} ${BOX.top - 8}V${BOX.bottom}" />
		${pen(`threshold ${score(threshold)}`, { x: Number(attribute(at)), y: 14, anchor, role: 'ink' })}`;
}

function describe({ category, good, anomalous, threshold, falseAlarms, misses }: CategoryOfRun): string {
	const counts = `Scores of ${good} good and ${anomalous} defective images of ${category}`;
	if (threshold === null) return `${counts}; no threshold.`;
	return `${counts}. At the threshold ${score(threshold)} there are ${plural(falseAlarms ?? 0, 'false alarm')} and ${plural(misses ?? 0, 'miss', 'misses')}.`;
}

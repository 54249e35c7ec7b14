import type { CategoryOfRun, EvaluationRun, ImageOfRun } from '../../store/evaluationRun';
import { html, type Html } from './html';
import { plural, score } from './numbers';

/** Bins of equal width over all scores of a category. */
export interface ScoreBins {
	readonly low: number;
	readonly width: number;
	readonly good: readonly number[];
	readonly anomalous: readonly number[];
}

const BINS = 30;
const WIDTH_PX = 460;
const HALF_PX = 70;
const LEFT_PX = 44;
const AXIS_PX = 22;
const TOP_PX = 20;
/** Share of the axis that stays free on each side, so that no bar and no threshold sits on the edge. */
const MARGIN = 0.04;

/** The distribution of scores of each category, good images above the axis and defective ones below it. */
export function histograms({ categories, images }: EvaluationRun): Html {
	return html`<section>
		<h2>Score distributions</h2>
		<p>
			Good images stand above the axis, defective ones hang below it. The further apart the two are, the
			better. Whatever lies to the right of the dashed threshold is called an anomaly: good images there
			are false alarms, defective ones to its left are misses.
		</p>
		<div class="charts">
			${categories.map((category) =>
				chart(
					category,
					images.filter((image) => image.category === category.category),
				),
			)}
		</div>
	</section>`;
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

function chart(row: CategoryOfRun, images: readonly ImageOfRun[]): Html {
	const bins = binScores(images, row.threshold);
	const tallest = Math.max(1, ...bins.good, ...bins.anomalous);
	const axisY = TOP_PX + HALF_PX;
	const barPx = (WIDTH_PX - LEFT_PX) / BINS;
	const height = axisY + HALF_PX + AXIS_PX;
	const x = (value: number): number => LEFT_PX + ((value - bins.low) / bins.width) * barPx;
	const bar = (kind: 'good' | 'anomalous') => (count: number, bin: number) => {
		if (count === 0) return null;
		const size = Math.max(1.5, (count / tallest) * HALF_PX);
		return html`<rect
			class="${kind}"
			x="${place(LEFT_PX + bin * barPx + 1)}"
			y="${place(kind === 'good' ? axisY - size : axisY)}"
			width="${place(barPx - 2)}"
			height="${place(size)}"
		/>`;
	};
	return html`<figure>
		<figcaption>
			<strong>${row.category}</strong> ${plural(row.good, 'good image')}, ${row.anomalous} defective
		</figcaption>
		<svg viewBox="0 0 ${WIDTH_PX} ${height}" role="img" aria-label="${describe(row)}">
			${bins.good.map(bar('good'))} ${bins.anomalous.map(bar('anomalous'))}
			<line class="axis" x1="${LEFT_PX}" x2="${WIDTH_PX}" y1="${axisY}" y2="${axisY}" />
			<text class="side" x="0" y="${axisY - HALF_PX / 2 + 4}">Good</text>
			<text class="side" x="0" y="${axisY + HALF_PX / 2 + 4}">Defect</text>
			${ticks(bins).map(
				(value) =>
					html`<text class="tick" x="${place(x(value))}" y="${height - 6}">${score(value)}</text>`,
			)}
			${row.threshold !== null && thresholdMark(x(row.threshold), row.threshold)}
		</svg>
	</figure>`;

	function thresholdMark(at: number, value: number): Html {
		const end = at > WIDTH_PX * 0.7 ? 'end' : 'start';
		return html`<line
				class="threshold"
				x1="${place(at)}"
				x2="${place(at)}"
				y1="4"
				y2="${axisY + HALF_PX}"
			/>
			<text class="mark ${end}" x="${place(at + (end === 'start' ? 6 : -6))}" y="13"
				>threshold ${score(value)}</text
			>`;
	}
}

/** A few round values of the axis. */
function ticks({ low, width }: ScoreBins): number[] {
	const range = width * BINS;
	const rough = range / 5;
	const magnitude = 10 ** Math.floor(Math.log10(rough));
	const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((one) => one >= rough) ?? rough;
	const values: number[] = [];
	// Values too close to an end would be cut off by it.
	for (let k = Math.ceil((low + range * MARGIN) / step); k * step < low + range * (1 - MARGIN); k++)
		values.push(k * step);
	return values;
}

function describe({ category, good, anomalous, threshold, falseAlarms, misses }: CategoryOfRun): string {
	const counts = `Scores of ${good} good and ${anomalous} defective images of ${category}`;
	if (threshold === null) return `${counts}; no threshold`;
	return `${counts}; at the threshold ${score(threshold)} there are ${falseAlarms ?? 0} false alarms and ${misses ?? 0} misses`;
}

function place(value: number): string {
	return value.toFixed(1);
}

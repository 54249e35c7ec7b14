import type { SortedPixels } from './aupro';
import { FallingCount } from './fallingCount';
import { scoreOf } from './scoreKeys';

/** What a threshold does to the pixels of an evaluation; all but the threshold in [0, 1]. */
export interface CurvePoint {
	/** Pixels that score at least this count as anomalous. */
	readonly threshold: number;
	/** Share of the normal pixels that do. */
	readonly fpr: number;
	/** Share of the anomalous pixels that do. */
	readonly recall: number;
	/** Share of the pixels that do that are anomalous. */
	readonly precision: number;
	/** Mean over the regions of the share of a region's pixels that do. */
	readonly pro: number;
}

/** A point is left out when it is nearer than this to the one before, in every coordinate. */
const STEP = 1 / 64;
/** The same for false positive rates below this, where curves are looked at most closely. */
const CLOSE_FPR = 0.3;
const CLOSE_STEP = CLOSE_FPR / 64;

/** The ROC, precision-recall and PRO curve of sorted pixels as some 200 points, thresholds falling; none without both kinds of pixel. */
export function pixelCurve({ normal, anomalous, regions, areas }: SortedPixels): CurvePoint[] {
	const counts = new FallingCount(normal);
	if (anomalous.length === 0 || counts.total === 0) return [];
	const thinner = new CurveThinner();
	let overlap = 0;
	let i = anomalous.length;
	while (i > 0) {
		const key = anomalous[i - 1];
		while (i > 0 && anomalous[i - 1] === key) overlap += 1 / areas[regions[--i]];
		const found = anomalous.length - i;
		const falseAlarms = counts.atLeast(key);
		thinner.add({
			threshold: scoreOf(key),
			fpr: falseAlarms / counts.total,
			recall: found / anomalous.length,
			precision: found / (found + falseAlarms),
			pro: Math.min(1, overlap / areas.length),
		});
	}
	return thinner.points();
}

/** Keeps the points that a drawing needs. */
export class CurveThinner {
	readonly #kept: CurvePoint[] = [];
	#last: CurvePoint | undefined;

	add(point: CurvePoint): void {
		const before = this.#kept.at(-1);
		if (before === undefined || isApart(before, point)) {
			// The end of a flat stretch is a corner of the curve.
			if (this.#last !== undefined && before !== undefined && isApart(this.#last, point))
				this.#kept.push(this.#last);
			this.#kept.push(point);
			this.#last = undefined;
			return;
		}
		this.#last = point;
	}

	points(): CurvePoint[] {
		return [...this.#kept, ...(this.#last === undefined ? [] : [this.#last])];
	}
}

function isApart(a: CurvePoint, b: CurvePoint): boolean {
	const fprStep = b.fpr <= CLOSE_FPR ? CLOSE_STEP : STEP;
	return (
		Math.abs(a.fpr - b.fpr) >= fprStep ||
		Math.abs(a.recall - b.recall) >= STEP ||
		Math.abs(a.precision - b.precision) >= STEP ||
		Math.abs(a.pro - b.pro) >= STEP
	);
}

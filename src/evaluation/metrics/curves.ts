import { DEFAULT_MAX_FPR, type SortedPixels } from './aupro';
import { FallingCount } from './fallingCount';
import type { HistogramLevels } from './histogramLevels';
import { CurveBuilder, type Curve } from './polyline';
import type { SortedScores } from './ranking';

/** The curves below the metrics of pixels. */
export interface PixelCurves {
	/** Area below it: AUROC. */
	readonly roc: Curve;
	/** Area below it: AP. */
	readonly precisionRecall: Curve;
	/** Area below it, divided by the false positive rate at which it ends: AUPRO. */
	readonly pro: Curve;
}

/** All three; null without an anomalous or without a normal pixel. */
export function pixelCurves(pixels: SortedPixels, maxFpr: number = DEFAULT_MAX_FPR): PixelCurves | null {
	if (pixels.anomalous.length === 0 || pixels.normal.every((keys) => keys.length === 0)) return null;
	return {
		roc: rocCurve(pixels),
		precisionRecall: precisionRecallCurve(pixels),
		pro: proCurve(pixels, maxFpr),
	};
}

/**
 * Share of anomalous samples found (y) over the share of normal ones flagged (x), over all thresholds, from (0, 0) to (1, 1).
 * Needs a sample of each kind.
 */
export function rocCurve({ normal, anomalous }: SortedScores): Curve {
	const curve = new CurveBuilder();
	const counts = new FallingCount(normal);
	let i = anomalous.length;
	curve.add(0, 0);
	while (i > 0) {
		const key = anomalous[i - 1];
		curve.add(counts.above(key) / counts.total, 1 - i / anomalous.length);
		while (i > 0 && anomalous[i - 1] === key) i--;
		curve.add(counts.atLeast(key) / counts.total, 1 - i / anomalous.length);
	}
	curve.add(1, 1);
	return curve.result();
}

/**
 * Share of flagged samples that are anomalous (y) over the share of anomalous ones found (x), in steps: average precision does not
 * interpolate. Needs an anomalous sample.
 */
export function precisionRecallCurve({ normal, anomalous }: SortedScores): Curve {
	const curve = new CurveBuilder();
	const counts = new FallingCount(normal);
	let i = anomalous.length;
	while (i > 0) {
		const key = anomalous[i - 1];
		const recallBefore = 1 - i / anomalous.length;
		while (i > 0 && anomalous[i - 1] === key) i--;
		const found = anomalous.length - i;
		const precision = found / (found + counts.atLeast(key));
		curve.add(recallBefore, precision);
		curve.add(found / anomalous.length, precision);
	}
	return curve.result();
}

/**
 * Mean over the regions of the share of a region that is found (y) over the share of normal pixels flagged (x), from (0, 0) to `maxFpr`,
 * cut there by linear interpolation. Needs a pixel of each kind.
 */
function proCurve({ normal, anomalous, regions, areas }: SortedPixels, maxFpr: number): Curve {
	const curve = new ProBuilder(maxFpr);
	const counts = new FallingCount(normal);
	let i = anomalous.length;
	let overlap = 0;
	while (i > 0) {
		const key = anomalous[i - 1];
		const fpr = counts.above(key) / counts.total;
		if (fpr >= maxFpr) break;
		curve.add(fpr, overlap);
		while (i > 0 && anomalous[i - 1] === key) overlap += 1 / (areas[regions[--i]] * areas.length);
		curve.add(counts.atLeast(key) / counts.total, overlap);
	}
	return curve.result();
}

/** All three from the limits of a histogram's bins, straight between them; null without an anomalous or without a normal pixel. */
export function histogramCurves(levels: HistogramLevels, maxFpr: number): PixelCurves | null {
	const { normal, anomalous, regionShare, regions } = levels;
	const [allNormal, allAnomalous] = [sumOf(normal), sumOf(anomalous)];
	if (allNormal === 0 || allAnomalous === 0) return null;
	const [roc, precisionRecall, pro] = [new CurveBuilder(), new CurveBuilder(), new ProBuilder(maxFpr)];
	let [falseAlarms, found, overlap] = [0, 0, 0];
	roc.add(0, 0);
	for (let b = 0; b < normal.length; b++) {
		const before = found / allAnomalous;
		falseAlarms += normal[b];
		found += anomalous[b];
		overlap += regionShare[b] / regions;
		roc.add(falseAlarms / allNormal, found / allAnomalous);
		pro.add(falseAlarms / allNormal, overlap);
		if (anomalous[b] === 0) continue;
		precisionRecall.add(before, found / (found + falseAlarms));
		precisionRecall.add(found / allAnomalous, found / (found + falseAlarms));
	}
	return { roc: roc.result(), precisionRecall: precisionRecall.result(), pro: pro.result() };
}

/** A PRO curve from (0, 0), cut at a false positive rate by linear interpolation. */
class ProBuilder {
	readonly #curve = new CurveBuilder();
	readonly #maxFpr: number;
	#last = { fpr: 0, pro: 0 };

	constructor(maxFpr: number) {
		this.#maxFpr = maxFpr;
		this.#curve.add(0, 0);
	}

	add(fpr: number, overlap: number): void {
		if (this.#last.fpr >= this.#maxFpr) return;
		const pro = Math.min(1, overlap);
		const share = fpr > this.#maxFpr ? (this.#maxFpr - this.#last.fpr) / (fpr - this.#last.fpr) : 1;
		this.#last = {
			fpr: Math.min(fpr, this.#maxFpr),
			pro: this.#last.pro + share * (pro - this.#last.pro),
		};
		this.#curve.add(this.#last.fpr, this.#last.pro);
	}

	result(): Curve {
		this.#curve.add(this.#maxFpr, this.#last.pro);
		return this.#curve.result();
	}
}

function sumOf(values: Float64Array): number {
	let sum = 0;
	for (let i = 0; i < values.length; i++) sum += values[i];
	return sum;
}

import { DEFAULT_MAX_FPR, type SortedPixels } from './aupro';
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
	if (pixels.normal.length === 0 || pixels.anomalous.length === 0) return null;
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
	let normalLeft = normal.length;
	let i = anomalous.length;
	curve.add(0, 0);
	while (i > 0) {
		const key = anomalous[i - 1];
		const foundBefore = anomalous.length - i;
		while (normalLeft > 0 && normal[normalLeft - 1] > key) normalLeft--;
		curve.add(1 - normalLeft / normal.length, foundBefore / anomalous.length);
		while (normalLeft > 0 && normal[normalLeft - 1] === key) normalLeft--;
		while (i > 0 && anomalous[i - 1] === key) i--;
		curve.add(1 - normalLeft / normal.length, 1 - i / anomalous.length);
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
	let normalLeft = normal.length;
	let i = anomalous.length;
	while (i > 0) {
		const key = anomalous[i - 1];
		const recallBefore = 1 - i / anomalous.length;
		while (normalLeft > 0 && normal[normalLeft - 1] >= key) normalLeft--;
		while (i > 0 && anomalous[i - 1] === key) i--;
		const found = anomalous.length - i;
		const precision = found / (found + normal.length - normalLeft);
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
	const curve = new CurveBuilder();
	let normalLeft = normal.length;
	let i = anomalous.length;
	let overlap = 0;
	curve.add(0, 0);
	while (i > 0) {
		const key = anomalous[i - 1];
		while (normalLeft > 0 && normal[normalLeft - 1] > key) normalLeft--;
		const before = { fpr: 1 - normalLeft / normal.length, overlap };
		if (before.fpr >= maxFpr) break;
		curve.add(before.fpr, before.overlap);
		while (normalLeft > 0 && normal[normalLeft - 1] === key) normalLeft--;
		while (i > 0 && anomalous[i - 1] === key) overlap += 1 / (areas[regions[--i]] * areas.length);
		const fpr = 1 - normalLeft / normal.length;
		if (fpr > maxFpr) {
			const share = (maxFpr - before.fpr) / (fpr - before.fpr);
			overlap = before.overlap + share * (overlap - before.overlap);
			break;
		}
		curve.add(fpr, Math.min(1, overlap));
	}
	curve.add(maxFpr, Math.min(1, overlap));
	return curve.result();
}

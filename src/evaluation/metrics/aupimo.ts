import { FallingCount } from './fallingCount';
import type { Metric, UndefinedMetric } from './metric';
import { undefinedMetric } from './metric';

/** False-positive rates between which AUPIMO averages, on a logarithmic scale (Bertoldo et al. 2024, section 4). */
export const LOWEST_FPR = 1e-5;
export const HIGHEST_FPR = 1e-4;

/** Pixels of an evaluation as AUPIMO looks at them: false positives come from good images only. */
export interface ImagePixels {
	/** Pixels of good images, ascending. */
	readonly good: readonly Uint32Array[];
	/** Anomalous pixels, ascending. */
	readonly anomalous: Uint32Array;
	/** Region of each anomalous pixel, in the order of `anomalous`. */
	readonly regions: Int32Array;
	/** Image of each region. */
	readonly imageOfRegion: ArrayLike<number>;
	/** Anomalous pixels of each image that has any; 0 for one that is not part of the evaluation. */
	readonly imageAreas: ArrayLike<number>;
}

/**
 * Area under the per-image-overlap curve (AUPIMO; Bertoldo et al. 2024), averaged over the anomalous images.
 *
 * The overlap of an image is the share of its anomalous pixels that score at least a threshold. It is averaged over the logarithm of the
 * false-positive rate, from 1e-5 to 1e-4 of the pixels of good images: how much of a defect is found while good parts look all but
 * spotless. All distinct scores are thresholds; where anomalous pixels tie with good ones, the curve is a straight line over the
 * logarithm, as between the reference's points.
 */
export function aupimo({ good, anomalous, regions, imageOfRegion, imageAreas }: ImagePixels): Metric {
	const counts = new FallingCount(good);
	const limits = limitsOf(counts.total);
	const reason = aupimoUndefined({
		goodPixels: counts.total,
		anomalousPixels: anomalous.length,
		tiedAtTop: tiedAtTop(good),
	});
	if (reason !== null) return reason;
	const shares = new Float64Array(imageAreas.length);
	let i = anomalous.length;
	while (i > 0) {
		const key = anomalous[i - 1];
		const above = counts.above(key);
		if (above >= limits.highest) break;
		const share = shareOfLogArea(above, counts.atLeast(key), limits);
		while (i > 0 && anomalous[i - 1] === key) shares[imageOfRegion[regions[--i]]] += share;
	}
	let sum = 0;
	let images = 0;
	for (let image = 0; image < shares.length; image++) {
		if (imageAreas[image] === 0) continue;
		sum += shares[image] / imageAreas[image];
		images++;
	}
	return { value: sum / images };
}

/** The limits as numbers of false positives. */
export interface FalsePositiveLimits {
	readonly lowest: number;
	readonly highest: number;
}

export function limitsOf(goodPixels: number): FalsePositiveLimits {
	return { lowest: LOWEST_FPR * goodPixels, highest: HIGHEST_FPR * goodPixels };
}

/** Why there is no AUPIMO; null when there is one. */
export function aupimoUndefined({
	goodPixels,
	anomalousPixels,
	tiedAtTop,
}: {
	readonly goodPixels: number;
	readonly anomalousPixels: number;
	/** Good pixels that have the highest of their scores. */
	readonly tiedAtTop: number;
}): UndefinedMetric | null {
	if (anomalousPixels === 0)
		return undefinedMetric(
			'AUPIMO needs the overlap with anomalous pixels of an image, and there is no anomalous pixel',
		);
	const { lowest, highest } = limitsOf(goodPixels);
	if (lowest < 1)
		return undefinedMetric(
			`AUPIMO needs the false positive rate 0.00001 of good images, at least 100,000 pixels of them, and there are ${goodPixels}`,
		);
	if (tiedAtTop <= highest) return null;
	return undefinedMetric(
		`AUPIMO needs a false positive rate of at most 0.0001, and ${tiedAtTop} of ${goodPixels} pixels of good images share the highest score`,
	);
}

/**
 * Share of the area below a curve that rises from 0 to 1 between `above` and `atLeast` false positives, straight over the logarithm.
 * From no false positive at all there is no straight line: the curve then rises at `atLeast`, which does not flatter.
 *
 * @returns in [0, 1]
 */
export function shareOfLogArea(
	above: number,
	atLeast: number,
	{ lowest, highest }: FalsePositiveLimits,
): number {
	const whole = Math.log(highest / lowest);
	if (above === atLeast || above === 0) {
		if (atLeast <= lowest) return 1;
		return atLeast >= highest ? 0 : Math.log(highest / atLeast) / whole;
	}
	if (atLeast <= lowest) return 1;
	if (above >= highest) return 0;
	// Integral of the ramp between the limits, and of the 1 that follows it.
	const slope = 1 / Math.log(atLeast / above);
	const from = Math.max(above, lowest);
	const to = Math.min(atLeast, highest);
	const heightAt = (count: number): number => slope * Math.log(count / above);
	const ramp = (Math.log(to / from) * (heightAt(from) + heightAt(to))) / 2;
	const rest = atLeast < highest ? Math.log(highest / atLeast) : 0;
	return Math.min(1, (ramp + rest) / whole);
}

function tiedAtTop(good: readonly Uint32Array[]): number {
	const tops = good.filter((keys) => keys.length > 0).map((keys) => keys[keys.length - 1]);
	if (tops.length === 0) return 0;
	return new FallingCount(good).atLeast(Math.max(...tops));
}

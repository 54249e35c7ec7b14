/** How two AUROCs of the same images differ. */
export interface AurocDifference {
	readonly before: number;
	readonly now: number;
	/** Chance of a difference of this size when there is none, two-sided, in [0, 1]; null when the scores leave no room for chance. */
	readonly pValue: number | null;
}

/** The scores that two models gave one image. */
export interface PairedScore {
	readonly anomalous: boolean;
	readonly before: number;
	readonly now: number;
}

/**
 * The test of DeLong, DeLong and Clarke-Pearson (Biometrics 1988) for two AUROCs measured on the same images, in O(n log n).
 *
 * @param images scores finite
 * @returns undefined when there are fewer than two good or two anomalous images
 */
export function compareAurocs(images: readonly PairedScore[]): AurocDifference | undefined {
	const anomalous = images.filter((image) => image.anomalous);
	const good = images.filter((image) => !image.anomalous);
	if (anomalous.length < 2 || good.length < 2) return undefined;
	const parts = (['before', 'now'] as const).map((when) =>
		placements(
			anomalous.map((image) => image[when]),
			good.map((image) => image[when]),
		),
	);
	const [before, now] = parts.map(({ ofAnomalous }) => mean(ofAnomalous));
	const differences = (of: 'ofAnomalous' | 'ofGood'): number[] =>
		parts[0][of].map((value, i) => parts[1][of][i] - value);
	const variance =
		varianceOf(differences('ofAnomalous')) / anomalous.length +
		varianceOf(differences('ofGood')) / good.length;
	if (variance === 0) return { before, now, pValue: before === now ? 1 : null };
	return { before, now, pValue: 2 * upperTail(Math.abs(now - before) / Math.sqrt(variance)) };
}

/** For each image the share of images of the other kind that it is on the right side of, ties counting half. */
function placements(
	anomalous: readonly number[],
	good: readonly number[],
): { readonly ofAnomalous: number[]; readonly ofGood: number[] } {
	const [sortedAnomalous, sortedGood] = [anomalous, good].map((scores) => Float64Array.from(scores).sort());
	return {
		ofAnomalous: anomalous.map((score) => shareBelow(sortedGood, score)),
		ofGood: good.map((score) => 1 - shareBelow(sortedAnomalous, score)),
	};
}

function shareBelow(ascending: Float64Array, score: number): number {
	const below = firstNot(ascending, (value) => value < score);
	const atMost = firstNot(ascending, (value) => value <= score);
	return (below + atMost) / (2 * ascending.length);
}

function firstNot(ascending: Float64Array, holds: (value: number) => boolean): number {
	let [low, high] = [0, ascending.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (holds(ascending[middle])) low = middle + 1;
		else high = middle;
	}
	return low;
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varianceOf(values: readonly number[]): number {
	const centre = mean(values);
	return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

/** P(Z > z) of the normal distribution, z >= 0; absolute error below 7.5e-8 (Abramowitz and Stegun 26.2.17). */
function upperTail(z: number): number {
	const t = 1 / (1 + 0.2316419 * z);
	const polynomial =
		t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
	return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}

/**
 * Scores of normal images as thresholds and p-values count them: where several images show the same part, the images of a part count
 * together as much as one. A score of a new part is then exchangeable with those of the known ones (Dunn, Wasserman and Ramdas 2022; Lee,
 * Barber and Willett 2023), which its images one by one are not.
 */
export interface NormalScores {
	/** Ascending. */
	readonly scores: readonly number[];
	/** The part that each score is of, by any number; every image is a part of its own when absent. */
	readonly parts?: readonly number[];
}

/** Shares are fractions of small whole numbers: a difference below this is rounding. */
const ROUNDING = 1e-9;

/** How many parts there are. */
export function partCount({ scores, parts }: NormalScores): number {
	return parts === undefined ? scores.length : new Set(parts).size;
}

/**
 * The least score that a new part's image exceeds with chance `rate` at most; undefined when none can be promised, since `rate` is below
 * 1 / (parts + 1).
 */
export function promisedScore(normal: NormalScores, rate: number): number | undefined {
	const { scores } = normal;
	if (normal.parts === undefined) {
		const k = Math.ceil((scores.length + 1) * (1 - rate) - ROUNDING);
		return k <= scores.length ? scores[Math.max(k, 1) - 1] : undefined;
	}
	const weights = weightsOf(normal);
	let below = 0;
	for (const [i, score] of scores.entries()) {
		below += weights[i];
		if (below >= 1 - rate - ROUNDING) return score;
	}
	return undefined;
}

/** Chance that an image of a new normal part scores at least this high, as far as the known ones tell; 1 / (parts + 1) at least. */
export function pValueOf(normal: NormalScores, score: number): number {
	const { scores } = normal;
	const first = lowerBound(scores, score);
	if (normal.parts === undefined) return (scores.length - first + 1) / (scores.length + 1);
	const weights = weightsOf(normal);
	let above = 1 / (partCount(normal) + 1);
	for (let i = first; i < scores.length; i++) above += weights[i];
	return Math.min(1, above);
}

/** Of K parts each weighs 1 / (K + 1), shared out among its images. */
function weightsOf({ scores, parts = [] }: NormalScores): Float64Array {
	const images = new Map<number, number>();
	for (const part of parts) images.set(part, (images.get(part) ?? 0) + 1);
	return Float64Array.from(scores, (_, i) => 1 / ((images.size + 1) * (images.get(parts[i]) ?? 1)));
}

function lowerBound(sorted: readonly number[], value: number): number {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (sorted[middle] < value) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** Extreme-value tails: where scores lie that a calibration is too small to have seen. */

/** Excesses from which on a shape is fitted; fewer tell no more than their mean. */
const MIN_FOR_SHAPE = 20;
/** Share of the scores that makes the tail once there are enough of them. */
const TAIL_SHARE = 0.2;
/** Shapes outside are artefacts of few excesses: lighter than a beta tail, heavier than a Student t with two degrees of freedom. */
const SHAPE_RANGE = [-0.25, 0.5] as const;
/**
 * Fewer independent excesses than this count as so many: by the letter, two normal images would ask for a threshold thirty times as far
 * out as they lie apart, which no defect would reach.
 */
const FEWEST_COUNTED = 3;
/** Plotting position i - 0.35 (Hosking and Wallis 1987). */
const PLOTTING_SHIFT = 0.35;

/**
 * The score that a new one of the same kind exceeds with chance `rate`, extrapolated beyond `scores`: a generalised Pareto distribution
 * fitted to the excesses over a high order statistic by probability-weighted moments (Pickands 1975; Hosking and Wallis 1987), an
 * exponential one where there are fewer than twenty excesses. That the scale is itself told by few excesses is reckoned with: of an
 * exponential tail a new score exceeds k (r^(1/k) - 1) mean excesses of k others with chance 1 / r, on average over what they turn out to be
 * (the sum of k exponential variables is gamma distributed), where the fitted curve alone has log r. Never below the largest score.
 *
 * @param scores ascending, at least one
 * @param rate in (0, 1)
 * @param parts the part that each score is of; images of one part count as one excess
 */
export function tailThreshold(scores: ArrayLike<number>, rate: number, parts?: ArrayLike<number>): number {
	const n = scores.length;
	const largest = scores[n - 1];
	const tail = TAIL_SHARE * n >= MIN_FOR_SHAPE ? Math.ceil(TAIL_SHARE * n) : Math.floor(n / 2);
	if (tail === 0) return largest;
	const start = scores[n - 1 - tail];
	const excesses = Float64Array.from({ length: tail }, (_, i) => scores[n - tail + i] - start);
	const mean = excesses.reduce((sum, excess) => sum + excess, 0) / tail;
	// A new score is among the upper `tail` + 1 of n + 1 with this chance.
	const share = tail / (n + 1);
	if (mean <= 0 || rate >= share) return largest;
	const shape = tail >= MIN_FOR_SHAPE ? shapeOf(excesses, mean) : 0;
	const scale = mean * (1 - shape);
	const independent = parts === undefined ? tail : new Set(Array.from(parts).slice(n - tail)).size;
	const counted = Math.max(FEWEST_COUNTED, independent);
	const excess = counted * ((share / rate) ** (1 / counted) - 1);
	const beyond = shape === 0 ? scale * excess : (scale / shape) * (Math.exp(shape * excess) - 1);
	return Math.max(largest, start + beyond);
}

/** Shape by probability-weighted moments, positive for heavy tails. */
function shapeOf(excesses: Float64Array, mean: number): number {
	const n = excesses.length;
	let weighted = 0;
	for (let i = 0; i < n; i++) weighted += (1 - (i + 1 - PLOTTING_SHIFT) / n) * excesses[i];
	weighted /= n;
	const shape = 2 - mean / (mean - 2 * weighted);
	const [least, most] = SHAPE_RANGE;
	return Number.isFinite(shape) ? Math.min(most, Math.max(least, shape)) : 0;
}

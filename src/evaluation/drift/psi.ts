/** How much the shares of some bins differ between two samples. */
export interface Psi {
	/** 0: not at all. Above 0.1 is commonly called a small change, above 0.25 a large one. */
	readonly value: number;
	/** What two samples of these sizes from one distribution have on average: small samples differ. */
	readonly byChance: number;
}

const MOST_BINS = 10;
/** Images of the reference that a bin holds at least. */
const LEAST_IN_BIN = 5;
/** Counted for every bin beforehand, so that an empty one has no share of 0, of which there is no logarithm. */
const PRIOR = 0.5;

/**
 * Population stability index: the sum over bins of (p - q) ln(p / q), for the shares p of the recent and q of the reference values. Bins
 * are quantiles of the reference, ten at most.
 *
 * @param reference ascending, not empty
 * @param recent not empty
 */
export function populationStability(reference: ArrayLike<number>, recent: ArrayLike<number>): Psi {
	const edges = quantileEdges(reference);
	const bins = edges.length + 1;
	const [p, q] = [shares(recent, edges), shares(reference, edges)];
	let value = 0;
	for (let bin = 0; bin < bins; bin++) value += (p[bin] - q[bin]) * Math.log(p[bin] / q[bin]);
	return { value, byChance: (bins - 1) * (1 / reference.length + 1 / recent.length) };
}

/** Limits between bins; equal ones count once. */
function quantileEdges(ascending: ArrayLike<number>): number[] {
	const bins = Math.max(2, Math.min(MOST_BINS, Math.floor(ascending.length / LEAST_IN_BIN)));
	const edges = new Set<number>();
	for (let bin = 1; bin < bins; bin++) edges.add(ascending[Math.floor((bin * ascending.length) / bins)]);
	return [...edges];
}

/** A value on an edge belongs to the bin above it. */
function shares(values: ArrayLike<number>, edges: readonly number[]): Float64Array {
	const counts = new Float64Array(edges.length + 1).fill(PRIOR);
	for (let i = 0; i < values.length; i++) {
		let bin = 0;
		while (bin < edges.length && values[i] >= edges[bin]) bin++;
		counts[bin]++;
	}
	const total = values.length + PRIOR * counts.length;
	return counts.map((count) => count / total);
}

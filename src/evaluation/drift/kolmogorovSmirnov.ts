/** How far two samples are apart, and how likely that is when they come from one distribution. */
export interface KsTest {
	/** Largest distance of the two empirical distribution functions, in [0, 1]. */
	readonly statistic: number;
	/** Two-sided, in [0, 1]. */
	readonly pValue: number;
}

/** Steps of the exact computation, one for each pair of values; more would keep whoever asks waiting. */
const MOST_PAIRS = 4e6;
/** The series of the limit distribution has converged long before. */
const TERMS = 100;

/**
 * The two-sample test of Kolmogorov and Smirnov. The p-value is exact for distinct values, whatever the sizes, and of the limit
 * distribution where that would take too long; with ties it is too large rather than too small.
 *
 * @param a ascending, not empty
 * @param b ascending, not empty
 */
export function ksTest(a: ArrayLike<number>, b: ArrayLike<number>): KsTest {
	const statistic = ksStatistic(a, b);
	const pValue =
		a.length * b.length <= MOST_PAIRS
			? exactPValue(statistic, a.length, b.length)
			: limitPValue(statistic, a.length, b.length);
	return { statistic, pValue };
}

function ksStatistic(a: ArrayLike<number>, b: ArrayLike<number>): number {
	let [i, j, largest] = [0, 0, 0];
	while (i < a.length && j < b.length) {
		const value = Math.min(a[i], b[j]);
		while (i < a.length && a[i] === value) i++;
		while (j < b.length && b[j] === value) j++;
		largest = Math.max(largest, Math.abs(i / a.length - j / b.length));
	}
	return largest;
}

/**
 * Chance of a statistic at least this large. The pooled values in ascending order are a random walk from (0, 0) to (n, m), whose next step
 * belongs to either sample with the chance of what is left of it; the statistic is reached when the walk leaves a band around the
 * diagonal (Hodges 1957).
 */
export function exactPValue(statistic: number, n: number, m: number): number {
	// Distances are multiples of 1 / (n m): half of one below the statistic tells apart what reaches it, whatever the rounding.
	const limit = (Math.round(statistic * n * m) - 0.5) / (n * m);
	if (limit < 0) return 1;
	// Chance that the walk comes through (i, j) without having left the band, for the row of i.
	const inside = new Float64Array(m + 1);
	for (let i = 0; i <= n; i++) {
		for (let j = 0; j <= m; j++) {
			if (Math.abs(i / n - j / m) > limit) {
				inside[j] = 0;
				continue;
			}
			const left = n - i + m - j + 1;
			let chance = i === 0 && j === 0 ? 1 : 0;
			if (i > 0) chance += (inside[j] * (n - i + 1)) / left;
			if (j > 0) chance += (inside[j - 1] * (m - j + 1)) / left;
			inside[j] = chance;
		}
	}
	return Math.min(1, Math.max(0, 1 - inside[m]));
}

/** The same from Kolmogorov's limit distribution, with the correction for finite samples of Stephens (1970). */
export function limitPValue(statistic: number, n: number, m: number): number {
	const root = Math.sqrt((n * m) / (n + m));
	const z = (root + 0.12 + 0.11 / root) * statistic;
	if (z < 0.2) return 1; // the series converges slowly there, to 1
	let sum = 0;
	for (let k = 1; k <= TERMS; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * (k * z) ** 2);
	return Math.min(1, Math.max(0, sum));
}

import type { Interval } from './bootstrap';

/** Quantile of the normal distribution that leaves 2.5 % on either side. */
const Z = 1.959963984540054;

/**
 * Where a rate lies with 95 % confidence when `count` of `total` were seen (Wilson 1927); it has a width also at 0 and at 1, which the
 * bootstrap does not.
 *
 * @param count in 0 .. total
 * @param total at least 1
 */
export function wilsonInterval(count: number, total: number): Interval {
	const share = count / total;
	const spread = (Z * Z) / total;
	const centre = (share + spread / 2) / (1 + spread);
	const half = (Z / (1 + spread)) * Math.sqrt((share * (1 - share)) / total + spread / (4 * total));
	return [count === 0 ? 0 : centre - half, count === total ? 1 : centre + half];
}

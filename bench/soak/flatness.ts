/** A value at a moment, in seconds. */
export interface Point {
	readonly at: number;
	readonly value: number;
}

export interface Trend {
	/** Median of the last third minus that of the second third; the first one is warming up. */
	readonly growth: number;
	/** Median slope between all pairs of points after the first third (Theil and Sen), per hour. */
	readonly perHour: number;
	readonly secondThird: number;
	readonly lastThird: number;
	readonly most: number;
	readonly points: number;
}

/** Fewer say nothing. */
const LEAST_POINTS = 30;

/** How a value moves after the first third of its time; undefined when there are too few points to say. */
export function trendOf(points: readonly Point[]): Trend | undefined {
	if (points.length < LEAST_POINTS) return undefined;
	const [first, last] = [points[0].at, points[points.length - 1].at];
	const third = (last - first) / 3;
	const second = points.filter(({ at }) => at >= first + third && at < first + 2 * third);
	const end = points.filter(({ at }) => at >= first + 2 * third);
	if (second.length === 0 || end.length === 0) return undefined;
	const [secondThird, lastThird] = [second, end].map((some) => median(some.map(({ value }) => value)));
	return {
		growth: lastThird - secondThird,
		perHour: 3600 * medianSlope([...second, ...end]),
		secondThird,
		lastThird,
		most: points.reduce((most, { value }) => Math.max(most, value), -Infinity),
		points: points.length,
	};
}

/** Median of the slopes of all pairs of points: a few far off do not move it. */
export function medianSlope(points: readonly Point[]): number {
	const slopes: number[] = [];
	for (let i = 0; i < points.length; i++) {
		for (let j = i + 1; j < points.length; j++) {
			const span = points[j].at - points[i].at;
			if (span > 0) slopes.push((points[j].value - points[i].value) / span);
		}
	}
	return median(slopes);
}

/** How many deviations the order of the values is away from chance (Mann and Kendall): 2.3 and more in one of a hundred series without a trend. */
export function certaintyOfRise(points: readonly Point[]): number {
	let rises = 0;
	for (let i = 0; i < points.length; i++)
		for (let j = i + 1; j < points.length; j++) rises += Math.sign(points[j].value - points[i].value);
	const n = points.length;
	return (rises - 1) / Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
}

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[sorted.length >> 1] ?? NaN;
}

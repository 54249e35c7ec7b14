/** One way to part scores: everything above `threshold` is called anomalous. */
export interface Cut {
	/** Halfway between two neighbouring scores, so that new scores near either side go with their kind. */
	readonly threshold: number;
	/** Anomalous scores not above it (misses, escapes). */
	readonly misses: number;
	/** Normal scores above it (false alarms, overkill). */
	readonly falseAlarms: number;
}

/**
 * Every way to part normal and anomalous scores by one threshold, from calling everything anomalous to calling nothing so. Equal scores
 * are never parted.
 *
 * @param normal ascending
 * @param anomalous ascending
 */
export function cutsOf(normal: readonly number[], anomalous: readonly number[]): Cut[] {
	const levels = [...new Set([...normal, ...anomalous])].sort((a, b) => a - b);
	if (levels.length === 0) return [];
	const cuts: Cut[] = [{ threshold: below(levels[0]), misses: 0, falseAlarms: normal.length }];
	let misses = 0;
	let passed = 0;
	for (const [i, level] of levels.entries()) {
		while (misses < anomalous.length && anomalous[misses] <= level) misses++;
		while (passed < normal.length && normal[passed] <= level) passed++;
		const threshold = i + 1 < levels.length ? middle(level, levels[i + 1]) : level;
		cuts.push({ threshold, misses, falseAlarms: normal.length - passed });
	}
	return cuts;
}

/** F1 of calling what lies above the cut anomalous; 0 when nothing anomalous does. */
export function f1Of({ misses, falseAlarms }: Cut, anomalous: number): number {
	const hits = anomalous - misses;
	return hits === 0 ? 0 : (2 * hits) / (2 * hits + misses + falseAlarms);
}

/** The cut of the largest worth; of equal ones that which flags least. */
export function bestCut(cuts: readonly Cut[], worth: (cut: Cut) => number): Cut | undefined {
	let best: Cut | undefined;
	let most = -Infinity;
	for (const cut of cuts) {
		const value = worth(cut);
		if (value < most) continue;
		best = cut;
		most = value;
	}
	return best;
}

function below(score: number): number {
	return score - Math.max(Math.abs(score), 1e-12) * 1e-6;
}

/** Neighbouring doubles have no middle; then the lower one parts them. */
function middle(low: number, high: number): number {
	const half = low + (high - low) / 2;
	return half < high ? half : low;
}

/**
 * Spearman's rank correlation of two lists of one length: Pearson's of their ranks, equal values sharing the mean of theirs.
 * @returns a value in [-1, 1]; 1 when either list is constant and both order nothing differently
 */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
	const [x, y] = [ranks(a), ranks(b)];
	const middle = (a.length - 1) / 2;
	let [both, first, second] = [0, 0, 0];
	for (let i = 0; i < a.length; i++) {
		both += (x[i] - middle) * (y[i] - middle);
		first += (x[i] - middle) ** 2;
		second += (y[i] - middle) ** 2;
	}
	if (first === 0 || second === 0) return first === second ? 1 : 0;
	return Math.max(-1, Math.min(1, both / Math.sqrt(first * second)));
}

/** Ranks from 0 on. */
function ranks(values: readonly number[]): Float64Array {
	const order = values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
	const result = new Float64Array(values.length);
	for (let start = 0; start < order.length;) {
		let end = start + 1;
		while (end < order.length && values[order[end]] === values[order[start]]) end++;
		for (let k = start; k < end; k++) result[order[k]] = (start + end - 1) / 2;
		start = end;
	}
	return result;
}

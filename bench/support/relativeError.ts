/** Root of the sum of squared differences over that of the squares of the reference. */
export function relativeError(actual: ArrayLike<number>, reference: ArrayLike<number>): number {
	let squares = 0;
	let total = 0;
	for (let i = 0; i < reference.length; i++) {
		squares += (actual[i] - reference[i]) ** 2;
		total += reference[i] ** 2;
	}
	return Math.sqrt(squares / total);
}
